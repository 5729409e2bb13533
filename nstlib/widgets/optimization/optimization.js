// Runs step by step: their images side by side, and the numbers that they lowered or raised.
import { chart, legend, line, scrub, upright } from "../kit/chart.js";
import { choices, explorer, figure, frame, h, keep, loadImage, player, shape, significant, view } from "../kit/kit.js";

// Maths ---------------------------------------------------------------------------------------------------------------

/** Return the ends of an axis for losses: { low, high, log }. What reaches 0 or goes below has a linear axis. */
export function lossAxis(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low > 0) return { low: low / 1.15, high: high * 1.15, log: true };
  return { low: low < 0 ? 1.08 * low : 0, high: high > 0 ? 1.08 * high : low ? 0 : 1, log: false };
}

/** Return the number of the last of a run's steps that is not behind a moment: one that ended early stays there. */
export function lastUpTo(steps, moment) {
  return Math.max(
    0,
    steps.findLastIndex((step) => step <= moment),
  );
}

/** Return the number of the step that is nearest to a moment. */
export function nearest(steps, moment) {
  const far = steps.map((step) => Math.abs(step - moment));
  return far.indexOf(Math.min(...far));
}

// The explorer --------------------------------------------------------------------------------------------------------

const tone = (r) => `var(--nst-tone-${r % 8})`;
const dashes = (r) => (r ? `${7 - r} ${2 + r}` : null);

/** A run's image and its numbers. Handle: { root, show(run, k) }: as they are at the k-th of its steps. */
function panel(name, curves) {
  const { canvas, root: stage, rename } = view({ label: "", smooth: true });
  const { root, caption } = figure("", stage);
  const values = Object.fromEntries(curves.map(({ key }) => [key, h("strong", { class: `nst-${key}` })]));
  const short = (words) => words.replace(/ loss$/, "");
  caption.append(h("span", {}, name), ...curves.map((one) => h("span", {}, `${short(one.name)} `, values[one.key])));
  root.classList.add("nst-run");
  root.dataset.run = name;
  return {
    root,
    show(run, k) {
      const image = run.frames[k];
      Object.assign(canvas, { width: image.naturalWidth, height: image.naturalHeight });
      canvas.getContext("2d").drawImage(image, 0, 0);
      rename(`${name} after ${run.steps[k]} steps`);
      for (const { key } of curves) values[key].textContent = significant(run[key][k]);
    },
  };
}

/** Return each run's numbers as a line, with a dot where it stands; `at(run)` says where that is. */
function runCurves(runs, key, at, { x, y }) {
  return runs.map((run, r) => {
    const values = run[key].map((value, k) => [x.to(run.steps[k]), y.to(value)]);
    const [cx, cy] = values[at(run)];
    return [
      line(values, { class: "nst-curve", style: `stroke: ${tone(r)}`, "stroke-dasharray": dashes(r) }),
      shape("circle", { cx, cy, r: 5, style: `fill: ${tone(r)}` }),
    ];
  });
}

async function render({ model, el }) {
  const [curves, note] = ["curves", "note"].map((key) => model.get(key));
  const ui = frame(el, { title: model.get("title"), task: model.get("task") });
  const runs = await Promise.all(
    model.get("runs").map(async ({ frames, ...run }) => ({ ...run, frames: await Promise.all(frames.map(loadImage)) })),
  );
  const moments = runs.map(({ steps }) => steps).reduce((one, other) => (other.length > one.length ? other : one));
  const end = moments.at(-1);
  let now = nearest(moments, model.get("step"));
  let shown = curves.find(({ key }) => key === model.get("curve"));

  const at = (run) => lastUpTo(run.steps, moments[now]);
  const panels = runs.map(({ name }) => panel(name, curves));
  const plot = chart(ui, { label: "The curves over the steps", height: 200 });
  const steps = player(ui, {
    label: "Step",
    count: moments.length,
    value: now,
    format: (k) => `${moments[k]} of ${end}`,
    milliseconds: Math.max(250, Math.min(700, 8000 / moments.length)),
    onStep(k) {
      now = k;
      draw();
    },
  });
  scrub(plot, (x) => steps.go(nearest(moments, x)));
  const chosen = choices({
    legend: "Curve",
    options: curves.map(({ key, name }) => [key, name]),
    value: shown.key,
    onChange(chosenKey) {
      shown = curves.find(({ key }) => key === chosenKey);
      draw();
    },
  });
  chosen.root.hidden = curves.length < 2;

  const items = (scales) => [upright(scales, moments[now]), runCurves(runs, shown.key, at, scales)];

  function draw() {
    runs.forEach((run, r) => {
      panels[r].show(run, at(run));
    });
    const { key, name } = shown;
    const axis = lossAxis(runs.flatMap((run) => run[key]));
    plot.draw({
      x: { low: 0, high: Math.max(1, end), title: "step" },
      y: { ...axis, title: `${name}${axis.log ? " (logarithmic)" : ""}` },
      items,
    });
    keep(model, { step: moments[now], curve: key });
    const said = runs.map((run) => `${run.name}: ${name} ${significant(run[key][at(run)])}`);
    ui.announce(`Step ${moments[now]}. ${said.join("; ")}.`);
  }

  el.append(
    steps.root,
    h(
      "div",
      { class: "nst-columns nst-stay nst-runs", style: `--nst-columns: ${runs.length}` },
      panels.map(({ root }) => root),
    ),
    h("div", { class: "nst-row" }, chosen.root),
    legend(runs.map(({ name }, r) => [tone(r), name, r > 0])),
    plot.root,
    h("p", { class: "nst-note", hidden: !note }, note),
  );
  draw();
  return ui.end;
}

export default explorer(render);
