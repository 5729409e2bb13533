// Style transfer while you watch (chapter 10): pixels go downhill, step by step, and the knobs may be turned on the way.
import {
  asPicture,
  button,
  choices,
  figure,
  frame,
  h,
  keep,
  paintPicture,
  pictureSource,
  random,
  row,
  slider,
  tidy,
  view,
} from "../kit/kit.js";
import { Descent, noise, square } from "./maths.js";
import { openSource } from "./sources.js";
import { curve } from "./curve.js";

const ALPHAS = [0, 0.1, 0.3, 1, 3, 10];
const BETAS = [0, 0.3, 1, 3, 10, 30, 100, 300, 1000];
const LARGEST = 256; // pixels of a reader's picture that are kept: more than either size needs
const SPOKEN = 5000; // milliseconds between two reports to a screen reader while it runs
const APART = 1200; // and between any two
const RECENT = 9; // steps whose time is shown

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const nearest = (list, value) =>
  list.reduce((best, one, k) => (Math.abs(one - value) < Math.abs(list[best] - value) ? k : best), 0);

/** Return how many steps a second the recent ones took: the median of their times, in milliseconds. */
export function pace(times) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted.length ? 1000 / sorted[Math.floor(sorted.length / 2)] : 0;
}

function render({ model, el }) {
  const ui = frame(el, "Explorer: style transfer while you watch");
  const source = openSource(model);
  const own = { content: model.get("contents").map(asPicture), style: model.get("styles").map(asPicture) };
  const given = { content: own.content[0], style: own.style[0] };
  const weights = { content: model.get("content_weight"), style: model.get("style_weight") };
  const gains = { ...model.get("gains") };
  let size = model.get("size");
  let start = model.get("start");

  let pictures; // of the size that is worked at
  let descent;
  let records = []; // { step, content, style } of each picture that was compared
  let slope = null; // the gradient at the picture as it is, with the weights and gains as they are
  let goals = false; // whether the source knows what is wanted
  let epoch = 0; // another one begins with other pictures, another size or start: what is under way is then of no use
  let version = 0; // counts the changes of weights and gains
  let running = false;
  let line = Promise.resolve(); // one thing after the other
  let times = [];
  let spoken = -SPOKEN;
  let speech = 0;
  let ended = false;

  // What is seen -------------------------------------------------------------------------------------------------------

  const shown = { content: view({ label: "Content", smooth: true }), style: view({ label: "Style", smooth: true }) };
  const result = view({ label: "The picture that is optimized", smooth: true });
  const resultFigure = figure("", result.root);
  const step = h("strong", { class: "nst-step" }, "0");
  const numbers = {
    content: h("strong", { class: "nst-content" }, "–"),
    style: h("strong", { class: "nst-style" }, "–"),
  };
  const speed = h("span", { class: "nst-speed" });
  const reading = h(
    "p",
    { class: "nst-reading nst-losses" },
    h("span", {}, "step ", step),
    h("span", { class: "nst-name-content" }, "content ", numbers.content),
    h("span", { class: "nst-name-style" }, "style ", numbers.style),
    speed,
  );
  const lines = curve();
  const note = h("p", { class: "nst-note nst-transfer-note", role: "status" });
  const come = h("p", { class: "nst-note" }); // not spoken: it changes too often, and the bar can be asked
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Loading the network", hidden: true });

  function draw() {
    result.draw(paintPicture({ data: descent.image(gains), channels: 3, height: size, width: size }), size, size);
    resultFigure.caption.textContent = `${given.content.name}, painted like ${given.style.name}: ${size} × ${size} pixels`;
    result.rename(`${resultFigure.caption.textContent}, after ${descent.steps} steps`);
    step.textContent = descent.steps;
  }

  function tell() {
    const last = records.at(-1);
    for (const name of ["content", "style"]) numbers[name].textContent = last ? tidy(last[name], 3) : "–";
    speed.textContent = times.length > 2 ? `${tidy(pace(times), 1)} steps a second` : "";
    lines.draw(records);
  }

  /** Tell a screen reader, less than once a second; `passing` ones only now and then. */
  function report(text, { passing = false } = {}) {
    const waited = performance.now() - spoken;
    if (passing && waited < SPOKEN) return;
    clearTimeout(speech);
    speech = setTimeout(
      () => {
        spoken = performance.now();
        ui.announce(text);
      },
      Math.max(0, APART - waited),
    );
  }

  const standing = () => {
    const last = records.at(-1);
    return last
      ? `Step ${descent.steps}: content ${tidy(last.content, 2)}, style ${tidy(last.style, 3)}.`
      : `Step ${descent.steps}.`;
  };

  // The descent --------------------------------------------------------------------------------------------------------

  /** Go back to step 0, with the pictures that are chosen now. */
  function reset() {
    epoch += 1;
    pictures = { content: square(given.content, size), style: square(given.style, size) };
    const { data } = pictures.content;
    const first = start === "noise" ? noise(data.length, random(1)) : data;
    descent = new Descent(data, first, { height: size, width: size, sigma: size / 32 });
    records = [];
    times = [];
    slope = null;
    goals = false;
    for (const name of ["content", "style"]) shown[name].draw(paintPicture(pictures[name]), size, size);
    draw();
    tell();
    lines.describe(records);
    remember();
  }

  function remember() {
    const last = records.at(-1);
    keep(model, {
      content_weight: weights.content,
      style_weight: weights.style,
      gains: { ...gains },
      size,
      start,
      steps: descent.steps,
      losses: last ? [last.content, last.style] : [],
    });
  }

  /** Compare the picture as it is, unless that is known. False: it has become another one meanwhile. */
  async function look() {
    const [mine, before] = [epoch, version];
    if (!goals) {
      await source.setGoals(pictures.content, pictures.style, (loaded, total) => progress(loaded, total));
      if (ended || mine !== epoch) return false;
      goals = true;
      loaded();
    }
    if (slope) return true;
    const image = { data: descent.image(gains), height: size, width: size };
    const { data, content, style } = await source.compare(image, { ...weights });
    if (ended || mine !== epoch) return false;
    const record = { step: descent.steps, content, style };
    if (records.at(-1)?.step === record.step) records[records.length - 1] = record;
    else records.push(record);
    slope = before === version ? data : null;
    tell();
    return Boolean(slope);
  }

  /** Move the pixels once, and see where that leads. */
  async function advance() {
    const mine = epoch;
    const from = performance.now();
    while (!(await look())) if (ended || mine !== epoch) return;
    const felt = slope;
    slope = null;
    descent.update(felt, gains);
    await look();
    if (ended || mine !== epoch) return;
    times = [...times.slice(1 - RECENT), performance.now() - from];
    draw();
    tell();
  }

  /** Do something when all that was asked for before is done; what goes wrong is told to the reader. */
  function queue(act) {
    line = line.then(async () => {
      if (ended) return;
      el.setAttribute("aria-busy", String(missing > 0));
      try {
        await act();
      } catch (error) {
        if (!ended) fail(error);
      }
      el.setAttribute("aria-busy", "false");
    });
    return line;
  }

  async function run() {
    while (running && !ended) {
      await advance();
      report(standing(), { passing: true });
      await new Promise((done) => requestAnimationFrame(done)); // what was drawn is to be seen; a hidden page waits
    }
    if (!ended) {
      lines.describe(records);
      remember();
    }
  }

  function go() {
    running = true;
    buttons();
    report("Running.");
    queue(run);
  }

  function pause(text = `Paused. ${standing()}`) {
    if (!running) return;
    running = false;
    times = [];
    buttons();
    report(text);
  }

  // Loading ------------------------------------------------------------------------------------------------------------

  let missing = 0; // bytes

  function progress(have, total) {
    if (!total || ended) return;
    if (bar.hidden) note.textContent = "Loading the network.";
    bar.hidden = false;
    bar.value = have / total;
    come.textContent = have < total ? `${megabytes(have)} of ${megabytes(total)}` : "Loaded. Starting …";
  }

  function loaded() {
    missing = 0;
    el.setAttribute("aria-busy", "false");
    bar.hidden = true;
    note.textContent = come.textContent = "";
    buttons();
  }

  function fail(error) {
    [running, goals, slope] = [false, false, null]; // whoever computed may be gone, and would begin anew
    bar.hidden = true;
    come.textContent = "";
    note.textContent = error.message;
    buttons();
  }

  source.missing().then((bytes) => {
    if (ended || goals) return;
    missing = bytes;
    note.textContent = bytes
      ? "The trained network comes to your browser, once, and computes there. Your pictures stay on this machine."
      : "";
    buttons();
  }, fail);

  // Controls -----------------------------------------------------------------------------------------------------------

  const main = button("Start", () => (running ? pause() : go()));
  const one = button("One step", () =>
    queue(async () => {
      await advance();
      lines.describe(records);
      remember();
      report(standing());
    }),
  );
  const again = button("Start over", () => {
    pause("");
    reset();
    report("Back at step 0.");
  });
  main.root.classList.add("nst-main");

  function buttons() {
    const begin = missing ? `Load ${megabytes(missing)} and start` : descent.steps ? "Go on" : "Start";
    main.root.textContent = running ? "Pause" : begin;
    one.root.hidden = again.root.hidden = missing > 0;
    one.root.disabled = running;
  }

  /** Weights or gains are others now. */
  function turned({ picture = false } = {}) {
    version += 1;
    slope = null;
    if (picture) draw();
    remember();
    if (running) return;
    if (picture && goals)
      queue(async () => {
        await look();
        report(standing());
      });
    else report(standing());
  }

  const scale = (name, label, list) =>
    slider({
      label,
      min: 0,
      max: list.length - 1,
      value: nearest(list, weights[name]),
      format: (k) => String(list[k]),
      onInput: (k) => {
        weights[name] = list[k];
        turned();
      },
    });
  const share = (name, label) =>
    slider({
      label,
      min: 0,
      max: 100,
      step: 10,
      value: 100 * gains[name],
      format: (percent) => `${percent} %`,
      onInput: (percent) => {
        gains[name] = percent / 100;
        turned({ picture: true });
      },
    });
  const sliders = [
    scale("content", "content, α", ALPHAS),
    scale("style", "style, β", BETAS),
    share("coarse", "coarse: light and colors"),
    share("fine", "fine: strokes and grain"),
  ];
  const sizes = choices({
    legend: "Pixels along a side",
    options: model.get("sizes").map((side) => [String(side), String(side)]),
    value: String(size),
    onChange: (value) => {
      size = Number(value);
      pause("");
      reset();
      buttons();
    },
  });
  const starts = choices({
    legend: "Begin with",
    options: [
      ["content", "the content"],
      ["noise", "noise"],
    ],
    value: start,
    onChange: (value) => {
      start = value;
      pause("");
      reset();
      buttons();
    },
  });

  /** One of the two pictures, with what chooses it; a file dropped on it becomes it. */
  function block(name, legend, onPicture) {
    const part = h("div", { class: "nst-origin" }, shown[name].root);
    const chooser = pictureSource(ui, part, {
      pictures: own[name],
      size: LARGEST,
      legend,
      onPicture: (picture) => {
        given[name] = picture;
        onPicture();
      },
    });
    part.append(chooser.root);
    return part;
  }
  const contents = block("content", "Content", () => {
    pause("");
    reset();
    buttons();
  });
  const styles = block("style", "Style", () => {
    // The picture goes on from where it is, with another goal.
    epoch += 1;
    pictures.style = square(given.style, size);
    [goals, slope] = [false, null];
    shown.style.draw(paintPicture(pictures.style), size, size);
    draw();
  });

  const kept = "How much of the change is kept";
  el.append(
    h(
      "div",
      { class: "nst-transfer" },
      h("div", { class: "nst-origins" }, contents, styles, row(starts.root, sizes.root)),
      h(
        "div",
        { class: "nst-work" },
        resultFigure.root,
        h("div", { class: "nst-buttons" }, main.root, one.root, again.root),
        bar,
        come,
        note,
      ),
      h("div", { class: "nst-course" }, reading, lines.root),
      h(
        "div",
        { class: "nst-settings" },
        h(
          "div",
          { role: "group", "aria-label": "Weights" },
          h("p", { class: "nst-legend", "aria-hidden": "true" }, "Weights"),
          sliders[0].root,
          sliders[1].root,
        ),
        h(
          "div",
          { role: "group", "aria-label": kept },
          h("p", { class: "nst-legend", "aria-hidden": "true" }, kept),
          sliders[2].root,
          sliders[3].root,
        ),
      ),
    ),
  );
  reset();
  buttons();
  ui.listen(document, "visibilitychange", () => {
    if (document.hidden) pause("");
  });
  ui.onEnd(() => {
    ended = true;
    running = false;
    source.close();
    clearTimeout(speech);
  });
  return ui.end;
}

export default { render };
