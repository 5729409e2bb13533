// The results of a study, style against content: methods are compared at the same style, on their curves.
import { chart, line, upright } from "../kit/chart.js";
import {
  button,
  choices,
  explorer,
  frame,
  h,
  keep,
  row,
  select,
  shape,
  significant,
  slider,
  toggle,
} from "../kit/kit.js";
import { follow } from "../kit/pointer.js";
import { contentAtStyle, curveOf, differenceOf, hypervolume, paretoFront } from "./maths.js";

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
  "M-4.8 -2.8l2 -2L0 -2l2.8 -2.8l2 2L2 0l2.8 2.8l-2 2L0 2l-2.8 2.8l-2 -2L-2 0z",
  "M-5.2 0L-2.6 -4.5h5.2L5.2 0L2.6 4.5h-5.2z",
];
const STEPS = 200; // of the line's slider

const fixed = (value, sign = false) =>
  Number.isFinite(value) ? `${sign && value >= 0 ? "+" : ""}${value.toFixed(3)}`.replace("-", "−") : "–";

const KEYS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  Home: [-99, 0],
  End: [99, 0],
};

const tone = (m) => `var(--nst-tone-${m % 8})`;
const mark = (m, extra = {}) =>
  shape("path", { d: MARKS[m % MARKS.length], style: `fill: ${tone(m)}`, class: "nst-dot", ...extra });
const icon = (m) => shape("svg", { viewBox: "-7 -7 14 14", width: 14, height: 14, "aria-hidden": "true" }, mark(m));
const isShown = ({ x, y }) => Number.isFinite(x) && Number.isFinite(y);
const within = ([low, high], value) => Math.min(high, Math.max(low, value));

/** Return a curve's content where the line stands. */
const readOff = (curve, at) =>
  contentAtStyle(
    curve.map((dot) => dot.x),
    curve.map((dot) => dot.y),
    at,
  );

/** Return what the model says of a study. */
function readStudy(model) {
  const [methods, measures, distances] = ["methods", "measures", "distances"].map((key) => model.get(key));
  const rows = model.get("rows").map(([content, style, method, weight, ...values]) => ({
    content,
    style,
    method,
    weight,
    values: values.map((value) => (value === null ? NaN : value)),
  }));
  const pairs = [...new Map(rows.map((one) => [`${one.content},${one.style}`, [one.content, one.style]])).values()];
  const names = { content: model.get("contents"), style: model.get("styles") };
  const better = (now) => measures[now.measure].better || 1;
  const column = (now) => distances.length + now.measure;
  return { methods, measures, distances, rows, pairs, names, better, column };
}

/**
 * Return what is to be drawn with the choices that `now` holds: of each method its curve, from near the style to far,
 * and its mean difference from the baseline; the front; the box around all. Choices that are not among the dots give
 * way.
 */
function gather(study, now) {
  const { methods, rows, pairs } = study;
  const [by, column, better] = [now.by, study.column(now), study.better(now)];
  const of = (m) => curveOf(rows, m, by, column, now.pair);
  const curves = methods.map((_, m) => (now.on.has(m) ? of(m).sort((a, b) => a.x - b.x) : []));
  const among = now.pair ? [now.pair] : pairs;
  const differences = methods.map((_, m) =>
    now.on.has(m) ? differenceOf(rows, m, now.baseline, by, column, among) : null,
  );
  const dots = curves.flat();
  const range = [Math.min(...dots.map((dot) => dot.x)), Math.max(...dots.map((dot) => dot.x))];
  const kept = paretoFront(dots.map((dot) => [dot.x, -better * dot.y]));
  const front = dots.filter((_, k) => kept[k]).sort((a, b) => a.x - b.x);
  dots.forEach((dot, k) => {
    dot.best = kept[k];
  });
  const { chosen } = now;
  if (!curves[chosen.method]?.length) now.chosen = { method: curves.findIndex((curve) => curve.length), k: 0 };
  now.chosen.k = Math.min(now.chosen.k, (curves[now.chosen.method]?.length || 1) - 1);
  const found = { curves, base: of(now.baseline), differences, range, front, some: dots.length > 0 };
  if (!found.some) return found;
  const scattered = now.cloud && !now.pair ? rows.filter((one) => now.on.has(one.method)) : [];
  found.specks = scattered.map((one) => ({ x: one.values[by], y: one.values[column] })).filter(isShown);
  now.at = within(range, now.at);
  return { ...found, ...boxAround([...dots.filter(isShown), ...found.specks], dots, range, better) };
}

