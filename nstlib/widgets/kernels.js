// A kernel of 3 x 3 numbers over a photo (chapter 02): the window, its nine products, and the answer everywhere.
import { animate, asPicture, button, choices, color, figure, frame, h, keep, paintPlane, perFrame, pictureSource, row, tidy, tint, view } from "./kit.js";

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
  const slow = (row, column) => windowAt(image, row, column, border).reduce((sum, pixel, k) => sum + pixel * weights[k], 0);
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

function render({ model, el }) {
  const ui = frame(el, "Explorer: a kernel over a photo");
  const pictures = model.get("pictures").map(asPicture);
  const size = model.get("size");
  let image = grayBytes(pictures[0]);
  let weights = [...model.get("weights")];
  let divisor = model.get("divisor");
  let border = model.get("border");
  let shown = "auto";
  let [y, x] = [model.get("row"), model.get("column")];
  let answer = null;
  let stop = () => {};

  const describe = (row, column) => `row ${row}, column ${column}, pixel ${image.data[row * image.width + column]}`;
  const onMove = (row, column) => { [y, x] = [row, column]; keep(model, { row, column }); look(); };
  const photo = view({
    label: "Photo in gray. Arrow keys move the window.",
    cursor: { rows: image.height, columns: image.width, describe, onMove, hover: true },
  });
  const result = view({ label: "The kernel's answer at every pixel" });
  const photoFigure = figure("photo, in gray: drag the window", photo.root);
  const resultFigure = figure("", result.root);

  // The three tables and the sum.
  const table = (cells, name, caption) => h("div", { class: `nst-table ${name}`, role: "group", "aria-label": caption }, h("p", { class: "nst-legend" }, caption), h("div", { class: "nst-grid" }, cells));
  const cells = () => Array.from({ length: 9 }, () => h("span", { class: "nst-cell" }));
  const below = cells();
  const products = cells();
  const place = (k) => `row ${Math.floor(k / 3) + 1}, column ${(k % 3) + 1}`;
  const inputs = Array.from({ length: 9 }, (_, k) => h("input", {
    type: "number", step: "any", class: "nst-cell nst-number", "aria-label": `weight in ${place(k)}`,
    oninput: (event) => edit(() => { weights[k] = Number.isFinite(event.target.valueAsNumber) ? event.target.valueAsNumber : 0; }),
  }));
  const by = h("input", {
    type: "number", step: "any", class: "nst-number nst-by", "aria-label": "divide by",
    oninput: (event) => edit(() => { if (event.target.valueAsNumber) divisor = event.target.valueAsNumber; }),
  });
  const sum = h("strong", { class: "nst-sum" });
  const quotient = h("strong", { class: "nst-quotient" });
  const ending = h("p", { class: "nst-reading nst-ending" }, "sum ", sum, " divided by ", by, " gives ", quotient);
  const sign = (text) => h("span", { class: "nst-sign", "aria-hidden": "true" }, text);
  const equation = h("div", { class: "nst-equation" }, table(below, "nst-below", "pixels"), sign("×"), table(inputs, "nst-weights", "kernel: change it"), sign("="), table(products, "nst-products", "products"), ending);

  // Controls.
  const chips = Object.entries(PRESETS).map(([name, preset]) => {
    const chip = button(name, () => { weights = [...preset.weights]; divisor = preset.divisor; shown = "auto"; showing.set(shown); fill(); change(true); ui.announce(`Kernel: ${name}.`); }, { pressed: false });
    return { name, chip };
  });
  const borders = choices({
    legend: "Beyond the border",
    options: [["zeros", "zeros"], ["edge", "the edge pixels again"]],
    value: border,
    onChange(value) { border = value; change(); },
  });
  const showing = choices({
    legend: "Show the answer as",
    options: [["auto", "what fits"], ["picture", "a picture, 0 to 255"], ["signed", "a signed map"]],
    value: shown,
    onChange(value) { shown = value; paint(); },
  });
  const source = pictureSource(ui, el, {
    pictures, size,
    onPicture(picture) {
      image = grayBytes(picture);
      [y, x] = [Math.floor(image.height / 2), Math.floor(image.width / 2)];
      photo.draw(paintPlane(image.data, { low: 0, high: 255 }), image.height, image.width);
      photo.resize(image.height, image.width);
      photo.place(y, x);
      change();
    },
  });

  const signed = () => (shown === "auto" ? Math.abs(weights.reduce((a, b) => a + b, 0)) < 1e-6 : shown === "signed");
  let painted = null;

  function edit(act) { act(); change(); }

  function fill() {
    inputs.forEach((input, k) => { input.value = weights[k]; });
    by.value = divisor;
  }

  /** Show the answer, down to the row that the sliding kernel has reached. */
  function paint(rows = image.height) {
    const options = signed() ? { map: "signed", low: -reach(answer), high: reach(answer) } : { low: 0, high: 255 };
    painted = paintPlane(answer, options);
    if (rows < image.height) painted.fill(0, 4 * rows * image.width);
    result.draw(painted, image.height, image.width);
    resultFigure.caption.textContent = signed()
      ? `answer: blue is negative, red positive (±${tidy(options.high, 0)} and more), white 0`
      : "answer: black is 0 and less, white 255 and more";
    result.rename(`The kernel's answer at every pixel. ${resultFigure.caption.textContent}`);
  }

  function slide() {
    stop();
    answer = convolve(image, weights, divisor, border);
    stop = animate(700, (t) => paint(Math.round(t * image.height)));
  }

  function look() {
    const box = { row: y - 1, column: x - 1, height: 3, width: 3 };
    photo.mark(box);
    result.mark({ row: y, column: x, height: 1, width: 1 });
    const pixels = windowAt(image, y, x, border);
    const bound = Math.max(...weights.map((w) => Math.abs(w * 255)), 1);
    let total = 0;
    pixels.forEach((pixel, k) => {
      const product = pixel * weights[k];
      total += product;
      tint(below[k], tidy(pixel, 0), color(pixel, { high: 255 }));
      tint(products[k], tidy(product, 1), color(product, { map: "signed", low: -bound, high: bound }));
    });
    sum.textContent = tidy(total, 1);
    quotient.textContent = tidy(total / divisor, 1);
    ui.announce(`Row ${y}, column ${x}: sum ${tidy(total, 1)}, answer ${tidy(total / divisor, 1)}.`);
  }

  let over = false;
  ui.onEnd(() => { over = true; stop(); });
  const later = perFrame(() => {
    if (over) return;
    stop();
    answer = convolve(image, weights, divisor, border);
    paint();
  });

  function change(sliding = false) {
    chips.forEach(({ name, chip }) => {
      const preset = PRESETS[name];
      chip.mark(preset.divisor === divisor && preset.weights.every((weight, k) => weight === weights[k]));
    });
    by.setAttribute("aria-invalid", String(!by.valueAsNumber));
    keep(model, { weights: [...weights], divisor, border });
    look();
    if (sliding) slide();
    else later();
  }

  el.append(
    row(source.root),
    h("div", { class: "nst-presets", role: "group", "aria-label": "Kernel" }, h("p", { class: "nst-legend", "aria-hidden": "true" }, "Kernel"), h("div", { class: "nst-buttons" }, chips.map(({ chip }) => chip.root))),
    h("div", { class: "nst-columns" }, photoFigure.root, resultFigure.root),
    equation,
    row(borders.root, showing.root),
  );
  photo.draw(paintPlane(image.data, { low: 0, high: 255 }), image.height, image.width);
  photo.place(y, x);
  fill();
  answer = convolve(image, weights, divisor, border);
  paint();
  change();
  return ui.end;
}

export default { render };
