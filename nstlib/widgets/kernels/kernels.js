// A kernel of 3 x 3 numbers over a photo: the window, its nine products, and the answer everywhere.
import {
  animate,
  asPicture,
  button,
  choices,
  color,
  explorer,
  figure,
  frame,
  h,
  keep,
  paintPlane,
  perFrame,
  pictureSource,
  row,
  tidy,
  tint,
  view,
} from "../kit/kit.js";

// Maths ---------------------------------------------------------------------------------------------------------------

export const PRESETS = {
  "as it is": { weights: [0, 0, 0, 0, 1, 0, 0, 0, 0], divisor: 1 },
  mean: { weights: [1, 1, 1, 1, 1, 1, 1, 1, 1], divisor: 9 },
  bell: { weights: [1, 2, 1, 2, 4, 2, 1, 2, 1], divisor: 16 },
  sharpen: { weights: [0, -1, 0, -1, 5, -1, 0, -1, 0], divisor: 1 },
  "brighter below": { weights: [-1, -2, -1, 0, 0, 0, 1, 2, 1], divisor: 8 },
  "brighter at the right": { weights: [-1, 0, 1, -2, 0, 2, -1, 0, 1], divisor: 8 },
  "unlike its neighbors": { weights: [0, -1, 0, -1, 4, -1, 0, -1, 0], divisor: 4 },
  emboss: { weights: [-2, -1, 0, -1, 1, 1, 0, 1, 2], divisor: 1 },
};

/** Return the pixel at (row, column); beyond the border 0, or with "edge" the nearest pixel. */
export function pixelAt({ data, height, width }, row, column, border) {
  const inside = row >= 0 && row < height && column >= 0 && column < width;
  if (!inside && border === "zeros") return 0;
  const y = Math.max(0, Math.min(height - 1, row));
  const x = Math.max(0, Math.min(width - 1, column));
  return data[y * width + x];
}

/** Return the nine pixels below the window around (row, column), row by row. */
export function windowAt(image, row, column, border) {
  return Array.from({ length: 9 }, (_, k) => pixelAt(image, row + Math.floor(k / 3) - 1, column + (k % 3) - 1, border));
}

/** Return the kernel's answer at each pixel: products with the window around it, summed, divided. Not turned around. */
export function convolve(image, weights, divisor, border) {
  const { data, height, width } = image;
  const result = new Float32Array(height * width);
  const slow = (row, column) =>
    windowAt(image, row, column, border).reduce((sum, pixel, k) => sum + pixel * weights[k], 0);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const p = y * width + x;
      let sum = 0;
      if (y === 0 || x === 0 || y === height - 1 || x === width - 1) sum = slow(y, x);
      else for (let k = 0; k < 9; k += 1) sum += weights[k] * data[p + (Math.floor(k / 3) - 1) * width + (k % 3) - 1];
      result[p] = sum / divisor;
    }
  }
  return result;
}

/** Return a picture in gray, 0 to 255 in whole numbers: the mean of its colors. */
export function grayBytes({ data, channels, height, width }) {
  const count = height * width;
  const gray = new Float32Array(count);
  for (let p = 0; p < count; p += 1) {
    let sum = 0;
    for (let c = 0; c < channels; c += 1) sum += data[c * count + p];
    gray[p] = Math.round((255 * sum) / channels);
  }
  return { data: gray, height, width };
}

/** Return the value that 99 of 100 are smaller than, in size: so that a few extremes do not make all else pale. */
export function reach(values) {
  const sorted = Float32Array.from(values, Math.abs).sort();
  return Math.max(sorted[Math.floor(0.99 * (sorted.length - 1))], 1e-6);
}

// The explorer --------------------------------------------------------------------------------------------------------

/**
 * The nine pixels times the nine weights, their products and what comes out. `onWeight(k, value)` and
 * `onDivisor(value)`.
 */
