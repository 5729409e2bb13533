// The results of a study, style against content (chapter 13): methods are compared at the same style, on their curves.
import { chart, line, shape } from "../kit/chart.js";
import { button, choices, frame, h, keep, row, select, significant, slider, toggle } from "../kit/kit.js";

// Maths ---------------------------------------------------------------------------------------------------------------

/** Return which points [x, y] no other one dominates; less is better in both. Of equal points all count. */
export function paretoFront(points) {
  return points.map(
    (one) =>
      !points.some((other) => other[0] <= one[0] && other[1] <= one[1] && (other[0] < one[0] || other[1] < one[1])),
  );
}

/** Return the area that points [x, y] dominate, up to the corner [right, top]. */
export function hypervolume(points, [right, top]) {
  const inside = points.filter(([x, y]) => x < right && y < top).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let [area, lowest] = [0, top];
  for (const [x, y] of inside) {
    if (y >= lowest) continue;
    area += (right - x) * (lowest - y);
    lowest = y;
  }
  return area;
}

/** Return a curve's content at a style distance, straight over the logarithm between its points; NaN beyond its ends. */
export function contentAtStyle(styles, contents, at) {
  const order = styles.map((_, k) => k).sort((a, b) => styles[a] - styles[b] || a - b);
  const last = order.length - 1;
  if (last < 0 || !(styles[order[0]] <= at && at <= styles[order[last]])) return NaN;
  let k = last;
  while (styles[order[k]] > at) k -= 1;
  const [x, y] = [styles, contents].map((values) => values[order[k]]);
  if (k === last || x === at) return y;
  const [x2, y2] = [styles, contents].map((values) => values[order[k + 1]]);
  return y + ((Math.log(at) - Math.log(x)) / (Math.log(x2) - Math.log(x))) * (y2 - y);
}

/** Return how much content a curve has over another at the same style, on average where both reach; NaN if nowhere. */
export function matchedStyleDifference(styles, contents, baseStyles, baseContents, levels = 9) {
  const low = Math.max(Math.min(...styles), Math.min(...baseStyles));
  const high = Math.min(Math.max(...styles), Math.max(...baseStyles));
  if (!styles.length || !baseStyles.length || low > high) return NaN;
  let sum = 0;
  for (let k = 0; k < levels; k += 1) {
    const wanted = low * (high / low) ** (levels > 1 ? k / (levels - 1) : 0);
    const at = Math.min(high, Math.max(low, wanted)); // rounding must not carry it beyond a curve's end
    sum += contentAtStyle(styles, contents, at) - contentAtStyle(baseStyles, baseContents, at);
  }
  return sum / levels;
}

/** Return the mean of the numbers among values, and how many they are. */
export function meanOf(values) {
  const found = values.filter(Number.isFinite);
  return { mean: found.reduce((a, b) => a + b, 0) / found.length, count: found.length };
}

/**
 * Return the dots of a method: { weight, x, y }, by weight. `rows` are { content, style, method, weight, values }; `by` and
 * `measure` are places in values. `pair` is [content, style], or null for means over pairs, over the logarithm for styles.
 */
export function curveOf(rows, method, by, measure, pair) {
  const found = rows.filter(
    (one) =>
      one.method === method &&
      Number.isFinite(one.values[by]) &&
      Number.isFinite(one.values[measure]) &&
      (!pair || (one.content === pair[0] && one.style === pair[1])),
  );
  const weights = [...new Set(found.map((one) => one.weight))].sort((a, b) => a - b);
  return weights.map((weight) => {
    const same = found.filter((one) => one.weight === weight);
    const x = Math.exp(meanOf(same.map((one) => Math.log(one.values[by]))).mean);
    return {
      weight,
      x: same.length > 1 ? x : same[0].values[by],
      y: meanOf(same.map((one) => one.values[measure])).mean,
      pairs: same.length,
    };
  });
}

