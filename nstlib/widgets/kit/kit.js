// What all explorers share: controls, pictures, numbers on the way from Python. No framework; each function returns an
// element or a small handle around one. An explorer is a module that ends with `export default explorer(render)`, where
// render({ model, el }) fills `el`, reads and writes state with model.get / set / save_changes, and returns a cleanup.
import { readPicture } from "./picture.js";
import { follow } from "./pointer.js";

// Elements ------------------------------------------------------------------------------------------------------------

/** Return an element: attributes by name, `on...` as listeners, children as nodes or text. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

/** Return an element of SVG with attributes and children. */
export function shape(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes))
    if (value != null && value !== false) element.setAttribute(key, value);
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

/**
 * Return an explorer's module. `draw({ model, el })` fills `el`, and returns, or promises, its cleanup. When the reader
 * asks for a reset, the state gets back what it held at first, and all is drawn anew.
 */
export function explorer(draw) {
  return {
    async render({ model, el }) {
      const first = new Map(); // what the state held before it was changed
      const noted = {
        get: (key) => model.get(key),
        set(key, value) {
          if (!first.has(key)) first.set(key, structuredClone(model.get(key)));
          model.set(key, value);
        },
        save_changes: () => model.save_changes(),
        on: (...given) => model.on(...given),
        off: (...given) => model.off(...given),
        send: (...given) => model.send(...given),
      };
      let end = await draw({ model: noted, el });
      let busy = false;
      el.addEventListener("nst-reset", async () => {
        if (busy) return;
        busy = true;
        el.style.minHeight = `${el.offsetHeight}px`; // what is below stays where it is
        end();
        el.replaceChildren();
        keep(model, Object.fromEntries(first));
        end = await draw({ model: noted, el });
        el.style.minHeight = "";
        el.querySelector(".nst-reset")?.focus({ preventScroll: true });
        busy = false;
      });
      return () => end();
    },
  };
}

/**
 * Make `el` an explorer: a labelled group with its title, one line that says what to try, a reset, and a voice for
 * screen readers. `onReset` takes the place of drawing all anew, where that would throw away what was loaded.
 *
 * Returns { announce, listen, onEnd, end, propose }: `announce(text)` speaks once things have been still for a moment,
 * and never before the reader has touched something; `listen` is addEventListener that ends with the explorer; `end` is
 * the cleanup that render returns; `propose(text)` says something else to try.
 */
export function frame(el, { title, task, onReset = () => el.dispatchEvent(new Event("nst-reset")) }) {
  const voice = h("p", { class: "nst-hidden", "aria-live": "polite" });
  const tip = h("p", { class: "nst-task", id: fresh("task") }, task);
  const reset = button("Reset", () => onReset(), { title: "Everything as it was at first" });
  reset.root.classList.add("nst-reset");
  const ends = [];
  let [timer, touched] = [0, false];
  el.classList.add("nst-explorer");
  el.setAttribute("role", "group");
  el.setAttribute("aria-label", `Explorer: ${title}`);
  el.setAttribute("aria-describedby", tip.id);
  el.append(voice, h("div", { class: "nst-head" }, h("p", { class: "nst-title" }, title), reset.root, tip));
  const onEnd = (act) => ends.push(act);
  onEnd(() => clearTimeout(timer));
  ["pointerdown", "keydown", "input", "drop", "change"].forEach((type) =>
    el.addEventListener(
      type,
      () => {
        touched = true;
      },
      true,
    ),
  );
  const listen = (target, type, act, options) => {
    target.addEventListener(type, act, options);
    onEnd(() => target.removeEventListener(type, act, options));
  };
  keepKeys(el, listen);
  return {
    announce(text) {
      clearTimeout(timer);
      if (!touched) return;
      timer = setTimeout(() => {
        voice.textContent = text;
      }, 500);
    },
    listen,
    onEnd,
    propose(text) {
      tip.textContent = text;
    },
    end() {
      ends
        .splice(0)
        .reverse()
        .forEach((act) => act());
    },
  };
}

/**
 * Keep keys to the explorer that has the focus: in a notebook an arrow would go to another cell, and "d d" delete this
 * one. JupyterLab looks at a key after the explorer has seen it; Notebook 7 before, unless the element says otherwise.
 * With Ctrl, Alt or Command a key is not meant for a control, so saving still works.
 */
function keepKeys(el, listen) {
  const meant = (event) => !(event.ctrlKey || event.metaKey || event.altKey);
  const mark = (event) => {
    const [target] = event.composedPath();
    if (el.contains(target)) target.toggleAttribute("data-lm-suppress-shortcuts", meant(event));
  };
  listen(window, "keydown", mark, true); // before the document's own
  listen(el, "keydown", (event) => meant(event) && event.stopPropagation());
}