function equationBoard({ onWeight, onDivisor }) {
  const plain = () => Array.from({ length: 9 }, () => h("span", { class: "nst-cell" }));
  const [below, products] = [plain(), plain()];
  const inputs = Array.from({ length: 9 }, (_, k) =>
    h("input", {
      type: "number",
      step: "any",
      class: "nst-cell nst-number",
      "aria-label": `weight in row ${Math.floor(k / 3) + 1}, column ${(k % 3) + 1}`,
      oninput: (event) => onWeight(k, event.target.valueAsNumber || 0),
    }),
  );
  const by = h("input", {
    type: "number",
    step: "any",
    class: "nst-number nst-by",
    "aria-label": "divide by",
    oninput() {
      by.setAttribute("aria-invalid", String(!by.valueAsNumber));
      if (by.valueAsNumber) onDivisor(by.valueAsNumber);
    },
  });
  const sum = h("strong", { class: "nst-sum" });
  const quotient = h("strong", { class: "nst-quotient" });
  const table = (cells, name, caption) => {
    const heading = h("p", { class: "nst-legend" }, caption);
    return h("div", { class: `nst-table ${name}`, role: "group", "aria-label": caption }, heading, grid(cells));
  };
  const grid = (cells) => h("div", { class: "nst-grid" }, cells);
  const sign = (text) => h("span", { class: "nst-sign", "aria-hidden": "true" }, text);
  const root = h(
    "div",
    { class: "nst-equation" },
    table(below, "nst-below", "pixels"),
    sign("×"),
    table(inputs, "nst-weights", "kernel: change it"),
    sign("="),
    table(products, "nst-products", "products"),
    h("p", { class: "nst-reading nst-ending" }, "sum ", sum, " divided by ", by, " gives ", quotient),
  );
  return {
    root,
    fill(weights, divisor) {
      inputs.forEach((input, k) => {
        input.value = weights[k];
      });
      by.value = divisor;
      by.removeAttribute("aria-invalid");
    },
    /** Show the products of these pixels, and return the sum and the answer as text. */
    show(pixels, weights, divisor) {
      const bound = 255 * Math.max(...weights.map(Math.abs), 1 / 255);
      pixels.forEach((pixel, k) => {
        const product = pixel * weights[k];
        tint(below[k], tidy(pixel, 0), color(pixel, { high: 255 }));
        tint(products[k], tidy(product, 1), color(product, { map: "signed", low: -bound, high: bound }));
      });
      const total = pixels.reduce((all, pixel, k) => all + pixel * weights[k], 0);
      sum.textContent = tidy(total, 1);
      quotient.textContent = tidy(total / divisor, 1);
      return [sum.textContent, quotient.textContent];
    },
  };
}

/** The kernels to start from, as a row of buttons; `mark(weights, divisor)` shows which of them it is. */
function presetRow(onChoose) {
  const chips = Object.keys(PRESETS).map((name) => ({
    name,
    chip: button(name, () => onChoose(name), { pressed: false }),
  }));
  const same = (name, weights, divisor) =>
    PRESETS[name].divisor === divisor && PRESETS[name].weights.every((weight, k) => weight === weights[k]);
  const heading = h("p", { class: "nst-legend", "aria-hidden": "true" }, "Kernel");
  const buttons = h(
    "div",
    { class: "nst-buttons" },
    chips.map(({ chip }) => chip.root),
  );
  return {
    root: h("div", { class: "nst-presets", role: "group", "aria-label": "Kernel" }, heading, buttons),
    mark: (weights, divisor) => chips.forEach(({ name, chip }) => chip.mark(same(name, weights, divisor))),
  };
}

/**
 * The photo under the window. `now` is where; `onMove()` hears that it is elsewhere. Handle: { root, show(now),
 * mark(now) }.
 */
function photoView(now, onMove) {
  const photo = view({
    label: "Photo in gray. Arrow keys move the window.",
    cursor: {
      rows: now.image.height,
      columns: now.image.width,
      hover: true,
      describe: (row, column) =>
        `row ${row}, column ${column}, pixel ${now.image.data[row * now.image.width + column]}`,
      onMove(row, column) {
        Object.assign(now, { row, column });
        onMove();
      },
    },
  });
  return {
    root: photo.root,
    show({ image, row, column }) {
      photo.draw(paintPlane(image.data, { high: 255 }), image.height, image.width);
      photo.resize(image.height, image.width);
      photo.place(row, column);
    },
    mark: ({ row, column }) => photo.mark({ row: row - 1, column: column - 1, height: 3, width: 3 }),
  };
}

