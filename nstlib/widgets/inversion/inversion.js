// What each layer knows of a photo (chapter 06): its inversions, from layer to layer, beside the photo.
import { chart, legend, line, scrub, shape } from "../kit/chart.js";
import { asPicture, figure, frame, h, keep, paintPicture, player, view } from "../kit/kit.js";

// Maths ---------------------------------------------------------------------------------------------------------------

/** Return the root mean square difference of two pictures' numbers. */
export function pixelError(one, other) {
  const sum = one.reduce((all, value, p) => all + (value - other[p]) ** 2, 0);
  return Math.sqrt(sum / one.length);
}

// The explorer --------------------------------------------------------------------------------------------------------

function render({ model, el }) {
  const ui = frame(el, "Explorer: what a layer knows");
  const photo = asPicture(model.get("photo"));
  const layers = model.get("layers");
  const runs = model
    .get("runs")
    .map(({ name, pictures, errors }) => ({ name, errors, pictures: pictures.map(asPicture) }));
  const inPixels = runs.map(({ pictures }) => pictures.map((picture) => pixelError(picture.data, photo.data)));
  let layer = model.get("layer");

  const original = view({ label: "The photo", smooth: true });
  const panels = runs.map(({ name }) => {
    const canvas = view({ label: "", smooth: true });
    const error = h("strong", { class: "nst-error" });
    const away = h("strong", { class: "nst-away" });
    const shown = figure("", canvas.root);
    shown.caption.append(
      h("span", {}, name),
      h("span", {}, "error in this layer ", error),
      h("span", {}, "off in pixels ", away),
    );
    shown.root.dataset.run = name;
    shown.root.classList.add("nst-inversion");
    return { canvas, error, away, ...shown };
  });
  const plot = chart(ui, { label: "Error of each layer's inversion, in the layer and in pixels", height: 170 });
  const steps = player(ui, {
    label: "Layer",
    count: layers.length,
    value: layer,
    format: (k) => layers[k],
    milliseconds: 1200,
    onStep(k) {
      layer = k;
      draw();
    },
  });
  scrub(plot, (x) => steps.go(Math.round(x)));

  const tone = (r) => `var(--nst-tone-${r})`;
  function items({ x, y, box }) {
    const curve = (values, r, dashed) => [
      line(
        values.map((value, k) => [x.to(k), y.to(value)]),
        { class: "nst-curve", style: `stroke: ${tone(r)}`, "stroke-dasharray": dashed ? "5 3" : null },
      ),
      values.map((value, k) =>
        shape("circle", { cx: x.to(k), cy: y.to(value), r: k === layer ? 5 : 3, style: `fill: ${tone(r)}` }),
      ),
    ];
    return [
      line(
        [
          [x.to(layer), box.top],
          [x.to(layer), box.bottom],
        ],
        { class: "nst-upright" },
      ),
      runs.map(({ errors }, r) => [curve(errors, r, false), curve(inPixels[r], r, true)]),
    ];
  }

  function draw() {
    runs.forEach(({ name, pictures, errors }, r) => {
      panels[r].canvas.draw(paintPicture(pictures[layer]), photo.height, photo.width);
      panels[r].canvas.rename(`${name}: what ${layers[layer]} says of the photo`);
      panels[r].error.textContent = errors[layer].toPrecision(2);
      panels[r].away.textContent = inPixels[r][layer].toFixed(2);
    });
    const largest = Math.max(...runs.flatMap(({ errors }) => errors), ...inPixels.flat());
    plot.draw({
      x: {
        low: -0.3,
        high: layers.length - 0.7,
        title: "layer",
        marks: layers.map((name, k) => [k, name.replace("relu", "")]),
      },
      y: { low: 0, high: 1.08 * largest, title: "error" },
      items,
    });
    keep(model, { layer });
    ui.announce(
      `${layers[layer]}: ${runs.map(({ name }, r) => `${name}, error in the layer ${panels[r].error.textContent}, in pixels ${panels[r].away.textContent}`).join("; ")}.`,
    );
  }

  original.draw(paintPicture(photo), photo.height, photo.width);
  const keys = runs.flatMap(({ name }, r) => [
    [tone(r), `${name}, in the layer`],
    [tone(r), `${name}, in pixels`, true],
  ]);
  el.append(
    steps.root,
    h(
      "div",
      { class: "nst-columns nst-inversions", style: `--nst-columns: ${1 + runs.length}` },
      figure("the photo", original.root).root,
      panels.map(({ root }) => root),
    ),
    legend(keys),
    plot.root,
    h(
      "p",
      { class: "nst-note" },
      "Error in the layer: squared distance of the features over the target's square. Off in pixels: root mean square, where the range is 1.",
    ),
  );
  draw();
  return ui.end;
}

export default { render };
