// Which loss notices what (chapter on losses): a picture is changed, and both losses are read off in each layer.
import { legend } from "../kit/chart.js";
import {
  asPicture,
  choices,
  explorer,
  figure,
  frame,
  h,
  keep,
  loadImage,
  paintPicture,
  perFrame,
  row,
  slider,
  tidy,
  view,
} from "../kit/kit.js";
import { changed, mean, rootAxis } from "./maths.js";

const KINDS = ["content", "style"];
const TONES = { content: "var(--nst-tone-1)", style: "var(--nst-tone-0)" };
const OTHER = "another picture";
const FORMS = {
  shifted: (pixels) => `by ${pixels} px`,
  "in tiles": (side, size) => (side === size ? "one piece" : `of ${side} px`),
  blurred: (sigma) => `by ${tidy(sigma, 1)} px`,
  "less color": (share) => `by ${Math.round(100 * share)}%`,
  noise: (most) => `up to ±${tidy(most)}`,
};

/** Return an error as text of about two digits. */
export function written(error) {
  if (error > 0 && error < 0.00095) return "<0.001";
  return error.toFixed(error > 0 && error < 0.0995 ? 3 : 2);
}

/** A bar on a track with the axis's lines, and a tick for each other picture. */
function track(kind) {
  const fill = h("span", { class: `nst-error-bar nst-${kind}`, style: `--nst-tint: ${TONES[kind]}` });
  const lines = h("span");
  const ticks = h("span");
  return {
    root: h("span", { class: "nst-track", "aria-hidden": "true" }, lines, fill, ticks),
    /** Show the axis and the errors of the other pictures on it. */
    measure({ marks, place }, others) {
      const at = (name, value, title) => h("span", { class: name, style: `left: ${place(value).toFixed(2)}%`, title });
      lines.replaceChildren(...marks.map((mark) => at(mark === 1 ? "nst-rule nst-one" : "nst-rule", mark)));
      ticks.replaceChildren(...others.map(({ name, error }) => at("nst-tick", error, `${name}: ${written(error)}`)));
    },
    show({ place }, error, chosen) {
      fill.style.width = `${place(error).toFixed(2)}%`;
      [...ticks.children].forEach((tick, k) => tick.toggleAttribute("data-chosen", k === chosen));
    },
  };
}

/**
 * Both losses in each layer, and their means. Handle: { root, measure(axis, others), show(numbers, chosen) }: `others`
 * holds { name, numbers } of other pictures, `chosen` says which of them is looked at.
 */
function errorTable(layers) {
  const names = [...layers, "mean"];
  const all = (numbers, kind) => [...numbers[kind], mean(numbers[kind])];
  let axis = null;
  const parts = names.map((name) => {
    const tracks = KINDS.map(track);
    const values = KINDS.map((kind) => h("strong", { "data-kind": kind }));
    const said = KINDS.map((kind, k) =>
      h("span", {}, h("span", { class: "nst-hidden" }, `${kind} loss `), values[k], " "),
    );
    const root = h(
      "tr",
      { "data-layer": name },
      h("th", { scope: "row" }, name === "mean" ? "mean of all" : name),
      h("td", { class: "nst-tracks" }, ...tracks.map((one) => one.root)),
      h("td", { class: "nst-values" }, said),
    );
    return { root, tracks, values };
  });
  const scale = h("td", { class: "nst-scale", "aria-hidden": "true" });
  const foot = h("tr", { class: "nst-foot" }, h("td", {}), scale, h("td", {}));
  const caption = h("caption", { class: "nst-hidden" }, "Content loss and style loss of the changed picture, by layer");
  return {
    root: h(
      "table",
      { class: "nst-losses nst-table" },
      caption,
      h("tbody", {}, ...parts.map(({ root }) => root), foot),
    ),
    measure(next, others) {
      axis = next;
      const labels = axis.marks.map((mark) => h("span", { style: `left: ${axis.place(mark).toFixed(2)}%` }, mark));
      scale.replaceChildren(...labels);
      parts.forEach(({ tracks }, row) => {
        KINDS.forEach((kind, k) => {
          tracks[k].measure(
            axis,
            others.map(({ name, numbers }) => ({ name, error: all(numbers, kind)[row] })),
          );
        });
      });
    },
    show(numbers, chosen) {
      parts.forEach(({ tracks, values }, row) => {
        KINDS.forEach((kind, k) => {
          const error = all(numbers, kind)[row];
          tracks[k].show(axis, error, chosen);
          values[k].textContent = written(error);
          values[k].dataset.value = error;
        });
      });
    },
  };
}

/** A picture and its total variation. Handle: { root, show(pixels or image, { height, width }, words, total) }. */
function panel(label) {
  const stage = view({ label, smooth: true });
  const { root, caption } = figure("", stage.root);
  const name = h("span", {}, label);
  const variation = h("strong", { class: "nst-variation" });
  caption.append(name, h("span", {}, "total variation ", variation));
  root.classList.add("nst-subject", "nst-told");
  return {
    root,
    show(shown, { height, width }, words, total) {
      if (shown instanceof Uint8ClampedArray) stage.draw(shown, height, width);
      else {
        Object.assign(stage.canvas, { width, height });
        stage.canvas.getContext("2d").drawImage(shown, 0, 0, width, height);
      }
      name.textContent = words;
      stage.rename(words);
      variation.textContent = total.toFixed(3);
    },
  };
}

