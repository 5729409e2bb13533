// Phases added to the waves of feature maps (chapter 07): common to all channels, they leave the Gram matrix as it is.
import {
  animate,
  asPicture,
  button,
  choices,
  decode,
  figure,
  frame,
  h,
  keep,
  paintPicture,
  perFrame,
  random,
  row,
  slider,
  toggle,
  view,
} from "../kit/kit.js";
import { centered, gramBoard } from "../gram/gram.js";

// Maths ---------------------------------------------------------------------------------------------------------------

const TURNS = new Map();

/** Return cosines and sines of k / size turns, for k = 0 .. size - 1. */
function turns(size) {
  if (!TURNS.has(size)) {
    const angle = (k) => (2 * Math.PI * k) / size;
    TURNS.set(
      size,
      Float64Array.from({ length: 2 * size }, (_, k) => (k < size ? Math.cos(angle(k)) : Math.sin(angle(k - size)))),
    );
  }
  return TURNS.get(size);
}

/**
 * Return [re, im], the transform of `size` numbers that lie `step` apart from `start` on: of an even number of them by the
 * transforms of every other one (Cooley and Tukey), else as the sum that it is. Any size works; powers of 2 are quick.
 */
function transformLine(re, im, start, step, size, sign) {
  const table = turns(size);
  const [a, b] = [new Float64Array(size), new Float64Array(size)];
  if (size % 2 === 0 && size > 8) {
    const half = size / 2;
    const [evenRe, evenIm] = transformLine(re, im, start, 2 * step, half, sign);
    const [oddRe, oddIm] = transformLine(re, im, start + step, 2 * step, half, sign);
    for (let k = 0; k < half; k += 1) {
      const [c, s] = [table[k], sign * table[size + k]];
      const [turnedRe, turnedIm] = [oddRe[k] * c - oddIm[k] * s, oddRe[k] * s + oddIm[k] * c];
      [a[k], b[k]] = [evenRe[k] + turnedRe, evenIm[k] + turnedIm];
      [a[k + half], b[k + half]] = [evenRe[k] - turnedRe, evenIm[k] - turnedIm];
    }
    return [a, b];
  }
  for (let k = 0; k < size; k += 1) {
    for (let n = 0, turn = 0, p = start; n < size; n += 1, p += step) {
      const [c, s] = [table[turn], sign * table[size + turn]];
      a[k] += re[p] * c - im[p] * s;
      b[k] += re[p] * s + im[p] * c;
      turn = (turn + k) % size;
    }
  }
  return [a, b];
}

function transformLines({ re, im }, size, step, starts, sign) {
  for (const start of starts) {
    const [a, b] = transformLine(re, im, start, step, size, sign);
    for (let k = 0; k < size; k += 1) [re[start + k * step], im[start + k * step]] = [a[k], b[k]];
  }
}

/** Return { re, im }, the Fourier transform of an H x W map, in the order of torch.fft.fft2; `sign` 1 is the way back, unscaled. */
export function fourier(re, im, height, width, sign = -1) {
  const result = { re: Float64Array.from(re), im: Float64Array.from(im) };
  transformLines(
    result,
    width,
    1,
    Array.from({ length: height }, (_, y) => y * width),
    sign,
  );
  transformLines(
    result,
    height,
    width,
    Array.from({ length: width }, (_, x) => x),
    sign,
  );
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
  const {
    shape: [channels, height, width],
    data: maps,
  } = decode(model.get("features"));
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
  const board = gramBoard(ui, {
    names,
    pair: model.get("pair"),
    lead: [photoFigure.root],
    onPair: (i, j) => keep(model, { pair: [i, j] }),
  });

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
    colors.forEach((spectrum, c) =>
      data.set(amount ? withPhases(spectrum, phase(c), amount, height, width) : plane(picture.data, c), c * count),
    );
    photo.draw(paintPicture({ ...picture, data }), height, width);
    photo.rename(`The picture with ${Math.round(100 * amount)} % of the phases`);
    keep(model, { amount, seed });
  }
  const later = perFrame(update);
  const slide = slider({
    label: "phases added",
    min: 0,
    max: 100,
    value: 100 * amount,
    format: (v) => `${v} %`,
    onInput(value) {
      stop();
      amount = value / 100;
      later();
    },
  });
  const travel = (goal) => {
    stop();
    const start = amount;
    stop = animate(900, (t) => {
      amount = Math.round(100 * (start + t * (goal - start))) / 100;
      slide.set(100 * amount);
      later();
    });
  };
  const method = choices({
    legend: "Which phases?",
    value: how,
    options: [
      ["common", "the same for all channels"],
      ["separate", "each channel its own"],
    ],
    onChange(value) {
      how = value;
      update();
    },
  });
  const without = toggle({
    label: "means taken off",
    value: !means,
    onChange(on) {
      means = !on;
      setOriginal();
      update();
    },
  });
  const actions = h(
    "div",
    { class: "nst-buttons" },
    button("Add all", () => travel(1)).root,
    button("Take away", () => travel(0)).root,
    button("Other phases", () => {
      seed += 1;
      deal();
      update();
    }).root,
  );
  ui.onEnd(() => stop());
  el.append(row(method.root, without.root), row(slide.root, actions), board.root);
  deal();
  setOriginal();
  update();
  return ui.end;
}

export default { render };
