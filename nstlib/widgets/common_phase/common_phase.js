// Phases added to the waves of feature maps: common to all channels, they leave the Gram matrix as it is.
import {
  asPicture,
  button,
  choices,
  decode,
  explorer,
  figure,
  frame,
  h,
  keep,
  paintPicture,
  perFrame,
  random,
  row,
  toggle,
  view,
} from "../kit/kit.js";
import { centered, gramBoard, shareSlider } from "../gram/gram.js";

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
 * Return [re, im], the transform of `size` numbers that lie `step` apart from `start` on: of an even number of them by
 * the transforms of every other one (Cooley and Tukey), else as the sum that it is. Any size works; powers of 2 are
 * quick.
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

/**
 * Return { re, im }, the Fourier transform of an H x W map, in the order of torch.fft.fft2; `sign` 1 is the way back,
 * unscaled.
 */
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

/**
 * Maps whose waves can be given phases. Handle: { use(phases), mean(c), shifted(c, amount, common) }: map c with so
 * much of its phases, or of those of map 0 if they are common.
 */
function phaser(planes, height, width) {
  const zeros = new Float64Array(height * width);
  const spectra = planes.map((plane) => fourier(plane, zeros, height, width));
  let phases = [];
  return {
    use(dealt) {
      phases = dealt;
    },
    mean: (c) => spectra[c].re[0] / (height * width),
    shifted(c, amount, common) {
      if (!amount) return Float64Array.from(planes[c]);
      return withPhases(spectra[c], phases[common ? 0 : c], amount, height, width);
    },
  };
}

/** Return the ends of a map's colors, which phases do not move: they change neither mean nor spread. */
function rangeOf(map) {
  const mean = map.reduce((sum, value) => sum + value, 0) / map.length;
  const spread = Math.sqrt(map.reduce((sum, value) => sum + (value - mean) ** 2, 0) / map.length) || 1;
  return [mean - 1.5 * spread, mean + 3 * spread];
}

/** Return rows of what the reader can turn; `now` is changed by it. */
function controls(ui, now, { update, setOriginal, deal }) {
  const later = perFrame(update);
  const onShare = (amount) => {
    now.amount = amount;
    later();
  };
  const amount = shareSlider(ui, { label: "phases added", share: now.amount, onSlide: onShare, onTravel: onShare });
  const method = choices({
    legend: "Which phases?",
    value: "common",
    options: [
      ["common", "the same for all channels"],
      ["separate", "each channel its own"],
    ],
    onChange(value) {
      now.common = value === "common";
      update();
    },
  });
  const without = toggle({
    label: "means taken off",
    value: !now.means,
    onChange(on) {
      now.means = !on;
      setOriginal();
      update();
    },
  });
  const others = () => {
    now.seed += 1;
    deal();
    update();
  };
  const buttons = [
    button("Add all", () => amount.travel(1)),
    button("Take away", () => amount.travel(0)),
    button("Other phases", others),
  ];
  const actions = h(
    "div",
    { class: "nst-buttons" },
    buttons.map(({ root }) => root),
  );
  return [row(method.root, without.root), row(amount.root, actions)];
}

function render({ model, el }) {
  const ui = frame(el, {
    title: "Phases and the Gram matrix",
    task: "Add phases, the same for all channels, then to each its own: which of the two does the matrix notice?",
  });
  const { shape, data: maps } = decode(model.get("features"));
  const [channels, height, width] = shape;
  const names = model.get("channels");
  const picture = asPicture({ name: "", image: model.get("picture") });
  const now = { amount: model.get("amount"), seed: model.get("seed"), common: true, means: true };
  const count = height * width;
  const planesOf = (all, number) => Array.from({ length: number }, (_, c) => all.subarray(c * count, (c + 1) * count));
  const layer = phaser(planesOf(maps, channels), height, width);
  const colors = phaser(planesOf(picture.data, 3), height, width);
  const photo = view({ label: "The picture" });
  const photoFigure = figure("", photo.root);
  const board = gramBoard(ui, {
    names,
    pair: model.get("pair"),
    lead: [photoFigure.root],
    onPair: (i, j) => keep(model, { pair: [i, j] }),
  });

  function deal() {
    const draw = random(now.seed);
    const phases = Array.from({ length: channels + 2 }, () => randomPhases(height, width, draw));
    layer.use(phases);
    colors.use(phases);
  }
  function setOriginal() {
    const used = now.means ? maps : centered(maps, channels);
    const ranges = planesOf(used, channels).map(rangeOf);
    board.setOriginal(used, height, width, (c) => ranges[c]);
  }
  function update() {
    const { amount, common, means, seed } = now;
    const how = common ? "the same phases for its three colors" : "each color with its own phases";
    photoFigure.caption.textContent = `the picture, ${how}`;
    const changed = new Float64Array(maps.length);
    names.forEach((_, c) => {
      const mean = means ? 0 : layer.mean(c);
      changed.set(
        layer.shifted(c, amount, common).map((value) => value - mean),
        c * count,
      );
    });
    board.update(changed);
    const data = new Float32Array(3 * count);
    for (let c = 0; c < 3; c += 1) data.set(colors.shifted(c, amount, common), c * count);
    photo.draw(paintPicture({ ...picture, data }), height, width);
    photo.rename(`The picture with ${Math.round(100 * amount)} % of the phases`);
    keep(model, { amount, seed });
  }
  el.append(...controls(ui, now, { update, setOriginal, deal }), board.root);
  deal();
  setOriginal();
  update();
  return ui.end;
}

export default explorer(render);