/** Keep several keys of the model, and tell a kernel. */
export function keep(model, values) {
  for (const [key, value] of Object.entries(values)) model.set(key, value);
  model.save_changes();
}

let numbered = 0;

/** Return an id that no other element has. */
export function fresh(stem = "nst") {
  numbered += 1;
  return `${stem}-${numbered}-${Math.random().toString(36).slice(2, 8)}`;
}

/** Say whether the reader asked for less motion. */
export function calm() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Call draw(t) with t from 0 to 1 over some milliseconds; at once with 1 where less motion is asked for. Returns a
 * stop.
 */
export function animate(milliseconds, draw) {
  if (calm()) {
    draw(1);
    return () => {};
  }
  let handle = 0;
  const start = performance.now();
  const step = (now) => {
    const t = Math.min(1, Math.max(0, (now - start) / milliseconds));
    draw(t);
    if (t < 1) handle = requestAnimationFrame(step);
  };
  handle = requestAnimationFrame(step);
  return () => cancelAnimationFrame(handle);
}

/** Return a function that calls `act` at most once for each frame that is drawn. */
export function perFrame(act) {
  let handle = 0;
  return () => {
    if (!handle)
      handle = requestAnimationFrame(() => {
        handle = 0;
        act();
      });
  };
}

// Controls ------------------------------------------------------------------------------------------------------------

/** A slider with its name and its live value. Handle: { root, input, value, set(value) }. */
export function slider({ label, min, max, step = 1, value, format = String, onInput }) {
  const input = h("input", { type: "range", min, max, step });
  const shown = h("span", { class: "nst-value", "aria-hidden": "true" });
  const root = h("label", { class: "nst-slider" }, h("span", { class: "nst-line" }, label, shown), input);
  const show = () => {
    shown.textContent = format(input.valueAsNumber);
    input.setAttribute("aria-valuetext", format(input.valueAsNumber));
  };
  const set = (next) => {
    input.value = next;
    show();
  };
  input.addEventListener("input", () => {
    show();
    onInput(input.valueAsNumber);
  });
  set(value);
  return {
    root,
    input,
    set,
    get value() {
      return input.valueAsNumber;
    },
  };
}

/** A button. Give `pressed` (true or false) for one that stays pressed; `mark(pressed)` on the handle changes it. */
export function button(label, onClick, { pressed, title } = {}) {
  const root = h("button", { type: "button", class: "nst-button", title, onclick: () => onClick() }, label);
  const mark = (state) => root.setAttribute("aria-pressed", String(state));
  if (pressed !== undefined) mark(pressed);
  return { root, mark };
}

/** One of several, all to be seen. `options`: [value, label] pairs. Handle: { root, value, set(value) }. */
export function choices({ legend, options, value, onChange }) {
  const name = fresh("choice");
  const entries = options.map(([key, label]) => {
    const input = h("input", { type: "radio", name, value: key, onchange: () => onChange(key) });
    return { key, input, root: h("label", {}, input, h("span", {}, label)) };
  });
  const set = (next) =>
    entries.forEach(({ key, input }) => {
      input.checked = key === next;
    });
  set(value);
  const row = h(
    "div",
    { class: "nst-segments" },
    entries.map((entry) => entry.root),
  );
  const root = h("fieldset", { class: "nst-choices" }, h("legend", {}, legend), row);
  return {
    root,
    set,
    get value() {
      return entries.find(({ input }) => input.checked)?.key;
    },
  };
}

/** One of many, in a list that opens. Handle: { root, input, set(value) }. */
export function select({ label, options, value, onChange }) {
  const input = h(
    "select",
    {},
    options.map(([key, text]) => h("option", { value: key }, text)),
  );
  input.value = value;
  input.addEventListener("change", () => onChange(input.value));
  return {
    root: h("label", { class: "nst-select" }, label, input),
    input,
    set(next) {
      input.value = next;
    },
  };
}

/** Yes or no. Handle: { root, input, set(value) }. */
export function toggle({ label, value, onChange }) {
  const input = h("input", { type: "checkbox" });
  input.checked = value;
  input.addEventListener("change", () => onChange(input.checked));
  return {
    root: h("label", { class: "nst-toggle" }, input, h("span", {}, label)),
    input,
    set(next) {
      input.checked = next;
    },
  };
}

/** Something with a caption below it; the caption's element is `caption` on the handle. */
export function figure(text, ...content) {
  const caption = h("figcaption", {}, text);
  return { root: h("figure", { class: "nst-figure" }, ...content, caption), caption };
}