/** Return what the state holds: pictures, the looks of others, what was measured, one axis for all errors. */
async function readMeasured(model) {
  const subjects = await Promise.all(
    model.get("subjects").map(async ({ others, measured, ...picture }) => ({
      ...asPicture(picture),
      measured,
      others: await Promise.all(
        others.map(async ({ name, look }, k) => ({
          name,
          image: await loadImage(look),
          numbers: measured[OTHER][k + 1],
        })),
      ),
    })),
  );
  const rows = subjects.flatMap(({ measured }) => Object.values(measured).flat());
  const [strengths, seed] = [model.get("strengths"), model.get("seed")];
  return {
    subjects,
    strengths,
    seed,
    axis: rootAxis(rows.flatMap((numbers) => KINDS.flatMap((kind) => numbers[kind]))),
  };
}

/** What the bars and the ticks are. */
function keys() {
  const list = legend(KINDS.map((kind) => [TONES[kind], `${kind} loss`, kind === "style"]));
  const tick = h("span", { class: "nst-track nst-sample", "aria-hidden": "true" }, h("span", { class: "nst-tick" }));
  list.append(h("li", {}, tick, "where another picture is"));
  return list;
}

/**
 * Say what is chosen in `now`: the steps of its change, how strong the k-th is in words, and what it makes of the
 * picture: { shown, words, numbers, other }, the last one the place of another picture, or -1.
 */
function reader({ subjects, strengths, seed }, now) {
  const subject = () => subjects[now.picture];
  const count = () => (now.change === OTHER ? 1 + subject().others.length : strengths[now.change].length);
  function strength(k) {
    if (now.change === OTHER) return k ? subject().others[k - 1].name : "the same one";
    const form = FORMS[now.change];
    return k || now.change === "in tiles" ? form(strengths[now.change][k], subject().width) : "not at all";
  }
  function result(k) {
    const picture = subject();
    const numbers = picture.measured[now.change][k];
    if (now.change === OTHER) {
      const shown = k ? picture.others[k - 1].image : paintPicture(picture);
      return { shown, words: strength(k), numbers, other: k - 1 };
    }
    const data = changed(picture, now.change, strengths[now.change][k], seed);
    const words = `${now.change} ${strength(k)}`;
    return { shown: paintPicture({ ...picture, data }), words, numbers, other: -1 };
  }
  return { subject, count, strength, result };
}

/** Which picture, and what is done to it. `onChoose()` hears that `now` has changed. */
function choosers({ subjects, strengths }, now, onChoose) {
  const pick = (key, read) => (value) => {
    now[key] = read(value);
    onChoose();
  };
  const which = choices({
    legend: "Picture",
    options: subjects.map(({ name }, k) => [String(k), name]),
    value: String(now.picture),
    onChange: pick("picture", Number),
  });
  const change = choices({
    legend: "Change",
    options: [...Object.keys(strengths), OTHER].map((key) => [key, key]),
    value: now.change,
    onChange: pick("change", String),
  });
  return row(subjects.length > 1 ? which.root : null, change.root);
}

async function render({ model, el }) {
  const ui = frame(el, {
    title: "Which loss notices what?",
    task:
      "Find a change that the style loss hardly notices. Then look for one that the content loss hardly notices, " +
      "though the style loss does: is there one?",
  });
  const measured = await readMeasured(model);
  const [picture, change, steps] = ["picture", "change", "steps"].map((key) => model.get(key));
  const now = { picture, change, steps: { ...steps } };
  const { subject, count, strength, result } = reader(measured, now);
  const [before, after] = [panel("the original"), panel("the changed picture")];
  const table = errorTable(model.get("layers"));
  const track = slider({
    label: h("span", { class: "nst-change" }),
    min: 0,
    max: 1,
    value: 0,
    format: strength,
    onInput(k) {
      now.steps = { ...now.steps, [now.change]: k };
      later();
    },
  });

  function draw() {
    const { shown, words, numbers, other } = result(track.value);
    after.show(shown, subject(), words, numbers.variation);
    table.show(numbers, other);
    keep(model, { picture: now.picture, change: now.change, steps: now.steps });
    const means = KINDS.map((kind) => `${kind} loss ${written(mean(numbers[kind]))}`).join(", ");
    ui.announce(`${subject().name}, ${words}: ${means}, means of all layers.`);
  }
  const later = perFrame(draw);

  /** Take up another change or picture. */
  function begin() {
    track.input.max = count() - 1;
    track.set(Math.min(now.steps[now.change], count() - 1));
    track.root.querySelector(".nst-change").textContent = now.change;
    before.show(paintPicture(subject()), subject(), subject().name, subject().measured.shifted[0].variation);
    table.measure(measured.axis, subject().others);
    draw();
  }
  const pair = h("div", { class: "nst-columns nst-stay" }, before.root, after.root);
  const note =
    "Errors relative to the original: 1 is that of a picture without any activation. A bar is as long as the error's " +
    "root, which is a distance.";
  el.append(
    choosers(measured, now, begin),
    h(
      "div",
      { class: "nst-losing" },
      h("div", {}, pair, track.root),
      h("div", {}, keys(), table.root, h("p", { class: "nst-note" }, note)),
    ),
  );
  begin();
  return ui.end;
}

export default explorer(render);
