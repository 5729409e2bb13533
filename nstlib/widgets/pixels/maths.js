// A picture's numbers as bytes in a row, and the ways to read them.

export const LARGEST = 255;

/** Return a picture's numbers as Pillow holds them: bytes, pixel after pixel, each red, green, blue. */
export function bytesOf({ data, channels, height, width }) {
  const count = height * width;
  return Uint8Array.from({ length: 3 * count }, (_, k) => {
    const plane = channels === 3 ? k % 3 : 0;
    return Math.round(LARGEST * data[plane * count + Math.floor(k / 3)]);
  });
}

/** Return bytes with `amount` added, as numbers of 0 to 1: in bytes they wrap around, in floats they are clamped. */
export function brighten(bytes, amount, form) {
  if (form === "floats") return Float32Array.from(bytes, (value) => Math.min(1, value / LARGEST + amount / LARGEST));
  const wrapped = Uint8Array.from(bytes, (value) => value + amount); // a Uint8Array keeps the lowest eight bits
  return Float32Array.from(wrapped, (value) => value / LARGEST);
}

/** Return how many bytes leave their range when `amount` is added. */
export function countBeyond(bytes, amount) {
  return bytes.reduce((count, value) => count + (value + amount > LARGEST), 0);
}

/** Return which number in the row is read as a channel (0 is red) of a pixel; `count` is how many pixels there are. */
export function indexOf(reading, channel, pixel, count) {
  if (reading === "planes") return channel * count + pixel;
  return 3 * pixel + (reading === "stored" ? channel : 2 - channel);
}

/** Return what a number in the row was written as: { channel, row, column }. */
export function writtenAs(index, width) {
  const pixel = Math.floor(index / 3);
  return { channel: index % 3, row: Math.floor(pixel / width), column: pixel % width };
}

/**
 * Return numbers in a row as planes, shape (3, H, W). Those for a network go from 0 to 255 less `mean`, which is in the
 * order of the network's channels; all others are the numbers themselves, in other places.
 */
export function readAs(reading, values, count, mean) {
  const planes = new Float32Array(3 * count);
  for (let c = 0; c < 3; c += 1) {
    for (let p = 0; p < count; p += 1) {
      const value = values[indexOf(reading, c, p, count)];
      planes[c * count + p] = reading === "network" ? LARGEST * value - mean[c] : value;
    }
  }
  return planes;
}

/** Return where a window of that length around a place begins; it does not leave the picture. */
export function windowStart(place, length, count) {
  return Math.max(0, Math.min(place - Math.floor(length / 2), count - length));
}
