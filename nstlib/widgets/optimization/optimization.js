// Style transfers step by step: the images of several runs side by side, and the losses that they lowered.
import { chart, legend, line, scrub, upright } from "../kit/chart.js";
import { choices, explorer, figure, frame, h, keep, loadImage, player, shape, significant, view } from "../kit/kit.js";

// Maths ---------------------------------------------------------------------------------------------------------------

const LOSSES = ["total", "style", "content"];

/** Return the ends of an axis for losses: { low, high, log }. What reaches 0 has a linear axis. */
export function lossAxis(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low > 0 ? { low: low / 1.15, high: high * 1.15, log: true } : { low: 0, high: 1.08 * high || 1, log: false };
}

// The explorer --------------------------------------------------------------------------------------------------------

const tone = (r) => `var(--nst-tone-${r % 8})`;
const dashes = (r) => (r ? `${7 - r} ${2 + r}` : null);

/** A run's image and its losses. Handle: { root, show(run, k) }: as they are after its k-th step. */
function panel(name) {
  const { canvas, root: stage, rename } = view({ label: "", smooth: true });
  const { root, caption } = figure("", stage);
  const values = Object.fromEntries(LOSSES.map((key) => [key, h("strong", { class: `nst-${key}` })]));
  caption.append(h("span", {}, name), ...LOSSES.map((key) => h("span", {}, `${key} `, values[key])));
  root.classList.add("nst-run");
  root.dataset.run = name;
  return {
    root,
    show(run, k) {
      const image = run.frames[k];
      Object.assign(canvas, { width: image.naturalWidth, height: image.naturalHeight });
      canvas.getContext("2d").drawImage(image, 0, 0);
      rename(`${name} after ${run.steps[k]} steps`);
      for (const key of LOSSES) values[key].textContent = significant(run[key][k]);
    },
  };
}

/** Return each run's loss as a line, with a dot where it stands; `at(run)` says where that is. */
function lossCurves(runs, loss, at, { x, y }) {
  return runs.map((run, r) => {
    const values = run[loss].map((value, k) => [x.to(run.steps[k]), y.to(value)]);
    const [cx, cy] = values[at(run)];
    return [
      line(values, { class: "nst-curve", style: `stroke: ${tone(r)}`, "stroke-dasharray": dashes(r) }),
      shape("circle", { cx, cy, r: 5, style: `fill: ${tone(r)}` }),
    ];
  });
}

async function render({ model, el }) {
  const ui = frame(el, {
    title: "Transfers step by step",
    task: "Play, and stop early: what is there first, the colors or the strokes?",
  });
  const runs = await Promise.all(
    model.get("runs").map(async ({ frames, ...run }) => ({ ...run, frames: await Promise.all(frames.map(loadImage)) })),
  );
  const count = Math.max(...runs.map(({ steps }) => steps.length));
  let now = model.get("step");
  let loss = model.get("loss");

  const at = (run) => Math.min(now, run.frames.length - 1); // a run that ended early stays where it ended
  const panels = runs.map(({ name }) => panel(name));
  const plot = chart(ui, { label: "The losses over the steps", height: 200 });
  const steps = player(ui, {
    label: "Step",
    count,
    value: now,
    format: (k) => `${k} of ${count - 1}`,
    milliseconds: 250,
    onStep(k) {
      now = k;
      draw();
    },
  });
  scrub(plot, (x) => steps.go(Math.round(x)));
  const chosen = choices({
    legend: "Curve",
    options: LOSSES.map((key) => [key, `${key} loss`]),
    value: loss,
    onChange(key) {
      loss = key;
      draw();
    },
  });

  const items = (scales) => [upright(scales, now), lossCurves(runs, loss, at, scales)];

  function draw() {
    runs.forEach((run, r) => {
      panels[r].show(run, at(run));
    });
    const axis = lossAxis(runs.flatMap((run) => run[loss]));
    plot.draw({
      x: { low: 0, high: Math.max(1, count - 1), title: "step" },
      y: { ...axis, title: `${loss} loss, each run's own${axis.log ? " (logarithmic)" : ""}` },
      items,
    });
    keep(model, { step: now, loss });
    ui.announce(
      `Step ${now}. ${runs.map((run) => `${run.name}: ${loss} loss ${significant(run[loss][at(run)])}`).join("; ")}.`,
    );
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
    h("p", { class: "nst-note" }, "Each run lowers a loss of its own: a lower curve is not a better picture."),
  );
  draw();
  return ui.end;
}

export default explorer(render);
