// Style transfer while you watch: pixels go downhill, step by step, and the knobs may be turned on the
// way.
import {
  asPicture,
  button,
  choices,
  frame,
  h,
  keep,
  megabytes,
  paintPicture,
  pictureSource,
  row,
  slider,
  view,
} from "../kit/kit.js";
import { Course } from "./course.js";
import { lossPanel, loadingNote, reporter, resultView, standing } from "./screen.js";
import { openSource } from "./sources.js";

const ALPHAS = [0, 0.1, 0.3, 1, 3, 10];
const BETAS = [0, 0.3, 1, 3, 10, 30, 100, 300, 1000];
const LARGEST = 256; // pixels of a reader's picture that are kept: more than either size needs

function nearest(list, value) {
  return list.reduce((best, one, k) => (Math.abs(one - value) < Math.abs(list[best] - value) ? k : best), 0);
}

/** One of the two pictures, with what chooses it; a file dropped on it becomes it. Handle: { root, draw(picture) }. */
function originBlock(ui, { legend, pictures, onPicture }) {
  const shown = view({ label: legend, smooth: true });
  const root = h("div", { class: "nst-origin" }, shown.root);
  root.append(pictureSource(ui, root, { pictures, size: LARGEST, legend, onPicture }).root);
  return { root, draw: (picture) => shown.draw(paintPicture(picture), picture.height, picture.width) };
}

/** The knobs. `chosen` is changed by them; `onTurn({ picture })` hears of it, `picture` if that looks different now. */
function knobs(chosen, onTurn) {
  const { weights, gains } = chosen;
  const scale = (name, label, list) =>
    slider({
      label,
      min: 0,
      max: list.length - 1,
      value: nearest(list, weights[name]),
      format: (k) => String(list[k]),
      onInput(k) {
        weights[name] = list[k];
        onTurn({ picture: false });
      },
    }).root;
  const share = (name, label) =>
    slider({
      label,
      min: 0,
      max: 100,
      step: 10,
      value: 100 * gains[name],
      format: (percent) => `${percent} %`,
      onInput(percent) {
        gains[name] = percent / 100;
        onTurn({ picture: true });
      },
    }).root;
  const group = (label, ...sliders) => {
    const legend = h("p", { class: "nst-legend", "aria-hidden": "true" }, label);
    return h("div", { role: "group", "aria-label": label }, legend, ...sliders);
  };
  return h(
    "div",
    { class: "nst-settings" },
    group("Weights", scale("content", "content, α", ALPHAS), scale("style", "style, β", BETAS)),
    group(
      "How much of the change is kept",
      share("coarse", "coarse: light and colors"),
      share("fine", "fine: strokes and grain"),
    ),
  );
}

/** Where it begins and how large it is. `onOther()` hears that `chosen` is another now. */
function beginnings(sizes, chosen, onOther) {
  const starts = choices({
    legend: "Begin with",
    options: [
      ["content", "the content"],
      ["noise", "noise"],
    ],
    value: chosen.start,
    onChange(value) {
      chosen.start = value;
      onOther();
    },
  });
  const sides = choices({
    legend: "Pixels along a side",
    options: sizes.map((side) => [String(side), String(side)]),
    value: String(chosen.size),
    onChange(value) {
      chosen.size = Number(value);
      onOther();
    },
  });
  return row(starts.root, sides.root);
}

/** The buttons. Handle: { root, show({ running, missing, steps }) }. */
function actions({ onMain, onStep, onAgain }) {
  const [main, one, again] = [button("Start", onMain), button("One step", onStep), button("Start over", onAgain)];
  main.root.classList.add("nst-main");
  return {
    root: h("div", { class: "nst-buttons" }, main.root, one.root, again.root),
    show({ running, missing, steps }) {
      const begin = missing ? `Load ${megabytes(missing)} and start` : steps ? "Go on" : "Start";
      main.root.textContent = running ? "Pause" : begin;
      one.root.hidden = again.root.hidden = missing > 0;
      one.root.disabled = running;
    },
  };
}