/** A row of things that wraps. */
export function row(...children) {
  return h("div", { class: "nst-row" }, ...children);
}

/**
 * Steps in a row: a slider, a step back or on, and play, which stops at the end and begins again from there. Where less
 * motion is asked for nothing plays; the steps remain. Handle: { root, value, set(k), go(k) }: set moves the slider
 * alone.
 */
export function player(ui, { label, count, value = 0, format, onStep, milliseconds = 700 }) {
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.root.textContent = "Play";
  };
  const go = (k) => {
    const next = Math.max(0, Math.min(count - 1, k));
    if (next === track.value) return;
    track.set(next);
    onStep(next);
  };
  const by = (step) => () => {
    stop();
    go(track.value + step);
  };
  const play = button("Play", () => {
    if (timer) return stop();
    play.root.textContent = "Pause";
    if (track.value === count - 1) go(0);
    timer = setInterval(() => {
      go(track.value + 1);
      if (track.value === count - 1) stop();
    }, milliseconds);
    return null;
  });
  const track = slider({
    label,
    min: 0,
    max: count - 1,
    value,
    format,
    onInput(k) {
      stop();
      onStep(k);
    },
  });
  play.root.classList.add("nst-play");
  play.root.hidden = calm();
  ui.onEnd(stop);
  const root = row(
    h("div", { class: "nst-buttons" }, play.root, button("Back", by(-1)).root, button("Next", by(1)).root),
    track.root,
  );
  root.classList.add("nst-player");
  return {
    root,
    set: track.set,
    go(k) {
      stop();
      go(k);
    },
    get value() {
      return track.value;
    },
  };
}

// Numbers from Python -------------------------------------------------------------------------------------------------

/** Return what Python encoded: { shape, data } with data a Float32Array (bytes become 0 to 1). */
export function decode({ shape, kind, data }) {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  if (kind === "uint8") return { shape, data: Float32Array.from(bytes, (value) => value / 255) };
  if (kind === "float32") return { shape, data: new Float32Array(bytes.buffer) };
  if (kind === "float16") return { shape, data: Float32Array.from(new Uint16Array(bytes.buffer), halfToFloat) };
  throw new Error(`numbers come as uint8, float16 or float32, not as ${kind}`);
}

function halfToFloat(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : (2 ** -14 * fraction) / 1024);
}

/** Return a picture from its encoded form: { name, channels, height, width, data }, planes of 0 to 1. */
export function asPicture({ name, image }) {
  const {
    shape: [channels, height, width],
    data,
  } = decode(image);
  return { name, channels, height, width, data };
}

/** Return a number as text of about three digits, with a real minus sign. */
export function tidy(value, digits = 2) {
  const text =
    Math.abs(value) > 0 && Math.abs(value) < 0.5 * 10 ** -digits ? "0" : String(Number(value.toFixed(digits)));
  return text.replace("-", "−");
}

/** Return a number of any size as text of four digits. */
export function significant(value) {
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

/** Return a very small number as text: 0, or 3.1 · 10⁻⁷. */
export function tiny(value) {
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent > -4 && exponent < 5) return tidy(value, Math.max(0, 2 - exponent));
  const raised = [...String(exponent)].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");
  return `${(value / 10 ** exponent).toFixed(1)} · 10${raised}`;
}