/** Return the ends of the axes, and the corner and the size of the box in which methods' areas are measured. */
function boxAround(all, dots, range, better) {
  const bounds = (key) => [Math.min(...all.map((dot) => dot[key])), Math.max(...all.map((dot) => dot[key]))];
  const [[x0, x1], [y0, y1]] = [bounds("x"), bounds("y")];
  const [wide, high] = [Math.max((x1 / x0) ** 0.06, 1.05), 0.08 * (y1 - y0) || 0.01];
  const costs = dots.map((dot) => -better * dot.y);
  return {
    x: [x0 / wide, x1 * wide],
    y: [y0 - high, y1 + high],
    worst: [Math.log(range[1]), Math.max(...costs)],
    area: (Math.log(range[1]) - Math.log(range[0])) * (Math.max(...costs) - Math.min(...costs)),
  };
}

/** Return what the chart draws. */
function items({ curves, front, specks }, { at, chosen }, better, { x, y, box }) {
  const place = (dot) => [x.to(dot.x), y.to(dot.y)];
  const steps = front.flatMap((dot, k) => {
    const before = better > 0 ? box.bottom : box.top;
    return [[x.to(dot.x), k ? y.to(front[k - 1].y) : before], place(dot)];
  });
  if (front.length) steps.push([box.right, y.to(front[front.length - 1].y)]);
  const active = curves[chosen.method][chosen.k];
  const dotMark = (m, dot) => {
    const [left, top] = place(dot);
    return mark(m, { transform: `translate(${left.toFixed(1)} ${top.toFixed(1)})` });
  };
  const crossing = (curve, m) => {
    const [cx, cy] = [x.to(at), y.to(readOff(curve, at))];
    return Number.isFinite(cy) && shape("circle", { cx, cy, r: 3, class: "nst-crossing", style: `stroke: ${tone(m)}` });
  };
  return [
    specks.map((dot) => shape("circle", { cx: x.to(dot.x), cy: y.to(dot.y), r: 1.6, class: "nst-speck" })),
    line(steps, { class: "nst-front" }),
    curves.map((curve, m) =>
      line(curve.map(place), {
        class: "nst-curve",
        style: `stroke: ${tone(m)}; stroke-width: ${m === chosen.method ? 3 : 1.5}`,
      }),
    ),
    curves.map((curve, m) => curve.map((dot) => dotMark(m, dot))),
    upright({ x, box }, at),
    shape("path", { d: `M${x.to(at)} ${box.bottom}l-6 9h12z`, class: "nst-grip" }),
    curves.map(crossing),
    active ? shape("circle", { cx: x.to(active.x), cy: y.to(active.y), r: 9, class: "nst-ring" }) : null,
  ];
}

/** Return the chosen dot in words. */
function describe({ methods, measures }, { curves }, { chosen, pair, measure }) {
  const dot = curves[chosen.method]?.[chosen.k];
  if (!dot) return "no result";
  const mean = pair ? "" : `, mean over ${dot.pairs} pair${dot.pairs === 1 ? "" : "s"}`;
  const numbers = `distance from the style ${significant(dot.x)}, ${measures[measure].label} ${significant(dot.y)}`;
  const best = dot.best ? "on the front" : "dominated";
  return `${methods[chosen.method]}, weight ${significant(dot.weight)}${mean}: ${numbers}; ${best}`;
}

/** The numbers at the line. Handle: { root, note, show(found, now), told() }: `told` says them. */
function numbersTable(study) {
  const { methods } = study;
  const body = h("tbody");
  const heads = ["method", "at the line", "", "", "area"].map((text) => h("th", { scope: "col" }, text));
  const root = h("table", { class: "nst-numbers nst-table" }, h("thead", {}, h("tr", {}, heads)), body);
  const note = h("p", { class: "nst-note" });

  function line({ curves, base, differences, worst, area: whole }, now, m) {
    const better = study.better(now);
    const value = readOff(curves[m], now.at);
    const apart = value - readOff(base, now.at);
    const { mean, count } = differences[m];
    const area =
      hypervolume(
        curves[m].map((dot) => [Math.log(dot.x), -better * dot.y]),
        worst,
      ) / whole;
    const itself = m === now.baseline;
    const difference = (number, text) => {
      const sign = itself || !(Math.abs(number) >= 0.0005) ? "none" : better * number > 0 ? "good" : "bad";
      return h("td", { "data-sign": sign, "data-value": number }, itself ? "" : text);
    };
    return h(
      "tr",
      { "data-method": methods[m], "data-chosen": m === now.chosen.method ? "yes" : "no" },
      h("th", { scope: "row" }, icon(m), methods[m]),
      h("td", { "data-value": value }, fixed(value)),
      difference(apart, fixed(apart, true)),
      difference(mean, `${fixed(mean, true)}${now.pair ? "" : ` (${count})`}`),
      h("td", { "data-value": area }, Number.isFinite(area) ? `${Math.round(100 * area)}%` : "–"),
    );
  }

  return {
    root,
    note,
    show(found, now) {
      heads[2].textContent = `minus ${methods[now.baseline]}`;
      heads[3].textContent = `mean minus ${methods[now.baseline]}`;
      const shown = [...now.on].sort((a, b) => a - b).filter((m) => found.curves[m].length);
      body.replaceChildren(...shown.map((m) => line(found, now, m)));
      const how = now.pair ? "" : "; in brackets: on how many pairs both reach a common style";
      note.textContent =
        `Mean: over all styles that both curves reach${how}. Area: how much of the box around the dots a method's ` +
        "dots dominate. –: the curve does not reach.";
    },
    told: () => [...body.rows].map((one) => `${one.cells[0].textContent} ${one.cells[1].textContent}`).join(", "),
  };
}

