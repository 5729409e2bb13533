// What is seen of a transfer: its pictures and losses, how far the loading is, and what is said to a screen reader.
import { figure, h, megabytes, paintPicture, tidy, view } from "../kit/kit.js";
import { curve } from "./curve.js";

const NAMES = ["content", "style"];
const SPOKEN = 5000; // milliseconds between two reports to a screen reader while it runs
const APART = 1200; // and between any two

/** Return how many steps a second the recent ones took: the median of their times, in milliseconds. */
export function pace(times) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted.length ? 1000 / sorted[Math.floor(sorted.length / 2)] : 0;
}

/** Return the words for where a course stands. */
export function standing({ records, descent }) {
  const last = records.at(-1);
  if (!last) return `Step ${descent.steps}.`;
  return `Step ${descent.steps}: content ${tidy(last.content, 2)}, style ${tidy(last.style, 3)}.`;
}

/**
 * The picture as it is. Handle: { root, draw({ descent }, { given, gains, size }), film(image, names, step) }: `film`
 * shows a recorded one.
 */
export function resultView() {
  const result = view({ label: "The picture that is optimized", smooth: true });
  const { root, caption } = figure("", result.root);
  return {
    root,
    draw({ descent }, { given, gains, size }) {
      result.draw(paintPicture({ data: descent.image(gains), channels: 3, height: size, width: size }), size, size);
      caption.textContent = `${given.content.name}, painted like ${given.style.name}: ${size} × ${size} pixels`;
      result.rename(`${caption.textContent}, after ${descent.steps} steps`);
    },
    film(image, { content, style }, step) {
      const [width, height] = [image.naturalWidth, image.naturalHeight];
      Object.assign(result.canvas, { width, height });
      result.canvas.getContext("2d").drawImage(image, 0, 0);
      caption.textContent = `${content}, painted like ${style}: ${width} × ${height} pixels, recorded`;
      result.rename(`${caption.textContent}, after ${step} steps`);
    },
  };
}

/**
 * Step, losses and speed, and the losses' curves. Handle: { root, step(n), tell({ records, times }), describe({ records
 * }) }.
 */
export function lossPanel() {
  const step = h("strong", { class: "nst-step" }, "0");
  const numbers = Object.fromEntries(NAMES.map((name) => [name, h("strong", { class: `nst-${name}` }, "–")]));
  const speed = h("span", { class: "nst-speed" });
  const parts = NAMES.map((name) => h("span", { class: `nst-name-${name}` }, `${name} `, numbers[name]));
  const reading = h("p", { class: "nst-reading nst-losses" }, h("span", {}, "step ", step), ...parts, speed);
  const lines = curve();
  return {
    root: h("div", { class: "nst-course" }, reading, lines.root),
    step(count) {
      step.textContent = count;
    },
    tell({ records, times }) {
      const last = records.at(-1);
      for (const name of NAMES) numbers[name].textContent = last ? tidy(last[name], 3) : "–";
      speed.textContent = times.length > 2 ? `${tidy(pace(times), 1)} steps a second` : "";
      lines.draw(records);
    },
    describe: ({ records }) => lines.describe(records),
  };
}

/** What must be loaded, how much has come, or what went wrong. `missing` on the handle: bytes, as far as is known. */
export function loadingNote() {
  const note = h("p", { class: "nst-note nst-transfer-note", role: "status" });
  const come = h("p", { class: "nst-note" }); // not spoken: it changes too often, and the bar can be asked
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Loading the network", hidden: true });
  const handle = {
    parts: [bar, come, note],
    missing: 0,
    announce(bytes) {
      handle.missing = bytes;
      note.textContent = bytes
        ? "The trained network comes to your browser, once, and computes there. Your pictures stay on this machine."
        : "";
    },
    progress(have, total) {
      if (!total) return;
      if (bar.hidden) note.textContent = "Loading the network.";
      bar.hidden = false;
      bar.value = have / total;
      come.textContent = have < total ? `${megabytes(have)} of ${megabytes(total)}` : "Loaded. Starting …";
    },
    loaded() {
      handle.missing = 0;
      handle.fail("");
    },
    fail(message) {
      bar.hidden = true;
      come.textContent = "";
      note.textContent = message;
    },
  };
  return handle;
}

/** Return a function that tells a screen reader, less than once a second; `passing` texts only now and then. */
export function reporter(ui) {
  let spoken = -SPOKEN;
  let speech = 0;
  ui.onEnd(() => clearTimeout(speech));
  return (text, { passing = false } = {}) => {
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
  };
}
