// Style transfer while you watch: pixels go downhill, step by step, and the knobs may be turned on the
// way.
import {
  asPicture,
  button,
  choices,
  explorer,
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
import { tape } from "./tape.js";

const ALPHAS = [0, 0.1, 0.3, 1, 3, 10];
const BETAS = [0, 0.3, 1, 3, 10, 30, 100, 300, 1000];
const TRY = {
  film: "Move through the recorded run: which loss falls first? Then load the network, and turn the knobs as it runs.",
  live: "Start it, and pull β down to 0 in the middle of the run: what happens to both lines?",
};
const LARGEST = 256; // pixels of a reader's picture that are kept: more than either size needs

function nearest(list, value) {
  return list.reduce((best, one, k) => (Math.abs(one - value) < Math.abs(list[best] - value) ? k : best), 0);
}

/**
 * One of the two pictures, with what chooses it; a file dropped on it becomes it. Handle: { root, draw(picture), back()
 * }: back to ours.
 */
function originBlock(ui, { legend, pictures, onPicture }) {
  const shown = view({ label: legend, smooth: true });
  const root = h("div", { class: "nst-origin" }, shown.root);
  const source = pictureSource(ui, root, { pictures, size: LARGEST, legend, onPicture });
  root.append(source.root);
  return {
    root,
    back: source.back,
    draw: (picture) => shown.draw(paintPicture(picture), picture.height, picture.width),
  };
}

/**
 * The knobs. `chosen` is changed by them; `onTurn({ picture })` hears of it, `picture` if that looks different now.
 * Handle: { root, set() }: as `chosen` says.
 */
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
    });
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
    });
  const [alpha, beta] = [scale("content", "content, α", ALPHAS), scale("style", "style, β", BETAS)];
  const [coarse, fine] = [share("coarse", "coarse: light and colors"), share("fine", "fine: strokes and grain")];
  const group = (label, ...sliders) => {
    const legend = h("p", { class: "nst-legend", "aria-hidden": "true" }, label);
    return h("div", { role: "group", "aria-label": label }, legend, ...sliders);
  };
  const kept = group("How much of the change is kept", coarse.root, fine.root);
  return {
    root: h("div", { class: "nst-settings" }, group("Weights", alpha.root, beta.root), kept),
    set() {
      alpha.set(nearest(ALPHAS, weights.content));
      beta.set(nearest(BETAS, weights.style));
      coarse.set(100 * gains.coarse);
      fine.set(100 * gains.fine);
    },
  };
}

/** Where it begins and how large it is. `onOther()` hears that `chosen` is another now. Handle: { root, set() }. */
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
  return {
    root: row(starts.root, sides.root),
    set() {
      starts.set(chosen.start);
      sides.set(String(chosen.size));
    },
  };
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
      ui.propose(TRY.live);
      stage.leaveFilm();
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
    film: null, // a run that was recorded, if there is one
    onChange() {}, // of what the buttons say
    /** From the recorded run to the live one. */
    leaveFilm() {
      if (!stage.film?.shown()) return;
      stage.film.leave();
      stage.draw();
      losses.tell(course);
    },
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
function conduct(stage, blocks, show) {
  const { course, losses, report } = stage;
  function reset() {
    stage.film?.leave();
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
      if (stage.film?.shown()) {
        stage.film.remark();
        return stage.remember();
      }
      if (picture) stage.draw();
      stage.remember();
      if (course.running) return;
      if (picture && course.goals) course.queue(() => course.look().then(() => report(standing(course))));
      else report(standing(course));
    },
    /** The style is another one: the picture goes on from where it is. */
    aim() {
      stage.film?.leave();
      course.aim();
      blocks.style.draw(course.pictures.style);
      stage.draw();
    },
  };
}

/** Return what the reader may choose, as the state has it, with these pictures. */
function firstChoice(model, { content, style }) {
  return {
    given: { content: content[0], style: style[0] },
    weights: { content: model.get("content_weight"), style: model.get("style_weight") },
    gains: { ...model.get("gains") },
    size: model.get("size"),
    start: model.get("start"),
  };
}

async function render({ model, el }) {
  const recorded = model.get("recorded");
  const ui = frame(el, {
    title: "Style transfer while you watch",
    task: recorded ? TRY.film : TRY.live,
    onReset: () => startOver(),
  });
  const source = openSource(model);
  const own = { content: model.get("contents").map(asPicture), style: model.get("styles").map(asPicture) };
  const chosen = firstChoice(model, own);
  const begun = structuredClone({
    weights: chosen.weights,
    gains: chosen.gains,
    size: chosen.size,
    start: chosen.start,
  });
  const stage = makeStage({ model, el, ui, chosen, source });
  const { course, loading, losses, result } = stage;
  const names = { content: own.content[0].name, style: own.style[0].name };
  const film = recorded
    ? await tape(ui, recorded, {
        weights: begun.weights,
        show(image, record, records) {
          result.film(image, names, record.step);
          losses.step(record.step);
          losses.tell({ records, times: [] });
          losses.describe({ records });
        },
      })
    : null;
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
  const settings = knobs(chosen, hand.turned);

  /** Everything as at first; what was loaded stays. */
  function startOver() {
    hand.pause("");
    Object.assign(chosen, { size: begun.size, start: begun.start });
    Object.assign(chosen.weights, begun.weights);
    Object.assign(chosen.gains, begun.gains);
    settings.set();
    begin.set();
    blocks.content.back();
    blocks.style.back();
    course.turn();
    hand.reset();
    film?.begin();
    ui.propose(film ? TRY.film : TRY.live);
    stage.onChange();
  }
  el.append(
    h(
      "div",
      { class: "nst-transfer" },
      h("div", { class: "nst-origins" }, blocks.content.root, blocks.style.root, begin.root),
      h("div", { class: "nst-work" }, result.root, film?.root, buttons.root, ...loading.parts),
      losses.root,
      settings.root,
    ),
  );
  hand.reset();
  stage.film = film;
  film?.begin();
  stage.onChange();
  source.missing().then((bytes) => {
    if (course.ended || course.goals) return;
    loading.announce(bytes);
    stage.onChange();
  }, course.fail);
  ui.listen(document, "visibilitychange", () => document.hidden && hand.pause(""));
  return ui.end;
}

export default explorer(render);
