// A photo as a sum of bands: how wide they are, how much of each, and what becomes of them in bytes.
import { lowPass } from "../kit/blur.js";
import {
  asPicture,
  button,
  explorer,
  figure,
  frame,
  h,
  keep,
  paintPicture,
  perFrame,
  pictureSource,
  row,
  slider,
  tidy,
  tiny,
  view,
} from "../kit/kit.js";

// Maths ---------------------------------------------------------------------------------------------------------------

/** Return what each blur takes away beyond the one before, from fine to coarse, and what the last one leaves. */
export function splitBands(data, channels, height, width, sigmas) {
  const stack = [data, ...sigmas.map((sigma) => lowPass(data, channels, height, width, sigma))];
  return [
    ...stack.slice(1).map((coarser, k) => stack[k].map((value, p) => value - coarser[p])),
    stack[stack.length - 1],
  ];
}

/** Return the same bands computed in bytes, 0 to 255, where 100 - 103 is 253; as numbers of 0 to 1. */
export function byteBands(data, channels, height, width, sigmas) {
  const bytes = (values) => Uint8Array.from(values, (value) => Math.round(255 * Math.max(0, Math.min(1, value))));
  const stack = [data, ...sigmas.map((sigma) => lowPass(data, channels, height, width, sigma))].map(bytes);
  // a Uint8Array wraps around
  const wrapped = stack.slice(1).map((coarser, k) => stack[k].map((value, p) => value - coarser[p]));
  return [...wrapped, stack[stack.length - 1]].map((band) => Float32Array.from(band, (value) => value / 255));
}

/** Return the sum of bands, each times its gain. */
export function mix(bands, gains) {
  return bands[0].map((_, p) => bands.reduce((sum, band, k) => sum + gains[k] * band[p], 0));
}

/** Return the largest difference of two lists of numbers. */
export function largestDifference(one, other) {
  return one.reduce((most, value, p) => Math.max(most, Math.abs(value - other[p])), 0);
}

/** Return how much of a wave of f cycles per pixel each band holds. */
export function shares(f, sigmas) {
  const kept = [1, ...sigmas.map((sigma) => Math.exp(-2 * (Math.PI * sigma * f) ** 2))];
  return [...kept.slice(1).map((lower, k) => kept[k] - lower), kept[kept.length - 1]];
}

// The explorer --------------------------------------------------------------------------------------------------------

const NAMES = ["fine", "middle", "coarse"];
const PRESETS = {
  "all of it": [1, 1, 1],
  "only coarse": [0, 0, 1],
  "no middle": [1, 0, 1],
  "fine doubled": [2, 1, 1],
};

/** Return an SVG of what is left of each wave in each band and in the sum, over its cycles per pixel, logarithmic. */
export function curveMarkup(sigmas, gains) {
  const [wide, high, least, most] = [320, 90, 0.005, 0.5];
  const tall = Math.max(1, ...gains);
  const steps = Array.from({ length: 81 }, (_, k) => k / 80);
  const held = steps.map((t) => shares(least * (most / least) ** t, sigmas).map((share, k) => gains[k] * share));
  const place = (t, value) => `${(t * wide).toFixed(1)},${(high - 4 - (value / tall) * (high - 8)).toFixed(1)}`;
  const line = (name, value) =>
    `<polyline class="nst-curve-${name}" points="${steps.map((t, n) => place(t, value(held[n]))).join(" ")}"/>`;
  const lines = [
    ...NAMES.map((name, k) => line(name, (all) => all[k])),
    line("sum", (all) => all[0] + all[1] + all[2]),
  ];
  return `<svg viewBox="0 0 ${wide} ${high}" preserveAspectRatio="none" aria-hidden="true">${lines.join("")}</svg>`;
}

const pixels = (value) => `${tidy(value, 1)} px`;

/** The photo and its bands. Handle: { photo, figures, draw(picture, bands, sigmas, bytes) }. */
function bandViews() {
  const original = view({ label: "The photo", smooth: true });
  const parts = NAMES.map((name) => {
    const canvas = view({ label: `The ${name} band`, smooth: true });
    const shown = figure("", canvas.root);
    shown.root.dataset.band = name;
    return { canvas, ...shown };
  });
  return {
    photo: figure("the photo", original.root).root,
    figures: parts.map(({ root }) => root),
    draw(picture, bands, [fine, middle], bytes) {
      const { height, width } = picture;
      original.draw(paintPicture(picture), height, width);
      const reaches = [
        `finer than ${pixels(fine)}`,
        `${tidy(fine, 1)} to ${pixels(middle)}`,
        `coarser than ${pixels(middle)}`,
      ];
      parts.forEach(({ canvas, caption }, k) => {
        const shift = k < 2 && !bytes ? 0.5 : 0;
        const data = bands[k].map((value) => value + shift);
        canvas.draw(paintPicture({ ...picture, data }), height, width);
        const form = `${shift ? ", on mid-gray" : ""}${bytes && k < 2 ? ", in bytes" : ""}`;
        caption.textContent = `${NAMES[k]}: ${reaches[k]}${form}`;
        canvas.rename(`The band ${caption.textContent}`);
      });
    },
  };
}

/**
 * The sum of the bands, and how far it is from the photo. Handle: { root, verdict, draw(picture, bands, gains) }: in
 * words.
 */
