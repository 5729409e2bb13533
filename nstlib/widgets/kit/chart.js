// Axes with numbers, and what several explorers draw on them: dots, curves, a line that moves.
import { h, perFrame, shape } from "./kit.js";
import { follow } from "./pointer.js";

// Maths ---------------------------------------------------------------------------------------------------------------

/** Return round numbers between two others, evenly spaced: about `wanted` of them. */
export function ticks(low, high, wanted = 5) {
  const rough = (high - low) / wanted;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= rough * 0.7);
  const count = Math.floor(high / step + 1e-9) - Math.ceil(low / step - 1e-9) + 1;
  return Array.from({ length: count }, (_, k) => Number(((Math.ceil(low / step - 1e-9) + k) * step).toPrecision(12)));
}

/**
 * Return round numbers between two others above 0 for a logarithmic axis: 1, 2, 5, 10, ...; powers of ten if it is
 * long.
 */
export function logTicks(low, high) {
  const factors = high / low > 2000 ? [1] : [1, 2, 5];
  const powers = Array.from(
    { length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, k) => Math.floor(Math.log10(low)) + k,
  );
  const all = powers.flatMap((power) => factors.map((factor) => Number((factor * 10 ** power).toPrecision(3))));
  const found = all.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  return found.length > 1 ? found : ticks(low, high, 3);
}

/** Return { to, from } between numbers of an axis { low, high, log } and places from `begin` to `end`. */
export function scale({ low, high, log = false }, begin, end) {
  const bend = log ? Math.log : (value) => value;
  const back = log ? Math.exp : (value) => value;
  const [a, b] = [bend(low), bend(high)];
  return {
    to: (value) => begin + ((bend(value) - a) / (b - a || 1)) * (end - begin),
    from: (place) => back(a + ((place - begin) / (end - begin)) * (b - a)),
  };
}

// Drawing -------------------------------------------------------------------------------------------------------------

/** Return a line through points [x, y] in pixels. */
export function line(points, attributes = {}) {
  return shape("polyline", {
    points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" "),
    ...attributes,
  });
}

/**
 * Return the line that stands where one is; `scales` are those that `items` of a chart gets, `at` a number of the x
 * axis.
 */
export function upright({ x, box }, at) {
  const ends = [box.top, box.bottom].map((y) => [x.to(at), y]);
  return line(ends, { class: "nst-upright" });
}

/**
 * A drawing with axes, as wide as its place. `ui` is what `frame` returned.
 *
 * Handle: { root, stage, draw(spec), at(event) }. spec: { x, y, items }, where an axis is { low, high, log, title,
 * marks } (marks: [number, text] pairs for it, if they are not to be round numbers) and items({ x, y, box }) returns
 * what is drawn, with the scales x.to, y.to and the box { left, right, top, bottom } in pixels. at(event) returns { x,
 * y, left, top }: a pointer's place as numbers of the axes and in pixels.
 */
export function chart(ui, { label, height = 260 }) {
  const picture = shape("svg", { "aria-hidden": "true", height });
  const stage = h("div", { class: "nst-plot", role: "img", "aria-label": label }, picture);
  const titles = [h("p", { class: "nst-axis" }), h("p", { class: "nst-axis nst-across" })];
  const root = h("div", { class: "nst-chart" }, titles[0], stage, titles[1]);
  let width = 640;
  let spec = null;
  let scales = null;

  const number = (value) => String(value).replace("-", "−");
  function axes({ x, y }, box) {
    const marks = (axis, wanted) =>
      axis.marks || (axis.log ? logTicks : ticks)(axis.low, axis.high, wanted).map((value) => [value, number(value)]);
    return [
      ...marks(spec.x, width < 420 ? 4 : 7).flatMap(([value, text]) => [
        line(
          [
            [x.to(value), box.top],
            [x.to(value), box.bottom],
          ],
          { class: "nst-grid" },
        ),
        shape("text", { x: x.to(value), y: box.bottom + 16, "text-anchor": "middle" }, text),
      ]),
      ...marks(spec.y, 5).flatMap(([value, text]) => [
        line(
          [
            [box.left, y.to(value)],
            [box.right, y.to(value)],
          ],
          { class: "nst-grid" },
        ),
        shape("text", { x: box.left - 6, y: y.to(value) + 4, "text-anchor": "end" }, text),
      ]),
    ];
  }
  function paint() {
    if (!spec) return;
    const box = { left: 46, right: width - 12, top: 8, bottom: height - 24 };
    scales = { x: scale(spec.x, box.left, box.right), y: scale(spec.y, box.bottom, box.top), box };
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.replaceChildren(...axes(scales, box), ...spec.items(scales).flat(Infinity).filter(Boolean));
    titles.forEach((title, k) => {
      title.textContent = [spec.y, spec.x][k].title;
    });
  }
  const repaint = perFrame(paint); // not within the observer, whose round it would make longer
  const watcher = new ResizeObserver(([entry]) => {
    const found = Math.round(entry.contentRect.width);
    if (found > 60 && found !== width) {
      width = found;
      repaint();
    }
  });
  watcher.observe(stage);
  ui.onEnd(() => watcher.disconnect());
  return {
    root,
    stage,
    draw(next) {
      spec = next;
      paint();
    },
    at(event) {
      const place = picture.getBoundingClientRect();
      const left = ((event.clientX - place.left) / (place.width || 1)) * width;
      const top = ((event.clientY - place.top) / (place.height || 1)) * height;
      return { x: scales.x.from(left), y: scales.y.from(top), left, top };
    },
    get scales() {
      return scales;
    },
  };
}

/**
 * Let mouse, pen and finger scrub along a chart: `onMove(x)` hears where, as a number of its axis. The keys have a
 * slider.
 */
export function scrub(plot, onMove) {
  plot.stage.classList.add("nst-scrub");
  follow(plot.stage, { begin: (event) => onMove(plot.at(event).x) });
}

/** Return a legend: [tone, text] pairs; `dashed` for a line that is. */
export function legend(entries) {
  return h(
    "ul",
    { class: "nst-keys" },
    entries.map(([tone, text, dashed]) =>
      h(
        "li",
        {},
        shape(
          "svg",
          { width: 26, height: 10, "aria-hidden": "true" },
          line(
            [
              [1, 5],
              [25, 5],
            ],
            { class: "nst-curve", style: `stroke: ${tone}`, "stroke-dasharray": dashed ? "5 3" : null },
          ),
        ),
        text,
      ),
    ),
  );
}
