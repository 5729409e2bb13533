// A Gaussian blur, that of nstlib.frequency.low_pass.

/** Return a bell of weights that sum to 1, cut off at ceil(3 sigma). */
export function gaussianKernel(sigma) {
  const reach = Math.ceil(3 * sigma);
  const bell = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-((k - reach) ** 2) / (2 * sigma ** 2)));
  const sum = bell.reduce((a, b) => a + b, 0);
  return bell.map((weight) => weight / sum);
}

/**
 * Blur one plane along its rows and return it turned: twice, and both axes are blurred. The edge pixels are repeated.
 */
function blurRows(plane, height, width, bell) {
  const reach = (bell.length - 1) / 2;
  const padded = new Float32Array(width + 2 * reach);
  const result = new Float32Array(height * width);
  for (let y = 0; y < height; y += 1) {
    padded.fill(plane[y * width], 0, reach);
    padded.set(plane.subarray(y * width, (y + 1) * width), reach);
    padded.fill(plane[(y + 1) * width - 1], reach + width);
    for (let x = 0; x < width; x += 1) {
      let sum = 0;
      for (let k = 0; k < bell.length; k += 1) sum += bell[k] * padded[x + k];
      result[x * height + y] = sum;
    }
  }
  return result;
}

/** Return planes (C, H, W) blurred by a Gaussian of that many pixels. */
export function lowPass(data, channels, height, width, sigma) {
  const bell = gaussianKernel(sigma);
  const count = height * width;
  const result = new Float32Array(data.length);
  for (let c = 0; c < channels; c += 1) {
    const across = blurRows(data.subarray(c * count, (c + 1) * count), height, width, bell);
    result.set(blurRows(across, width, height, bell), c * count);
  }
  return result;
}