/** The kernel's answer. Handle: { root, paint(answer, now, rows), mark(now) }: painted down to a row. */
function answerView() {
  const result = view({ label: "The kernel's answer at every pixel" });
  const { root, caption } = figure("", result.root);
  return {
    root,
    paint(answer, { image, weights, shown }, rows = image.height) {
      const balanced = Math.abs(weights.reduce((a, b) => a + b, 0)) < 1e-6;
      const signed = shown === "auto" ? balanced : shown === "signed";
      const high = signed ? reach(answer) : 255;
      const painted = paintPlane(answer, signed ? { map: "signed", low: -high, high } : { high });
      painted.fill(0, 4 * rows * image.width);
      result.draw(painted, image.height, image.width);
      caption.textContent = signed
        ? `answer: blue is negative, red positive (±${tidy(high, 0)} and more), white 0`
        : "answer: black is 0 and less, white 255 and more";
      result.rename(`The kernel's answer at every pixel. ${caption.textContent}`);
    },
    mark: ({ row, column }) => result.mark({ row, column, height: 1, width: 1 }),
  };
}

/** What lies beyond the border, and how the answer is shown. `onOther({ border })` or `({ shown })` hears of it. */
function answerChoices({ border, shown }, onOther) {
  const borders = choices({
    legend: "Beyond the border",
    options: [
      ["zeros", "zeros"],
      ["edge", "the edge pixels again"],
    ],
    value: border,
    onChange: (value) => onOther({ border: value }),
  });
  const showing = choices({
    legend: "Show the answer as",
    options: [
      ["auto", "what fits"],
      ["picture", "a picture, 0 to 255"],
      ["signed", "a signed map"],
    ],
    value: shown,
    onChange: (value) => onOther({ shown: value }),
  });
  return { root: row(borders.root, showing.root), showing };
}

function render({ model, el }) {
  const ui = frame(el, {
    title: "A kernel over a photo",
    task: "Drag the window across an edge and watch the nine products. Then change one number of the kernel.",
  });
  const pictures = model.get("pictures").map(asPicture);
  const [divisor, border, row, column] = ["divisor", "border", "row", "column"].map((key) => model.get(key));
  const now = { image: grayBytes(pictures[0]), weights: [...model.get("weights")], divisor, border, row, column };
  now.shown = "auto";
  let stop = () => {};
  let over = false;
  ui.onEnd(() => {
    over = true;
    stop();
  });

  const photo = photoView(now, () => {
    keep(model, { row: now.row, column: now.column });
    look();
  });
  const result = answerView();
  const equation = equationBoard({
    onWeight(k, value) {
      now.weights[k] = value;
      change();
    },
    onDivisor: (value) => change({ divisor: value }),
  });
  const presets = presetRow((name) => {
    const preset = { weights: [...PRESETS[name].weights], divisor: PRESETS[name].divisor, shown: "auto" };
    form.showing.set(preset.shown);
    equation.fill(preset.weights, preset.divisor);
    change(preset, { sliding: true });
  });
  const form = answerChoices(now, (other) => change(other));
  const source = pictureSource(ui, el, {
    pictures,
    size: model.get("size"),
    onPicture(picture) {
      const image = grayBytes(picture);
      Object.assign(now, { image, row: Math.floor(image.height / 2), column: Math.floor(image.width / 2) });
      photo.show(now);
      change();
    },
  });

  /** Show what lies below the window. */
  function look() {
    const { image, weights, divisor, border, row, column } = now;
    photo.mark(now);
    result.mark(now);
    const [sum, quotient] = equation.show(windowAt(image, row, column, border), weights, divisor);
    ui.announce(`Row ${row}, column ${column}: sum ${sum}, answer ${quotient}.`);
  }
  const compute = () => convolve(now.image, now.weights, now.divisor, now.border);
  const later = perFrame(() => over || result.paint(compute(), now));

  function change(values = {}, { sliding = false } = {}) {
    Object.assign(now, values);
    stop();
    presets.mark(now.weights, now.divisor);
    keep(model, { weights: [...now.weights], divisor: now.divisor, border: now.border });
    look();
    if (!sliding) return later();
    const answer = compute();
    stop = animate(700, (t) => result.paint(answer, now, Math.round(t * now.image.height)));
  }

  const framed = figure("photo, in gray: drag the window", photo.root).root;
  const pair = h("div", { class: "nst-columns" }, framed, result.root);
  el.append(h("div", { class: "nst-row" }, source.root), presets.root, pair, equation.root, form.root);
  photo.show(now);
  equation.fill(now.weights, now.divisor);
  presets.mark(now.weights, now.divisor);
  result.paint(compute(), now);
  look();
  return ui.end;
}

export default explorer(render);
