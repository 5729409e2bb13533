// What is computed from one layer's activations: ranks, strongest positions, receptive fields, rows of the Gram matrix.
//
// Pure functions, the twins of nstlib.widgets.layers, nstlib.receptive and nstlib.gram. Activations are
// {data, channels, height, width}: data is a Float32Array of shape (channels, height, width), channel by channel.

/** One channel's map, as a view of the same memory. */
export function mapOf({ data, height, width }, channel) {
  return data.subarray(channel * height * width, (channel + 1) * height * width);
}

/** What is to be said of each channel: its mean (of what is above 0), its maximum, and where it is active (above 0). */
export function summarize(features) {
  const positions = features.height * features.width;
  const means = new Float64Array(features.channels);
  const peaks = new Float64Array(features.channels);
  const shares = new Float64Array(features.channels);
  for (let c = 0; c < features.channels; c++) {
    const map = mapOf(features, c);
    let sum = 0;
    let peak = -Infinity;
    let active = 0;
    for (const value of map) {
      if (value > 0) {
        sum += value;
        active++;
      }
      if (value > peak) peak = value;
    }
    means[c] = sum / positions;
    peaks[c] = peak;
    shares[c] = active / positions;
  }
  return { means, peaks, shares };
}

/** The indices of values from large to small; of equals, the first comes first. */
export function ranked(values) {
  return [...values.keys()].sort((a, b) => values[b] - values[a] || a - b);
}

/** Where a map of that width is strongest: {row, column, value}; the first of equals. */
export function strongest(map, width) {
  let place = 0;
  for (let i = 1; i < map.length; i++) if (map[i] > map[place]) place = i;
  return { row: Math.floor(place / width), column: place % width, value: map[place] };
}

/**
 * Return the first of these channels that is strongest inside of the picture: at its border a position sees padding,
 * too, and shows little. The very first, if there is none.
 */
export function firstInside(features, order) {
  const { height, width } = features;
  const inside = (channel) => {
    const { row, column } = strongest(mapOf(features, channel), width);
    return row > 0 && row < height - 1 && column > 0 && column < width - 1;
  };
  return order.find(inside) ?? order[0];
}

/**
 * The pixels that one unit sees, clipped to an image of height x width: {top, bottom, left, right}, half-open.
 *
 * @param {{size: number, stride: number, start: number}} field the layer's receptive field, in pixels.
 */
export function patchOf(field, row, column, height, width) {
  const top = field.start + row * field.stride;
  const left = field.start + column * field.stride;
  return {
    top: Math.max(top, 0),
    bottom: Math.min(top + field.size, height),
    left: Math.max(left, 0),
    right: Math.min(left + field.size, width),
  };
}

/** One row of the Gram matrix: the mean over positions of this channel's activation times that of each channel. */
export function gramRow(features, channel) {
  const positions = features.height * features.width;
  const own = mapOf(features, channel);
  return Float64Array.from({ length: features.channels }, (_, c) => dot(own, mapOf(features, c)) / positions);
}

/** The diagonal of the Gram matrix: each channel's mean square. */
export function gramDiagonal(features) {
  const positions = features.height * features.width;
  return Float64Array.from({ length: features.channels }, (_, c) => {
    const map = mapOf(features, c);
    return dot(map, map) / positions;
  });
}

/**
 * The channels with the largest entries in a channel's row, itself left out.
 *
 * @returns {{channel: number, value: number, cosine: number}[]} the entry, and the entry divided by the lengths of both
 *   maps: 1 if they are proportional, 0 if they never fire together.
 */
export function partners(row, diagonal, channel, count) {
  const others = ranked(row).filter((c) => c !== channel && row[c] > 0);
  return others.slice(0, count).map((c) => {
    const lengths = Math.sqrt(diagonal[channel] * diagonal[c]);
    return { channel: c, value: row[c], cosine: row[c] / lengths };
  });
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