/** Return an amount of bytes in words. */
export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Return a source of random numbers in [0, 1) that starts the same for the same seed (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Colors --------------------------------------------------------------------------------------------------------------

const MAPS = {
  gray: ["000000", "ffffff"],
  viridis: [
    "440154",
    "482475",
    "414487",
    "355f8d",
    "2a788e",
    "21918c",
    "22a884",
    "44bf70",
    "7ad151",
    "bddf26",
    "fde725",
  ],
  magma: ["000004", "140e36", "3b0f70", "641a80", "8c2981", "b73779", "de4968", "f7705c", "fe9f6d", "fecf92", "fcfdbf"],
  signed: [
    "053061",
    "2166ac",
    "4393c3",
    "92c5de",
    "d1e5f0",
    "f7f7f7",
    "fddbc7",
    "f4a582",
    "d6604d",
    "b2182b",
    "67001f",
  ],
};
const LUTS = {};

function lookup(name) {
  if (LUTS[name]) return LUTS[name];
  const stops = MAPS[name].map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  const table = new Uint8ClampedArray(256 * 3);
  for (let i = 0; i < 256; i += 1) {
    const at = (i / 255) * (stops.length - 1);
    const k = Math.min(stops.length - 2, Math.floor(at));
    for (let c = 0; c < 3; c += 1) table[3 * i + c] = stops[k][c] + (at - k) * (stops[k + 1][c] - stops[k][c]);
  }
  LUTS[name] = table;
  return table;
}

/** Return [r, g, b] of a value between `low` and `high`. */
export function color(value, { map = "gray", low = 0, high = 1 } = {}) {
  const table = lookup(map);
  const i = Math.max(0, Math.min(255, Math.round(((value - low) / (high - low || 1)) * 255)));
  return [table[3 * i], table[3 * i + 1], table[3 * i + 2]];
}

/** Return the color of text that is read best on a ground of [r, g, b]: black or white, by their contrast (WCAG 2). */
export function ink(ground) {
  const [r, g, b] = ground.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

/** Write a number into an element, on its color. */
export function tint(element, text, ground) {
  element.textContent = text;
  element.style.backgroundColor = `rgb(${ground.join(" ")})`;
  element.style.color = ink(ground);
}

/** Return the RGBA bytes of one plane of numbers, colored from `low` to `high`. */
export function paintPlane(data, { map = "gray", low = 0, high = 1, offset = 0, count = data.length } = {}) {
  const table = lookup(map);
  const pixels = new Uint8ClampedArray(4 * count);
  const scale = 255 / (high - low || 1);
  for (let p = 0; p < count; p += 1) {
    const i = 3 * Math.max(0, Math.min(255, Math.round((data[offset + p] - low) * scale)));
    pixels.set([table[i], table[i + 1], table[i + 2], 255], 4 * p);
  }
  return pixels;
}

/** Return the RGBA bytes of three planes of 0 to 1, shape (3, H, W), or of one gray plane. */
export function paintPicture({ data, channels, height, width }) {
  const count = height * width;
  const pixels = new Uint8ClampedArray(4 * count);
  for (let p = 0; p < count; p += 1) {
    for (let c = 0; c < 3; c += 1) pixels[4 * p + c] = 255 * data[channels === 3 ? c * count + p : p];
    pixels[4 * p + 3] = 255;
  }
  return pixels;
}

// A canvas ------------------------------------------------------------------------------------------------------------

/**
 * A picture or a map on a canvas, with marks on it and, if asked for, a cursor.
 *
 * cursor: { label, rows, columns, describe(row, column), onMove(row, column), hover, step }: the view takes the focus,
 * arrow keys move by `step` (Shift: by ten; Home, End, Page keys: to the borders), so do mouse, pen and finger. For
 * screen readers it is a slider whose text is what `describe` returns.
 *
 * Handle: { root, draw(pixels, height, width), mark(box, key, { tint, kind }), unmark(key), rename(label) } and, with a
 * cursor, { place(row, column), resize(rows, columns), at }; a box is { row, column, height, width } in pixels.
 */
export function view({ label, smooth = false, cursor = null }) {
  const canvas = h("canvas", { class: smooth ? "" : "nst-crisp" });
  const stage = h("div", { class: "nst-stage" }, canvas);
  const root = h("div", { class: "nst-view" }, stage);
  const context = canvas.getContext("2d");
  const marks = new Map();
  if (cursor) {
    canvas.setAttribute("aria-hidden", "true");
    stage.classList.add("nst-cursor");
  } else {
    stage.setAttribute("role", "img");
    stage.setAttribute("aria-label", label);
  }
  const handle = {
    root,
    stage,
    canvas,
    rename(text) {
      stage.setAttribute("aria-label", text);
    },
    draw(pixels, height, width) {
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      context.putImageData(new ImageData(pixels, width, height), 0, 0);
    },
    mark(box, key = "window", { tint, kind = "" } = {}) {
      let mark = marks.get(key);
      if (!mark) {
        mark = h("span", { class: `nst-mark ${kind}`, "data-key": key, "aria-hidden": "true" });
        marks.set(key, mark);
        stage.append(mark);
      }
      mark.hidden = !box;
      if (!box) return;
      const percent = (part, whole) => `${(100 * part) / whole}%`;
      mark.style.top = percent(box.row, canvas.height);
      mark.style.left = percent(box.column, canvas.width);
      mark.style.height = percent(box.height, canvas.height);
      mark.style.width = percent(box.width, canvas.width);
      if (tint) mark.style.setProperty("--nst-tint", tint);
    },
    unmark(key) {
      marks.get(key)?.remove();
      marks.delete(key);
    },
  };
  return cursor ? withCursor(handle, label, cursor) : handle;
}

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function withCursor(handle, label, { rows, columns, describe, onMove, hover = false, step = () => 1 }) {
  const { stage } = handle;
  const at = { row: 0, column: 0 };
  const inside = (value, count) => Math.max(0, Math.min(count - 1, value));
  Object.entries({ tabindex: 0, role: "slider", "aria-label": label, "aria-valuemin": 0 }).forEach(([key, value]) =>
    stage.setAttribute(key, value),
  );
  const place = (row, column) => {
    at.row = inside(row, rows);
    at.column = inside(column, columns);
    stage.setAttribute("aria-valuemax", rows * columns - 1);
    stage.setAttribute("aria-valuenow", at.row * columns + at.column);
    stage.setAttribute("aria-valuetext", describe(at.row, at.column));
  };
  const go = (row, column) => {
    const before = [at.row, at.column];
    [at.row, at.column] = [inside(row, rows), inside(column, columns)];
    if (before[0] === at.row && before[1] === at.column) return;
    onMove(at.row, at.column);
    place(at.row, at.column);
  };
  const goTo = (event) => {
    const box = handle.canvas.getBoundingClientRect();
    if (!box.width) return;
    go(
      Math.floor(((event.clientY - box.top) / box.height) * rows),
      Math.floor(((event.clientX - box.left) / box.width) * columns),
    );
  };
  follow(stage, { begin: goTo, hover: (event) => hover && event.pointerType === "mouse" && goTo(event) });
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const far = (event.shiftKey ? 10 : 1) * step();
    if (MOVES[event.key]) go(at.row + far * MOVES[event.key][0], at.column + far * MOVES[event.key][1]);
    else if (event.key === "Home") go(at.row, 0);
    else if (event.key === "End") go(at.row, columns - 1);
    else if (event.key === "PageUp") go(0, at.column);
    else if (event.key === "PageDown") go(rows - 1, at.column);
    else return;
    event.preventDefault();
  });
  return Object.assign(handle, {
    place,
    at,
    resize(height, width) {
      [rows, columns] = [height, width];
      place(at.row, at.column);
    },
  });
}

