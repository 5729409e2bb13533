// The numbers of a photo under a magnifier: change them, and read them in other ways.
import {
  asPicture,
  choices,
  explorer,
  figure,
  frame,
  h,
  ink,
  keep,
  paintPicture,
  perFrame,
  pictureSource,
  row,
  slider,
  tidy,
  view,
} from "../kit/kit.js";
import { brighten, bytesOf, countBeyond, indexOf, LARGEST, readAs, windowStart, writtenAs } from "./maths.js";

const COLORS = ["red", "green", "blue"];
const MOST = 120; // that can be added: with more, all there was has wrapped around
const READINGS = {
  stored: { label: "as written", text: "Read in the order in which they were written." },
  bgr: { label: "blue first", text: "The first of a pixel's three numbers is taken for blue, the last for red." },
  planes: { label: "color by color", text: "Read as if all of red came first, then all of green, then all of blue." },
  network: {
    label: "for a network",
    text: "Blue first, less a mean color. A screen shows what is below 0 as black, and 1 or more as full.",
  },
};

// Text ----------------------------------------------------------------------------------------------------------------

/** Return one of the numbers of 0 to 1 as text, in bytes or in floats. */
const spoken = (value, form) => (form === "bytes" ? String(Math.round(LARGEST * value)) : tidy(value, 2));

/** Return a number of the picture as it is read. */
const shownNumber = (value, { reading, form }) => (reading === "network" ? tidy(value, 0) : spoken(value, form));

/** Return in words what a channel's number was written as. */
function origin({ reading, picture, row, column }, channel) {
  const { height, width } = picture;
  const from = writtenAs(indexOf(reading, channel, row * width + column, height * width), width);
  const color = COLORS[from.channel];
  return reading === "planes" ? `written as ${color} of row ${from.row}, column ${from.column}` : `written as ${color}`;
}

/** Return what was done with a stored number until it is shown: "200 + 90 = 290 → 34". */
function arithmetic({ form, brighter, reading, mean }, byte, value, channel) {
  const parts = [];
  if (brighter) {
    const sum = (byte + brighter) / LARGEST;
    const kept = byte + brighter > LARGEST ? ` → ${spoken(value, form)}` : "";
    parts.push(`${spoken(byte / LARGEST, form)} + ${spoken(brighter / LARGEST, form)} = ${spoken(sum, form)}${kept}`);
  }
  if (reading === "network") {
    const times = form === "bytes" ? "" : ` × ${LARGEST}`;
    const [less, left] = [mean[channel], LARGEST * value - mean[channel]];
    parts.push(`${spoken(value, form)}${times} − ${tidy(less, 1)} = ${tidy(left, 1)}`);
  }
  return parts.join("\n");
}

// Views ---------------------------------------------------------------------------------------------------------------

/** Return the three numbers of a pixel as it is read. */
function numbersAt({ planes, picture: { height, width } }, row, column) {
  return [0, 1, 2].map((c) => planes[c * height * width + row * width + column]);
}

/** Return red, green and blue of 0 to 255 as a screen shows them; of one channel alone, as gray. */
function groundOf(numbers, channel) {
  const bytes = numbers.map((value) => Math.round(LARGEST * Math.max(0, Math.min(1, value))));
  return channel === "all" ? bytes : Array(3).fill(bytes[COLORS.indexOf(channel)]);
}

function inWords(now, row, column) {
  const numbers = numbersAt(now, row, column).map((value, c) => `${COLORS[c]} ${shownNumber(value, now)}`);
  return `row ${row}, column ${column}, ${numbers.join(", ")}`;
}

/** The photo as it is read, with the window on it. Handle: { root, open(), paint(), mark() }; `onMove(row, column)`. */
function photoView(now, onMove) {
  const photo = view({
    label: "Photo, as it is read. Arrow keys move the magnifier.",
    cursor: {
      rows: now.picture.height,
      columns: now.picture.width,
      describe: (row, column) => inWords(now, row, column),
      onMove,
    },
  });
  const { root, caption } = figure("", photo.root);
  caption.classList.add("nst-how");
  return {
    root,
    open: () => photo.resize(now.picture.height, now.picture.width),
    paint() {
      photo.draw(
        paintPicture({ ...now.picture, channels: 3, data: now.planes }),
        now.picture.height,
        now.picture.width,
      );
      caption.textContent = READINGS[now.reading].text;
    },
    mark() {
      photo.mark({ row: now.top, column: now.left, height: now.rows, width: now.columns });
      photo.place(now.row, now.column);
    },
  };
}

