// Phases added to the waves of feature maps (chapter 07): common to all channels, they leave the Gram matrix as it is.
import { animate, asPicture, button, choices, decode, figure, frame, h, keep, paintPicture, perFrame, random, row, slider, toggle, view } from "./kit.js";
import { centered, gramBoard } from "./gram.js";

// Maths ---------------------------------------------------------------------------------------------------------------

function turns(size) {
  return Float64Array.from({ length: 2 * size }, (_, k) => (k < size ? Math.cos : Math.sin)((2 * Math.PI * (k % size)) / size));
}

/** Transform each line of `length` numbers, `step` apart and starting at each of `starts`: a sum over all of them, any length. */
function transformLines(re, im, length, step, starts, sign) {
  const table = turns(length);
  const [a, b] = [new Float64Array(length), new Float64Array(length)];
  for (const start of starts) {
    for (let k = 0; k < length; k += 1) {
      let [sumRe, sumIm] = [0, 0];
      for (let n = 0, turn = 0; n < length; n += 1) {
        const [c, s] = [table[turn], sign * table[length + turn]];
        const p = start + n * step;
        sumRe += re[p] * c - im[p] * s;
        sumIm += re[p] * s + im[p] * c;
        turn += k;
        if (turn >= length) turn -= length;
      }
      a[k] = sumRe;
      b[k] = sumIm;
    }
    for (let k = 0; k < length; k += 1) {
      re[start + k * step] = a[k];
      im[start + k * step] = b[k];
    }
  }
}

/** Return { re, im }, the Fourier transform of an H x W map, in the order of torch.fft.fft2; `sign` 1 is the way back, unscaled. */
export function fourier(re, im, height, width, sign = -1) {
  const result = { re: Float64Array.from(re), im: Float64Array.from(im) };
  transformLines(result.re, result.im, width, 1, Array.from({ length: height }, (_, y) => y * width), sign);
  transformLines(result.re, result.im, height, width, Array.from({ length: width }, (_, x) => x), sign);
  return result;
}

/**
 * Return random phases for H x W waves, opposite for opposite waves so that real maps stay real. A wave that is its own
 * opposite, the mean above all, keeps its phase.
 */
export function randomPhases(height, width, draw) {
  const phases = new Float64Array(height * width);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const other = ((height - y) % height) * width + ((width - x) % width);
      const p = y * width + x;
      if (p >= other) continue;
      phases[p] = (2 * draw() - 1) * Math.PI;
      phases[other] = -phases[p];
    }
  }
  return phases;
}

/** Return a map with `amount` times the phases added to its waves; `spectrum` is its transform. */
export function withPhases({ re, im }, phases, amount, height, width) {
  const count = height * width;
  const [a, b] = [new Float64Array(count), new Float64Array(count)];
  for (let p = 0; p < count; p += 1) {
    const [c, s] = [Math.cos(amount * phases[p]), Math.sin(amount * phases[p])];
    a[p] = (re[p] * c - im[p] * s) / count;
    b[p] = (re[p] * s + im[p] * c) / count;
  }
  return fourier(a, b, height, width, 1).re;
}

// The explorer --------------------------------------------------------------------------------------------------------

function render({ model, el }) {
  const ui = frame(el, "Explorer: phases and the Gram matrix");
  const { shape: [channels, height, width], data: maps } = decode(model.get("features"));
  const names = model.get("channels");
  const picture = asPicture({ name: "", image: model.get("picture") });
  let amount = model.get("amount");
  let seed = model.get("seed");
  let how = "common";
  let means = true;
  let used = maps;
  let stop = () => {};
  let phases = [];
  const count = height * width;
  const plane = (all, c) => all.subarray(c * count, (c + 1) * count);
  const zeros = new Float64Array(count);
  const spectra = names.map((_, c) => fourier(plane(maps, c), zeros, height, width));
  const colors = [0, 1, 2].map((c) => fourier(plane(picture.data, c), zeros, height, width));
  const photo = view({ label: "The picture" });
  const photoFigure = figure("", photo.root);
  const board = gramBoard(ui, { names, pair: model.get("pair"), lead: [photoFigure.root], onPair: (i, j) => keep(model, { pair: [i, j] }) });

  const deal = () => {
    const draw = random(seed);
    phases = Array.from({ length: channels + 2 }, () => randomPhases(height, width, draw));
  };
  const phase = (c) => phases[how === "common" ? 0 : c];
  function setOriginal() {
    used = means ? maps : centered(maps, channels);
    const ranges = names.map((_, c) => {
      const one = plane(used, c);
      const mean = one.reduce((sum, value) => sum + value, 0) / count;
      const spread = Math.sqrt(one.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count) || 1;
      return [mean - 1.5 * spread, mean + 3 * spread]; // phases change neither mean nor spread
    });
    board.setOriginal(used, height, width, (c) => ranges[c]);
  }
  function update() {
    photoFigure.caption.textContent = `the picture, ${how === "common" ? "the same phases for its three colors" : "each color with its own phases"}`;
    const changed = new Float64Array(maps.length);
    spectra.forEach((spectrum, c) => {
      const one = amount ? withPhases(spectrum, phase(c), amount, height, width) : Float64Array.from(plane(maps, c));
      const mean = means ? 0 : spectrum.re[0] / count;
      for (let p = 0; p < count; p += 1) changed[c * count + p] = one[p] - mean;
    });
    board.update(changed);
    const data = new Float32Array(3 * count);
    colors.forEach((spectrum, c) => data.set(amount ? withPhases(spectrum, phase(c), amount, height, width) : plane(picture.data, c), c * count));
    photo.draw(paintPicture({ ...picture, data }), height, width);
    photo.rename(`The picture with ${Math.round(100 * amount)} % of the phases`);
    keep(model, { amount, seed });
  }
  const later = perFrame(update);
  const slide = slider({
    label: "phases added", min: 0, max: 100, value: 100 * amount, format: (v) => `${v} %`,
    onInput(value) { stop(); amount = value / 100; later(); },
  });
  const travel = (goal) => {
    stop();
    const start = amount;
    stop = animate(900, (t) => { amount = Math.round(100 * (start + t * (goal - start))) / 100; slide.set(100 * amount); later(); });
  };
  const method = choices({
    legend: "Which phases?", value: how,
    options: [["common", "the same for all channels"], ["separate", "each channel its own"]],
    onChange(value) { how = value; update(); },
  });
  const without = toggle({ label: "means taken off", value: !means, onChange(on) { means = !on; setOriginal(); update(); } });
  const actions = h("div", { class: "nst-buttons" },
    button("Add all", () => travel(1)).root,
    button("Take away", () => travel(0)).root,
    button("Other phases", () => { seed += 1; deal(); update(); }).root);
  ui.onEnd(() => stop());
  el.append(row(method.root, without.root), row(slide.root, actions), board.root);
  deal();
  setOriginal();
  update();
  return ui.end;
}

export default { render };