// Where pictures come from --------------------------------------------------------------------------------------------

/** Return the picture at an address, ready to be drawn. */
export async function loadImage(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

/**
 * Our own pictures, a file, a drop or a paste. `onPicture(picture)` gets { name, channels, height, width, data }.
 *
 * `ui` is what `frame` returned, `el` the explorer. `extra` are further elements for the row (a camera's button);
 * whoever adds one calls `take(picture)` on the handle; `back()` goes back to the first of ours. Nothing leaves the
 * reader's machine.
 */
export function pictureSource(ui, el, { pictures, size, onPicture, extra = [], legend = "Picture" }) {
  const own = pictures.map((picture) => [picture.name, picture.name]);
  const note = h("p", { class: "nst-note", role: "status" });
  const file = h("input", {
    type: "file",
    accept: "image/*",
    class: "nst-hidden",
    tabindex: -1,
    "aria-hidden": "true",
  });
  const open = button("Open your own …", () => file.click(), {
    title: "A file; you can also drop or paste a picture here. It stays on this machine.",
  });
  const chosen = choices({
    legend,
    options: own,
    value: own[0]?.[0],
    onChange: (name) => {
      note.textContent = "";
      onPicture(pictures.find((picture) => picture.name === name));
    },
  });
  const take = (picture) => {
    chosen.set(null);
    note.textContent = `${picture.name}, ${picture.width} × ${picture.height}`;
    ui.announce(`Picture: ${note.textContent} pixels.`);
    onPicture(picture);
  };
  const read = async (blob) => {
    try {
      take(await readPicture(blob, size));
    } catch (error) {
      note.textContent = error.message;
    }
  };
  const first = (transfer) =>
    [...(transfer?.files || [])].find((item) => item.type.startsWith("image/")) || transfer?.files?.[0];
  file.addEventListener("change", () => {
    if (file.files[0]) read(file.files[0]);
    file.value = "";
  });
  ui.listen(el, "dragover", (event) => {
    if ([...event.dataTransfer.types].includes("Files")) event.preventDefault();
  });
  ui.listen(el, "drop", (event) => {
    const dropped = first(event.dataTransfer);
    if (dropped) {
      event.preventDefault();
      read(dropped);
    }
  });
  ui.listen(document, "paste", (event) => {
    const pasted = first(event.clipboardData);
    if (pasted && (el.contains(document.activeElement) || el.matches(":hover"))) {
      event.preventDefault();
      read(pasted);
    }
  });
  const root = h("div", { class: "nst-source" }, chosen.root, open.root, file, ...extra, note);
  const back = () => {
    note.textContent = "";
    chosen.set(own[0][0]);
    onPicture(pictures[0]);
  };
  return { root, file, take, read, back, set: chosen.set };
}