/** The window, large, numbers on each square. Handle: { root, open(), paint() }; `onMove(row, column)` of the photo. */
function lensView(now, onMove) {
  const lens = view({
    label: "Magnifier. Arrow keys choose a pixel.",
    cursor: {
      rows: now.rows,
      columns: now.columns,
      describe: (row, column) => inWords(now, now.top + row, now.left + column),
      onMove: (row, column) => onMove(now.top + row, now.left + column),
    },
  });
  let cells = [];
  const digits = h("div", { class: "nst-digits", "aria-hidden": "true" });
  lens.stage.append(digits);
  lens.root.classList.add("nst-lens");
  return {
    root: lens.root,
    open() {
      cells = Array.from({ length: now.rows * now.columns }, () => h("span"));
      digits.style.setProperty("--nst-across", now.columns);
      digits.replaceChildren(...cells);
      lens.resize(now.rows, now.columns);
    },
    paint() {
      const pixels = new Uint8ClampedArray(4 * cells.length).fill(LARGEST);
      const chosen = COLORS.indexOf(now.channel);
      digits.dataset.channel = now.channel;
      cells.forEach((cell, k) => {
        const [y, x] = [Math.floor(k / now.columns), k % now.columns];
        const numbers = numbersAt(now, now.top + y, now.left + x);
        const ground = groundOf(numbers, now.channel);
        const wanted = chosen < 0 ? numbers : [numbers[chosen]];
        pixels.set(ground, 4 * k);
        cell.textContent = wanted.map((value) => shownNumber(value, now)).join("\n");
        cell.style.color = ink(ground);
      });
      lens.draw(pixels, now.rows, now.columns);
      const at = { row: now.row - now.top, column: now.column - now.left };
      lens.mark({ ...at, height: 1, width: 1 });
      lens.place(at.row, at.column);
    },
  };
}

/** The chosen pixel: a slider for each of its numbers. Handle: { root, show() }; `onChange(index, byte)`. */
function pixelSliders(now, onChange) {
  const legend = h("p", { class: "nst-legend" });
  const indexAt = (c) => {
    const { height, width } = now.picture;
    return indexOf(now.reading, c, now.row * width + now.column, height * width);
  };
  const parts = COLORS.map((label, c) => {
    const note = h("p", { class: "nst-note" });
    const bar = slider({
      label,
      min: 0,
      max: LARGEST,
      value: 0,
      format: (byte) => spoken(byte / LARGEST, now.form),
      onInput: (byte) => onChange(indexAt(c), byte),
    });
    return { bar, note, root: h("div", { "data-color": label }, bar.root, note) };
  });
  const columns = h(
    "div",
    { class: "nst-columns nst-stay nst-numbers", style: "--nst-columns: 3" },
    parts.map(({ root }) => root),
  );
  return {
    root: h("div", { role: "group", "aria-label": "Numbers of the chosen pixel" }, legend, columns),
    show() {
      legend.textContent = `The chosen pixel, row ${now.row}, column ${now.column}: change its numbers`;
      parts.forEach(({ bar, note }, c) => {
        const index = indexAt(c);
        const done = arithmetic(now, now.bytes[index], now.values[index], c);
        bar.set(now.bytes[index]);
        note.textContent = [origin(now, c), done].filter(Boolean).join("\n");
      });
    },
  };
}

/** How much is added, and in what. Handle: { root, show() }; `onOther(values)` hears what is to be changed. */
function brighterControls(now, onOther) {
  const forms = choices({
    legend: "Numbers are",
    options: [
      ["bytes", "bytes, 0 to 255"],
      ["floats", "floats, 0 to 1"],
    ],
    value: now.form,
    onChange: (form) => onOther({ form }),
  });
  const bar = slider({
    label: "add to each number",
    min: 0,
    max: MOST,
    value: now.brighter,
    format: (amount) => spoken(amount / LARGEST, now.form),
    onInput: (brighter) => onOther({ brighter }),
  });
  const verdict = h("p", { class: "nst-reading nst-beyond" });
  return {
    root: h("div", { class: "nst-brighter" }, forms.root, bar.root, verdict),
    show() {
      const beyond = countBeyond(now.bytes, now.brighter);
      const share = tidy((100 * beyond) / now.bytes.length, 1);
      const [end, fate] = now.form === "bytes" ? [LARGEST, "begin again at 0"] : [1, "stay at 1"];
      bar.set(now.brighter);
      verdict.replaceChildren(
        ...(beyond
          ? [h("strong", { class: "nst-share" }, `${share}%`), ` pass ${end} and ${fate}.`]
          : [`None pass ${end}.`]),
      );
    },
    said: () => verdict.textContent,
  };
}