function sumView() {
  const sum = view({ label: "The sum of the bands", smooth: true });
  const { root, caption } = figure("the sum", sum.root);
  const error = h("strong", { class: "nst-error" });
  const text = "Largest difference between the sum and the photo: ";
  const verdict = h("p", { class: "nst-reading nst-verdict" }, text, error);
  return {
    root,
    verdict,
    draw(picture, bands, gains) {
      const data = mix(bands, gains);
      sum.draw(paintPicture({ ...picture, data }), picture.height, picture.width);
      const difference = largestDifference(data, picture.data);
      const still = difference < 1e-6;
      error.textContent = still ? `${tiny(difference)}, rounding` : tidy(difference, 2);
      error.dataset.value = difference;
      verdict.dataset.still = still ? "yes" : "no";
      const formula = NAMES.map((name, k) => `${tidy(gains[k], 1)} · ${name}`).join(" + ");
      caption.textContent = `the sum: ${formula}`;
      sum.rename(`The sum of the bands, ${formula}`);
      return error.textContent;
    },
  };
}

/** What is left of each wave. Handle: { root, draw(sigmas, gains) }. */
function curvesView() {
  const curves = h("div", { class: "nst-curves", role: "img" });
  const text = "how much of each wave is left: large shapes at the left, single pixels at the right; dashed the sum";
  return {
    root: figure(text, curves).root,
    draw(sigmas, gains) {
      const written = gains.map((gain) => tidy(gain, 1)).join(", ");
      curves.innerHTML = curveMarkup(sigmas, gains);
      const said = `What is left of each wave; the gains of fine, middle and coarse are ${written}.`;
      curves.setAttribute("aria-label", said);
    },
  };
}

/** Return sliders for the widths of both blurs; the one that is not moved gives way. `sigmas` is changed by them. */
function widthSliders(sigmas, onOther) {
  const gap = 0.1; // the second blur is the wider one
  const rounded = (value) => Math.round(10 * value) / 10;
  const give = (k, value) => {
    sigmas[k] = value;
    sliders[k].set(value);
  };
  const sliders = [0, 1].map((k) =>
    slider({
      label: k ? "middle ends, coarse begins" : "fine ends, middle begins",
      min: k ? 1 : 0.5,
      max: k ? 12 : 6,
      step: 0.1,
      value: sigmas[k],
      format: pixels,
      onInput(value) {
        sigmas[k] = value;
        if (k === 0 && sigmas[1] < value + gap) give(1, rounded(value + gap));
        if (k === 1 && sigmas[0] > value - gap) give(0, Math.max(0.5, rounded(value - gap)));
        onOther();
      },
    }),
  );
  return sliders.map(({ root }) => root);
}

/**
 * How much of each band. Handle: { sliders, presets, set(gains), mark(gains) }; `onGain(k, value)`, `onPreset(gains)`.
 */
function gainControls(gains, { onGain, onPreset }) {
  const sliders = NAMES.map((name, k) =>
    slider({
      label: `${name} ×`,
      min: 0,
      max: 2,
      step: 0.1,
      value: gains[k],
      format: (value) => tidy(value, 1),
      onInput: (value) => onGain(k, value),
    }),
  );
  const presets = Object.entries(PRESETS).map(([name, wanted]) => ({
    wanted,
    entry: button(name, () => onPreset(wanted), { pressed: false }),
  }));
  return {
    sliders: sliders.map(({ root }) => root),
    presets: presets.map(({ entry }) => entry.root),
    set: (values) => sliders.forEach((one, k) => one.set(values[k])),
    mark: (values) => presets.forEach(({ wanted, entry }) => entry.mark(wanted.every((gain, k) => gain === values[k]))),
  };
}

function render({ model, el }) {
  const ui = frame(el, {
    title: "Bands of a photo",
    task: "Take the middle band out, then double the fine one: what does the photo lose, and what does it gain?",
  });
  const pictures = model.get("pictures").map(asPicture);
  const sigmas = [...model.get("sigmas")];
  let picture = pictures[0];
  let gains = [...model.get("gains")];
  let bytes = false;
  let bands = [];
  const [views, sum, curves] = [bandViews(), sumView(), curvesView()];

  function split() {
    bands = (bytes ? byteBands : splitBands)(picture.data, 3, picture.height, picture.width, sigmas);
    views.draw(picture, bands, sigmas, bytes);
    combine();
  }
  function combine() {
    curves.draw(sigmas, gains);
    const difference = sum.draw(picture, bands, gains);
    amounts.mark(gains);
    keep(model, { sigmas: [...sigmas], gains: [...gains] });
    ui.announce(`Largest difference between sum and photo: ${difference}.`);
  }
  const combineLater = perFrame(combine);
  const widths = widthSliders(sigmas, perFrame(split));
  const amounts = gainControls(gains, {
    onGain(k, value) {
      gains[k] = value;
      combineLater();
    },
    onPreset(wanted) {
      gains = [...wanted];
      amounts.set(gains);
      combine();
    },
  });
  const flip = () => {
    bytes = !bytes;
    trap.mark(bytes);
    split();
  };
  const trap = button("compute in bytes (the uint8 trap)", flip, { pressed: false });
  const source = pictureSource(ui, el, {
    pictures,
    size: model.get("size"),
    onPicture(given) {
      picture = given;
      split();
    },
  });
  views.figures.forEach((figure, k) => figure.append(amounts.sliders[k]));
  el.append(
    row(source.root),
    h("div", { class: "nst-columns nst-stay" }, views.photo, sum.root),
    sum.verdict,
    row(widths),
    h("div", { class: "nst-columns nst-bands", style: "--nst-columns: 3" }, views.figures),
    row(h("div", { class: "nst-buttons" }, amounts.presets, trap.root)),
    curves.root,
  );
  split();
  return ui.end;
}

export default explorer(render);