/** Return the mean matched difference of two methods: on one pair, or over all pairs on which both reach a common style. */
export function differenceOf(rows, method, baseline, by, measure, pairs) {
  return meanOf(
    pairs.map((pair) => {
      const [one, other] = [method, baseline].map((name) => curveOf(rows, name, by, measure, pair));
      return matchedStyleDifference(
        one.map((dot) => dot.x),
        one.map((dot) => dot.y),
        other.map((dot) => dot.x),
        other.map((dot) => dot.y),
      );
    }),
  );
}

// The explorer --------------------------------------------------------------------------------------------------------

const MARKS = [
  // outlines around 0, 0; each method has its own, so that color is not all that tells them apart
  "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0",
  "M-4 -4h8v8h-8z",
  "M0 -5.2L5 4H-5z",
  "M0 -5.5L5.5 0L0 5.5L-5.5 0z",
  "M0 5.2L5 -4H-5z",
  "M-5 -1.7h3.3v-3.3h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3z",
  "M-5 -2.5h10v5h-10z",
  "M-2.5 -5h5v10h-5z",
];
const STEPS = 200; // of the line's slider

const fixed = (value, sign = false) =>
  Number.isFinite(value) ? `${sign && value >= 0 ? "+" : ""}${value.toFixed(3)}`.replace("-", "−") : "–";