/** Let mouse, pen, finger and keys choose dots and move the line on the chart. */
function steer(plot, { found, now, choose, moveLine }) {
  const { stage } = plot;
  let held = false; // the line, not a dot

  function nearest({ left, top }) {
    const { x, y } = plot.scales;
    const all = found().curves.flatMap((curve, m) =>
      curve.map((dot, k) => ({ m, k, apart: Math.hypot(x.to(dot.x) - left, y.to(dot.y) - top) })),
    );
    return all.reduce((a, b) => (b.apart < a.apart ? b : a));
  }
  function walk(along, across) {
    const { curves } = found();
    const { method: from, k } = now.chosen;
    const curve = curves[from];
    if (along) return choose(from, Math.max(0, Math.min(curve.length - 1, k + along)));
    const others = [...curves.keys()].filter((m) => curves[m].length);
    const method = others[(others.indexOf(from) + across + others.length) % others.length];
    const apart = curves[method].map((dot) => Math.abs(Math.log(dot.x / curve[k].x)));
    return choose(method, apart.indexOf(Math.min(...apart)));
  }
  const pass = (event) => {
    const close = nearest(plot.at(event));
    if (close.apart < 24) choose(close.m, close.k);
  };
  follow(stage, {
    begin(event) {
      const place = plot.at(event);
      const close = nearest(place);
      held = close.apart > 12 || Math.abs(plot.scales.x.to(now.at) - place.left) < 6;
      if (held) moveLine(place.x);
      else choose(close.m, close.k);
    },
    move(event) {
      if (held) moveLine(plot.at(event).x);
      else pass(event);
    },
    hover: pass,
  });
  stage.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    walk(...KEYS[event.key]);
    event.preventDefault();
  });
}

/**
 * What the reader chooses from. `now` is changed by it; `draw()` shows it. Handle: { above, every }: rows, and a
 * toggle.
 */
function choosers({ methods, measures, distances, pairs, names }, now, { draw, toMiddle }) {
  const pick =
    (key, then = () => {}) =>
    (value) => {
      now[key] = value;
      then(value);
      draw();
    };
  const pair = select({
    label: "Pair",
    value: "all",
    options: [
      ["all", `mean over ${pairs.length} pairs`],
      ...pairs.map(([c, s], k) => [String(k), `${names.content[c]}, ${names.style[s]}`]),
    ],
    onChange(key) {
      every.root.hidden = key !== "all";
      pick("pair")(key === "all" ? null : pairs[Number(key)]);
    },
  });
  const baseline = select({
    label: "Compared with",
    value: String(now.baseline),
    options: methods.map((name, m) => [String(m), name]),
    onChange: (key) => pick("baseline")(Number(key)),
  });
  const measure = choices({
    legend: "Content",
    options: measures.map((one, k) => [k, one.label]),
    value: now.measure,
    onChange: pick("measure"),
  });
  const distance = choices({
    legend: "Distance from the style",
    options: distances.map((one, k) => [k, one.name]),
    value: now.by,
    onChange(k) {
      now.at = 0;
      pick("by")(k);
      toMiddle();
    },
  });
  const every = toggle({ label: "every pair's results as specks", value: false, onChange: pick("cloud") });
  const switches = methods.map((name, m) => {
    const flip = () => {
      now.on.has(m) ? now.on.delete(m) : now.on.add(m);
      entry.mark(now.on.has(m));
      draw();
    };
    const entry = button("", flip, { pressed: now.on.has(m) });
    entry.root.append(icon(m), name);
    entry.root.classList.add("nst-method");
    return entry.root;
  });
  const above = [
    row(pair.root, baseline.root),
    row(measure.root, distances.length > 1 ? distance.root : null),
    h("div", { class: "nst-buttons", role: "group", "aria-label": "Methods" }, switches),
  ];
  return { above, every };
}