// The explorer --------------------------------------------------------------------------------------------------------

/** What is chosen and what follows from it; `open(picture, place)`, `goTo(row, column)` and `compute()` change it. */
function reader(model) {
  const names = ["row", "column", "top", "left", "reading", "form", "channel", "brighter", "mean"];
  const now = Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const side = model.get("window");
  return Object.assign(now, {
    changes: new Map(),
    /** Take another picture, and its numbers as they were but for `changes`: row, column, channel and byte of each. */
    open(picture, changes = []) {
      now.picture = picture;
      now.bytes = bytesOf(picture);
      now.rows = Math.min(side, picture.height);
      now.columns = Math.min(side, picture.width);
      now.changes.clear();
      changes.forEach(([row, column, channel, byte]) => now.change(3 * (row * picture.width + column) + channel, byte));
    },
    change(index, byte) {
      now.bytes[index] = byte;
      now.changes.set(index, byte);
    },
    /** Choose a pixel, and put the window around it. */
    goTo(row, column) {
      Object.assign(now, { row, column });
      now.top = windowStart(row, now.rows, now.picture.height);
      now.left = windowStart(column, now.columns, now.picture.width);
    },
    compute() {
      now.values = brighten(now.bytes, now.brighter, now.form);
      now.planes = readAs(now.reading, now.values, now.picture.height * now.picture.width, now.mean);
    },
    /** Return what a kernel is told. */
    state() {
      const changes = [...now.changes].map(([index, byte]) => {
        const { channel, row, column } = writtenAs(index, now.picture.width);
        return [row, column, channel, byte];
      });
      const told = names.filter((name) => name !== "mean").map((name) => [name, now[name]]);
      return { ...Object.fromEntries(told), changes };
    },
  });
}

function render({ model, el }) {
  const ui = frame(el, {
    title: "A photo as numbers",
    task: "Which way of reading the same numbers still looks like a photo, and is wrong? Nothing will warn you.",
  });
  const pictures = model.get("pictures").map(asPicture);
  const first = pictures.find(({ name }) => name === model.get("picture"));
  const now = reader(model);
  now.open(first ?? pictures[0], first ? model.get("changes") : []);
  let over = false;
  ui.onEnd(() => {
    over = true;
  });

  const photo = photoView(now, (row, column) => {
    now.goTo(row, column);
    look();
  });
  const lens = lensView(now, (row, column) => {
    Object.assign(now, { row, column });
    look();
  });
  const sliders = pixelSliders(now, (index, byte) => {
    now.change(index, byte);
    look({ anew: true });
  });
  const other = (values) => {
    Object.assign(now, values);
    look({ anew: true, said: "reading" in values ? READINGS[now.reading].text : adding.said });
  };
  const adding = brighterControls(now, other);
  const reading = choices({
    legend: "Read them",
    options: Object.entries(READINGS).map(([key, { label }]) => [key, label]),
    value: now.reading,
    onChange: (key) => other({ reading: key }),
  });
  const channel = choices({
    legend: "In the magnifier",
    options: [["all", "all three"], ...COLORS.map((name) => [name, name])],
    value: now.channel,
    onChange(key) {
      now.channel = key;
      look();
    },
  });
  const source = pictureSource(ui, el, {
    pictures,
    size: model.get("size"),
    onPicture(picture) {
      now.open(picture);
      now.goTo(Math.floor(picture.height / 2), Math.floor(picture.width / 2));
      begin();
      keep(model, { picture: picture.name });
      look();
    },
  });
  const paintLater = perFrame(() => over || photo.paint());

  /** Show all that is chosen; `anew` computes the numbers and, before the next frame, paints the photo. */
  function look({ anew = false, said } = {}) {
    if (anew) now.compute();
    if (anew) paintLater();
    photo.mark();
    lens.paint();
    sliders.show();
    adding.show();
    keep(model, now.state());
    const words = typeof said === "function" ? said() : said;
    ui.announce(words ?? `Magnifier: ${inWords(now, now.row, now.column)}.`);
  }

  function begin() {
    now.compute();
    photo.open();
    lens.open();
    photo.paint();
  }

  const left = h("div", {}, photo.root, adding.root);
  const right = h("div", {}, lens.root, channel.root);
  el.append(row(source.root, reading.root), h("div", { class: "nst-reader" }, left, right), sliders.root);
  source.set(now.picture.name);
  begin();
  look();
  return ui.end;
}

export default explorer(render);