/** Return a course, what shows it, and { draw, remember, rested, fail }, which show and keep where it stands. */
function makeStage({ model, el, ui, chosen, source }) {
  const [result, losses, loading, report] = [resultView(), lossPanel(), loadingNote(), reporter(ui)];
  const course = new Course(source, chosen, {
    progress: loading.progress,
    loaded() {
      loading.loaded();
      el.setAttribute("aria-busy", "false");
      stage.onChange();
    },
    compared: () => losses.tell(course),
    moved() {
      stage.draw();
      losses.tell(course);
    },
    passed: () => report(standing(course), { passing: true }),
    rested: () => stage.rested(),
    busy: (on) => el.setAttribute("aria-busy", String(on && loading.missing > 0)),
    failed: (error) => stage.fail(error),
  });
  const stage = {
    course,
    result,
    losses,
    loading,
    report,
    onChange() {}, // of what the buttons say
    draw() {
      result.draw(course, chosen);
      losses.step(course.descent.steps);
    },
    remember() {
      const { weights, gains, size, start } = chosen;
      const last = course.records.at(-1);
      keep(model, {
        content_weight: weights.content,
        style_weight: weights.style,
        gains: { ...gains },
        size,
        start,
        steps: course.descent.steps,
        losses: last ? [last.content, last.style] : [],
      });
    },
    rested() {
      losses.describe(course);
      stage.remember();
    },
    fail(error) {
      loading.fail(error.message);
      stage.onChange();
    },
  };
  return stage;
}

/** What the reader may do with a course: { reset, pause, restart, toggle, step, again, turned, aim }. */
function conduct({ course, losses, report, ...stage }, blocks, show) {
  function reset() {
    course.reset();
    for (const name of ["content", "style"]) blocks[name].draw(course.pictures[name]);
    stage.draw();
    losses.tell(course);
    stage.rested();
  }
  function pause(text = `Paused. ${standing(course)}`) {
    if (!course.running) return;
    course.pause();
    losses.tell(course); // nothing runs, so there is no speed
    show();
    report(text);
  }
  return {
    reset,
    pause,
    restart() {
      pause("");
      reset();
      show();
    },
    toggle() {
      if (course.running) return pause();
      course.go();
      show();
      return report("Running.");
    },
    step: () =>
      course.queue(async () => {
        await course.advance();
        stage.rested();
        report(standing(course));
      }),
    again() {
      pause("");
      reset();
      report("Back at step 0.");
    },
    /** Weights or gains are others now. */
    turned({ picture }) {
      course.turn();
      if (picture) stage.draw();
      stage.remember();
      if (course.running) return;
      if (picture && course.goals) course.queue(() => course.look().then(() => report(standing(course))));
      else report(standing(course));
    },
    /** The style is another one: the picture goes on from where it is. */
    aim() {
      course.aim();
      blocks.style.draw(course.pictures.style);
      stage.draw();
    },
  };
}

function render({ model, el }) {
  const ui = frame(el, "Explorer: style transfer while you watch");
  const source = openSource(model);
  const own = { content: model.get("contents").map(asPicture), style: model.get("styles").map(asPicture) };
  const chosen = {
    given: { content: own.content[0], style: own.style[0] },
    weights: { content: model.get("content_weight"), style: model.get("style_weight") },
    gains: { ...model.get("gains") },
    size: model.get("size"),
    start: model.get("start"),
  };
  const stage = makeStage({ model, el, ui, chosen, source });
  const { course, loading } = stage;
  ui.onEnd(() => {
    course.end();
    source.close();
  });
  const block = (name, legend, act) =>
    originBlock(ui, {
      legend,
      pictures: own[name],
      onPicture(picture) {
        chosen.given[name] = picture;
        hand[act]();
      },
    });
  const blocks = { content: block("content", "Content", "restart"), style: block("style", "Style", "aim") };
  const hand = conduct(stage, blocks, () => stage.onChange());
  const buttons = actions({ onMain: hand.toggle, onStep: hand.step, onAgain: hand.again });
  stage.onChange = () =>
    buttons.show({ running: course.running, missing: loading.missing, steps: course.descent.steps });
  const begin = beginnings(model.get("sizes"), chosen, hand.restart);
  el.append(
    h(
      "div",
      { class: "nst-transfer" },
      h("div", { class: "nst-origins" }, blocks.content.root, blocks.style.root, begin),
      h("div", { class: "nst-work" }, stage.result.root, buttons.root, ...loading.parts),
      stage.losses.root,
      knobs(chosen, hand.turned),
    ),
  );
  hand.reset();
  stage.onChange();
  source.missing().then((bytes) => {
    if (course.ended || course.goals) return;
    loading.announce(bytes);
    stage.onChange();
  }, course.fail);
  ui.listen(document, "visibilitychange", () => document.hidden && hand.pause(""));
  return ui.end;
}

export default { render };