function render({ model, el }) {
  const ui = frame(el, "Explorer: style against content");
  const [methods, measures, distances] = ["methods", "measures", "distances"].map((key) => model.get(key));
  const names = { content: model.get("contents"), style: model.get("styles") };
  const rows = model.get("rows").map(([content, style, method, weight, ...values]) => ({
    content,
    style,
    method,
    weight,
    values: values.map((value) => (value === null ? NaN : value)),
  }));
  const pairs = [...new Map(rows.map((one) => [`${one.content},${one.style}`, [one.content, one.style]])).values()];
  let measure = model.get("measure");
  let by = model.get("distance");
  let pair = null;
  let baseline = model.get("baseline");
  let cloud = false;
  let at = model.get("at");
  let chosen = { method: methods[baseline] ? baseline : 0, k: 0 };
  const on = new Set(methods.keys());
  let curves = []; // of each method, from near the style to far
  let base = []; // the baseline's, even if it is off
  let differences = []; // of each method from the baseline, means
  let range = [1, 1];
  let box = null;
  let front = [];

  const tone = (m) => `var(--nst-tone-${m % 8})`;
  const better = () => measures[measure].better || 1;
  const column = () => distances.length + measure;
  const mark = (m, extra = {}) =>
    shape("path", { d: MARKS[m % MARKS.length], style: `fill: ${tone(m)}`, class: "nst-dot", ...extra });

  const readOff = (curve) =>
    contentAtStyle(
      curve.map((dot) => dot.x),
      curve.map((dot) => dot.y),
      at,
    );

  // What is shown.
  function gather() {
    curves = methods.map((_, m) => (on.has(m) ? curveOf(rows, m, by, column(), pair).sort((a, b) => a.x - b.x) : []));
    base = curveOf(rows, baseline, by, column(), pair);
    differences = methods.map((_, m) =>
      on.has(m) ? differenceOf(rows, m, baseline, by, column(), pair ? [pair] : pairs) : null,
    );
    const dots = curves.flat();
    range = [Math.min(...dots.map((dot) => dot.x)), Math.max(...dots.map((dot) => dot.x))];
    const kept = paretoFront(dots.map((dot) => [dot.x, -better() * dot.y]));
    front = dots.filter((_, k) => kept[k]).sort((a, b) => a.x - b.x);
    dots.forEach((dot, k) => {
      dot.best = kept[k];
    });
    if (!curves[chosen.method]?.length) chosen = { method: curves.findIndex((curve) => curve.length), k: 0 };
    chosen.k = Math.min(chosen.k, (curves[chosen.method]?.length || 1) - 1);
    if (!dots.length) return;
    const scattered =
      cloud && !pair
        ? rows.filter((one) => on.has(one.method)).map((one) => ({ x: one.values[by], y: one.values[column()] }))
        : [];
    const all = [...dots, ...scattered].filter((dot) => Number.isFinite(dot.x) && Number.isFinite(dot.y));
    const bounds = (key) => [Math.min(...all.map((dot) => dot[key])), Math.max(...all.map((dot) => dot[key]))];
    const [[x0, x1], [y0, y1]] = [bounds("x"), bounds("y")];
    const [wide, high] = [Math.max((x1 / x0) ** 0.06, 1.05), 0.08 * (y1 - y0) || 0.01];
    box = { x: [x0 / wide, x1 * wide], y: [y0 - high, y1 + high], all: scattered };
    const costs = dots.map((dot) => -better() * dot.y);
    box.worst = [Math.log(range[1]), Math.max(...costs)];
    box.area = (Math.log(range[1]) - Math.log(range[0])) * (Math.max(...costs) - Math.min(...costs));
    at = Math.min(range[1], Math.max(range[0], at));
  }

  // The chart.
  const plot = chart(ui, { label: "Results: distance from the style across, content upward", height: 300 });
  Object.entries({
    tabindex: 0,
    role: "slider",
    "aria-label": "Results. Left and right: along a method's curve; up and down: to another method.",
    "aria-valuemin": 0,
  }).forEach(([key, value]) => plot.stage.setAttribute(key, value));

  function items({ x, y, box: frameBox }) {
    const steps = front.flatMap((dot, k) => [
      [x.to(dot.x), k ? y.to(front[k - 1].y) : better() > 0 ? frameBox.bottom : frameBox.top],
      [x.to(dot.x), y.to(dot.y)],
    ]);
    if (front.length) steps.push([frameBox.right, y.to(front[front.length - 1].y)]);
    const active = curves[chosen.method][chosen.k];
    return [
      box.all.map((dot) =>
        Number.isFinite(dot.x) && Number.isFinite(dot.y)
          ? shape("circle", { cx: x.to(dot.x), cy: y.to(dot.y), r: 1.6, class: "nst-speck" })
          : null,
      ),
      line(steps, { class: "nst-front" }),
      curves.map((curve, m) =>
        line(
          curve.map((dot) => [x.to(dot.x), y.to(dot.y)]),
          {
            class: "nst-curve",
            style: `stroke: ${tone(m)}; stroke-width: ${m === chosen.method ? 3 : 1.5}`,
          },
        ),
      ),
      curves.map((curve, m) =>
        curve.map((dot) => mark(m, { transform: `translate(${x.to(dot.x).toFixed(1)} ${y.to(dot.y).toFixed(1)})` })),
      ),
      line(
        [
          [x.to(at), frameBox.top],
          [x.to(at), frameBox.bottom],
        ],
        { class: "nst-upright" },
      ),
      shape("path", { d: `M${x.to(at)} ${frameBox.bottom}l-6 9h12z`, class: "nst-grip" }),
      curves.map((curve, m) => {
        const value = readOff(curve);
        return Number.isFinite(value)
          ? shape("circle", { cx: x.to(at), cy: y.to(value), r: 3, class: "nst-crossing", style: `stroke: ${tone(m)}` })
          : null;
      }),
      active ? shape("circle", { cx: x.to(active.x), cy: y.to(active.y), r: 9, class: "nst-ring" }) : null,
    ];
  }

  const reading = h("p", { class: "nst-reading nst-chosen" });
  const body = h("tbody");
  const heads = ["method", "at the line", "", "", "area"].map((text) => h("th", { scope: "col" }, text));
  const table = h("table", { class: "nst-numbers" }, h("thead", {}, h("tr", {}, heads)), body);
  const note = h("p", { class: "nst-note" });

  const describe = () => {
    const dot = curves[chosen.method]?.[chosen.k];
    if (!dot) return "no result";
    const mean = pair ? "" : `, mean over ${dot.pairs} pair${dot.pairs === 1 ? "" : "s"}`;
    return `${methods[chosen.method]}, weight ${significant(dot.weight)}${mean}: distance from the style ${significant(dot.x)}, ${measures[measure].label} ${significant(dot.y)}; ${dot.best ? "on the front" : "dominated"}`;
  };

  function tabulate() {
    const there = readOff(base);
    heads[2].textContent = `minus ${methods[baseline]}`;
    heads[3].textContent = `mean minus ${methods[baseline]}`;
    body.replaceChildren(
      ...[...on]
        .sort((a, b) => a - b)
        .filter((m) => curves[m].length)
        .map((m) => {
          const value = readOff(curves[m]);
          const { mean, count } = differences[m];
          const area =
            hypervolume(
              curves[m].map((dot) => [Math.log(dot.x), -better() * dot.y]),
              box.worst,
            ) / box.area;
          const difference = (number, text) =>
            h(
              "td",
              {
                "data-sign":
                  m === baseline || !(Math.abs(number) >= 0.0005) ? "none" : better() * number > 0 ? "good" : "bad",
                "data-value": number,
              },
              text,
            );
          return h(
            "tr",
            { "data-method": methods[m], "data-chosen": m === chosen.method ? "yes" : "no" },
            h(
              "th",
              { scope: "row" },
              shape("svg", { viewBox: "-7 -7 14 14", width: 14, height: 14, "aria-hidden": "true" }, mark(m)),
              methods[m],
            ),
            h("td", { "data-value": value }, fixed(value)),
            difference(value - there, m === baseline ? "" : fixed(value - there, true)),
            difference(mean, m === baseline ? "" : `${fixed(mean, true)}${pair ? "" : ` (${count})`}`),
            h("td", { "data-value": area }, Number.isFinite(area) ? `${Math.round(100 * area)}%` : "–"),
          );
        }),
    );
    const how = pair ? "" : "; in brackets: on how many pairs both reach a common style";
    note.textContent = `Mean: over all styles that both curves reach${how}. Area: how much of the box around the dots a method's dots dominate. –: the curve does not reach.`;
  }

  function draw() {
    gather();
    const some = curves.some((curve) => curve.length);
    [plot.root, upright.root, table, note].forEach((part) => {
      part.hidden = !some;
    });
    reading.textContent = some ? "" : "Nothing to show: switch a method on.";
    if (!some) return;
    const arrow =
      measures[measure].better < 0 ? "less is better" : measures[measure].better > 0 ? "more is better" : "it depends";
    upright.set(Math.round((STEPS * Math.log(at / range[0])) / (Math.log(range[1] / range[0]) || 1)));
    paint({
      x: { low: box.x[0], high: box.x[1], log: true, title: `${distances[by].label} (less is better)` },
      y: { low: box.y[0], high: box.y[1], title: `${measures[measure].label} (${arrow})` },
    });
  }

  let axes = null;
  function paint(next = axes) {
    axes = next;
    plot.draw({ ...axes, items });
    const text = describe();
    reading.replaceChildren(h("strong", {}, text.slice(0, text.indexOf(":"))), text.slice(text.indexOf(":")));
    const order = curves.flatMap((curve, m) => curve.map((_, k) => `${m},${k}`));
    plot.stage.setAttribute("aria-valuemax", order.length - 1);
    plot.stage.setAttribute("aria-valuenow", order.indexOf(`${chosen.method},${chosen.k}`));
    plot.stage.setAttribute("aria-valuetext", text);
    tabulate();
    keep(model, { at, measure, distance: by, baseline });
  }

  // Where one is: a dot, and the line.
  function choose(method, k) {
    if (chosen.method === method && chosen.k === k) return;
    chosen = { method, k };
    paint();
    ui.announce(describe());
  }
  function walk(along, across) {
    const curve = curves[chosen.method];
    if (along) return choose(chosen.method, Math.max(0, Math.min(curve.length - 1, chosen.k + along)));
    const others = [...curves.keys()].filter((m) => curves[m].length);
    const method = others[(others.indexOf(chosen.method) + across + others.length) % others.length];
    const apart = curves[method].map((dot) => Math.abs(Math.log(dot.x / curve[chosen.k].x)));
    return choose(method, apart.indexOf(Math.min(...apart)));
  }
  function nearest({ left, top }) {
    const { x, y } = plot.scales;
    const all = curves.flatMap((curve, m) =>
      curve.map((dot, k) => ({ m, k, apart: Math.hypot(x.to(dot.x) - left, y.to(dot.y) - top) })),
    );
    return all.reduce((a, b) => (b.apart < a.apart ? b : a));
  }
  function moveLine(value, voice = true) {
    at = Math.min(range[1], Math.max(range[0], value));
    upright.set(Math.round((STEPS * Math.log(at / range[0])) / (Math.log(range[1] / range[0]) || 1)));
    paint();
    if (voice)
      ui.announce(
        `At style distance ${significant(at)}: ${[...body.rows].map((one) => `${one.cells[0].textContent} ${one.cells[1].textContent}`).join(", ")}.`,
      );
  }
  const upright = slider({
    label: "at this distance from the style",
    min: 0,
    max: STEPS,
    value: 0,
    format: (k) => significant(range[0] * (range[1] / range[0]) ** (k / STEPS)),
    onInput: (k) => moveLine(range[0] * (range[1] / range[0]) ** (k / STEPS)),
  });

  let held = false;
  plot.stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const place = plot.at(event);
    const close = nearest(place);
    held = close.apart > 12 || Math.abs(plot.scales.x.to(at) - place.left) < 6;
    plot.stage.setPointerCapture(event.pointerId);
    plot.stage.focus({ preventScroll: true });
    event.preventDefault();
    if (held) moveLine(place.x);
    else choose(close.m, close.k);
  });
  plot.stage.addEventListener("pointermove", (event) => {
    const place = plot.at(event);
    if (held) return moveLine(place.x);
    const close = nearest(place);
    return close.apart < 24 ? choose(close.m, close.k) : null;
  });
  ["pointerup", "pointercancel", "lostpointercapture"].forEach((type) =>
    plot.stage.addEventListener(type, () => {
      held = false;
    }),
  );
  const KEYS = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
    Home: [-99, 0],
    End: [99, 0],
  };
  plot.stage.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    walk(...KEYS[event.key]);
    event.preventDefault();
    event.stopPropagation(); // in a notebook the arrow keys mean something else
  });

  // Choices.
  const pairChoice = select({
    label: "Pair",
    value: "all",
    options: [
      ["all", `mean over ${pairs.length} pairs`],
      ...pairs.map(([c, s], k) => [String(k), `${names.content[c]}, ${names.style[s]}`]),
    ],
    onChange(key) {
      pair = key === "all" ? null : pairs[Number(key)];
      every.root.hidden = Boolean(pair);
      draw();
    },
  });
  const baseChoice = select({
    label: "Compared with",
    value: String(baseline),
    options: methods.map((name, m) => [String(m), name]),
    onChange(key) {
      baseline = Number(key);
      draw();
    },
  });
  const measureChoice = choices({
    legend: "Content",
    options: measures.map((one, k) => [k, one.label]),
    value: measure,
    onChange(k) {
      measure = k;
      draw();
    },
  });
  const styleChoice = choices({
    legend: "Distance from the style",
    options: distances.map((one, k) => [k, one.name]),
    value: by,
    onChange(k) {
      by = k;
      at = 0;
      draw();
      moveLine(Math.sqrt(range[0] * range[1]), false);
    },
  });
  const every = toggle({
    label: "every pair's results as specks",
    value: false,
    onChange(value) {
      cloud = value;
      draw();
    },
  });
  const switches = h(
    "div",
    { class: "nst-buttons", role: "group", "aria-label": "Methods" },
    methods.map((name, m) => {
      const entry = button(
        "",
        () => {
          on.has(m) ? on.delete(m) : on.add(m);
          entry.mark(on.has(m));
          draw();
        },
        { pressed: true },
      );
      entry.root.append(
        shape("svg", { viewBox: "-7 -7 14 14", width: 14, height: 14, "aria-hidden": "true" }, mark(m)),
        name,
      );
      entry.root.classList.add("nst-method");
      return entry.root;
    }),
  );

  el.append(
    row(pairChoice.root, baseChoice.root),
    row(measureChoice.root, distances.length > 1 ? styleChoice.root : null),
    switches,
    plot.root,
    reading,
    row(upright.root, every.root),
    h("div", { class: "nst-wide", tabindex: 0, role: "region", "aria-label": "Numbers at the line" }, table),
    note,
  );
  draw();
  return ui.end;
}

export default { render };