/** The chart, on which one dot is chosen. Handle: that of `chart`, and show(study, found, now, text). */
function resultsChart(ui) {
  const plot = chart(ui, { label: "Results: distance from the style across, content upward", height: 300 });
  const label = "Results. Left and right: along a method's curve; up and down: to another method.";
  const attributes = { tabindex: 0, role: "slider", "aria-label": label, "aria-valuemin": 0 };
  Object.entries(attributes).forEach(([key, value]) => plot.stage.setAttribute(key, value));
  const show = ({ measures, distances, better }, found, now, text) => {
    const { label, better: sense } = measures[now.measure];
    const arrow = sense < 0 ? "less is better" : sense > 0 ? "more is better" : "it depends";
    const title = `${distances[now.by].label} (less is better)`;
    plot.draw({
      x: { low: found.x[0], high: found.x[1], log: true, title },
      y: { low: found.y[0], high: found.y[1], title: `${label} (${arrow})` },
      items: (scales) => items(found, now, better(now), scales),
    });
    const order = found.curves.flatMap((curve, m) => curve.map((_, k) => `${m},${k}`));
    plot.stage.setAttribute("aria-valuemax", order.length - 1);
    plot.stage.setAttribute("aria-valuenow", order.indexOf(`${now.chosen.method},${now.chosen.k}`));
    plot.stage.setAttribute("aria-valuetext", text);
  };
  return { plot, show };
}

function render({ model, el }) {
  const ui = frame(el, {
    title: "Style against content",
    task: "Drag the line to a style that you would accept: which method keeps most of the content there?",
  });
  const study = readStudy(model);
  const baseline = model.get("baseline");
  const now = {
    measure: model.get("measure"),
    by: model.get("distance"),
    pair: null,
    baseline,
    cloud: false,
    at: model.get("at"),
    chosen: { method: study.methods[baseline] ? baseline : 0, k: 0 },
    on: new Set(model.get("shown")),
  };
  let found = { curves: [], range: [1, 1], some: false };
  const { plot, show } = resultsChart(ui);
  const table = numbersTable(study);
  const reading = h("p", { class: "nst-reading nst-chosen" });
  const track = slider({
    label: "at this distance from the style",
    min: 0,
    max: STEPS,
    value: 0,
    format: (k) => significant(onLine(k)),
    onInput: (k) => moveLine(onLine(k)),
  });

  /** Return the distance that a place of the slider stands for, and the other way round. */
  function onLine(k) {
    return found.range[0] * (found.range[1] / found.range[0]) ** (k / STEPS);
  }
  function setLine() {
    const [low, high] = found.range;
    track.set(Math.round((STEPS * Math.log(now.at / low)) / (Math.log(high / low) || 1)));
  }
  function draw() {
    found = gather(study, now);
    [plot.root, track.root, table.root, table.note].forEach((part) => {
      part.hidden = !found.some;
    });
    reading.textContent = found.some ? "" : "Nothing to show: switch a method on.";
    if (!found.some) return;
    setLine();
    paint();
  }
  function paint() {
    const text = describe(study, found, now);
    show(study, found, now, text);
    reading.replaceChildren(h("strong", {}, text.slice(0, text.indexOf(":"))), text.slice(text.indexOf(":")));
    table.show(found, now);
    keep(model, { at: now.at, measure: now.measure, distance: now.by, baseline: now.baseline });
  }
  function choose(method, k) {
    if (now.chosen.method === method && now.chosen.k === k) return;
    now.chosen = { method, k };
    paint();
    ui.announce(describe(study, found, now));
  }
  function moveLine(value, voice = true) {
    if (!found.some) return;
    now.at = within(found.range, value);
    setLine();
    paint();
    if (voice) ui.announce(`At style distance ${significant(now.at)}: ${table.told()}.`);
  }
  steer(plot, { found: () => found, now, choose, moveLine });
  const { above, every } = choosers(study, now, {
    draw,
    toMiddle: () => moveLine(Math.sqrt(found.range[0] * found.range[1]), false),
  });
  const wide = { class: "nst-wide", tabindex: 0, role: "region", "aria-label": "Numbers at the line" };
  el.append(...above, plot.root, reading, row(track.root, every.root), h("div", wide, table.root), table.note);
  draw();
  return ui.end;
}

export default explorer(render);
