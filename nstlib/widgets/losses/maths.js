// Changes of a picture, as nstlib.widgets.losses makes them: what was measured there was measured of these pictures.
import { lowPass } from "../kit/blur.js";
import { random } from "../kit/kit.js";

const LUMA = [0.299, 0.587, 0.114]; // how light red, green and blue are (nstlib.colors)

/** Return the planes with each row moved to the right in a circle. */
function shifted({ data, width }, pixels) {
  return data.map((_, p) => {
    const x = p % width;
    return data[p - x + ((x - pixels + width) % width)];
  });
}

/** Return the planes in square tiles of that many pixels, each in the place of another, in a random circle. */
function inTiles({ data, channels, height, width }, side, seed) {
  const across = width / side;
  const draw = random(seed);
  const keys = Float64Array.from({ length: across * (height / side) }, draw);
  const circle = [...keys.keys()].sort((a, b) => keys[a] - keys[b]);
  const order = new Int32Array(circle.length);
  circle.forEach((place, k) => {
    order[place] = circle[(k + 1) % circle.length];
  });
  const result = new Float32Array(data.length);
  for (let c = 0, p = 0; c < channels; c += 1) {
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1, p += 1) {
        const tile = order[Math.floor(y / side) * across + Math.floor(x / side)];
        const row = Math.floor(tile / across) * side + (y % side);
        result[p] = data[(c * height + row) * width + (tile % across) * side + (x % side)];
      }
    }
  }
  return result;
}

/** Return the planes with a share of their color taken away: with 1, all three are the luminance. */
function lessColor({ data, height, width }, share) {
  const count = height * width;
  return data.map((value, p) => {
    const gray = LUMA.reduce((sum, weight, c) => sum + weight * data[c * count + (p % count)], 0);
    return value + share * (gray - value);
  });
}

/** Return the planes with evenly distributed noise of up to that much, cut off at 0 and 1. */
function noisy({ data }, most, seed) {
  const draw = random(seed);
  return data.map((value) => Math.max(0, Math.min(1, value + most * (2 * draw() - 1))));
}

/** Return the planes (C, H, W) of a picture after a change. */
export function changed(picture, change, strength, seed) {
  if (change === "shifted") return shifted(picture, strength);
  if (change === "in tiles") return inTiles(picture, strength, seed);
  if (change === "less color") return lessColor(picture, strength);
  if (change === "noise") return noisy(picture, strength, seed);
  const { data, channels, height, width } = picture;
  return strength ? lowPass(data, channels, height, width, strength) : data;
}

/** Return the mean of some numbers. */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Return an axis for squared errors from 0 to the largest of them: { top, marks, place(value) }. A place, in percent,
 * goes with the root, which is a distance: so that small errors are seen beside large ones, and none is at 0.
 */
export function rootAxis(values) {
  const top = Math.max(...values) || 1;
  const place = (value) => 100 * Math.sqrt(value / top);
  const marks = [0, 0.1, 0.5, 1, 2, 5, 10, 20, 50, 100].filter((mark) => mark <= top);
  return { top, place, marks };
}
