// Descent on pixels: Adam, and a change of the content picture whose coarse and fine part have gains of their own.
//
// Pure functions and one class, the twins of nstlib.optimizers and nstlib.frequency. Pictures are planes of 0 to 1 of
// shape (3, height, width).

const RATE = 0.03;
const [FIRST, SECOND] = [0.9, 0.999]; // what of Adam's averages stays
const TINY = 1e-8;
const ROUNDING = 1e-6; // content plus change, where their sum is 0 or 1

/**
 * What a Gaussian of `sigma` pixels makes of a line of `size` pixels, as a matrix, row by row; the edge is repeated.
 */
export function blurMatrix(size, sigma) {
  const reach = Math.ceil(3 * sigma);
  const bell = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-((k - reach) ** 2) / (2 * sigma ** 2)));
  const sum = bell.reduce((a, b) => a + b, 0);
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    bell.forEach((weight, k) => {
      const j = Math.max(0, Math.min(size - 1, i + k - reach));
      matrix[i * size + j] += weight / sum;
    });
  }
  return matrix;
}

/** The matrix turned over: what stood in row i, column j now stands in row j, column i. */
export function transposed(matrix, size) {
  return Float64Array.from(matrix, (_, p) => matrix[(p % size) * size + Math.floor(p / size)]);
}

/** Multiply the rows and the columns of each plane by a matrix: down X across^T. */
export function along(planes, height, width, down, across) {
  const count = height * width;
  const result = new Float32Array(planes.length);
  const half = new Float64Array(count);
  for (let start = 0; start < planes.length; start += count) {
    half.fill(0);
    for (let y = 0; y < height; y += 1) {
      for (let k = 0; k < height; k += 1) {
        const weight = down[y * height + k];
        if (weight) for (let x = 0; x < width; x += 1) half[y * width + x] += weight * planes[start + k * width + x];
      }
    }
    for (let x = 0; x < width; x += 1) {
      for (let k = 0; k < width; k += 1) {
        const weight = across[x * width + k];
        if (weight) for (let y = 0; y < height; y += 1) result[start + y * width + x] += weight * half[y * width + k];
      }
    }
  }
  return result;
}

/** The middle of a picture as a square of `size` pixels: each is the mean of the area that it covers. */
export function square({ data, channels, height, width }, size) {
  const side = Math.min(height, width);
  const [top, left] = [(height - side) / 2, (width - side) / 2];
  const rows = covers(top, side, size, height);
  const columns = covers(left, side, size, width);
  const result = new Float32Array(3 * size * size);
  for (let c = 0; c < 3; c += 1) {
    const plane = (channels === 3 ? c : 0) * height * width;
    for (let y = 0; y < size; y += 1) {
      for (let x = 0; x < size; x += 1) {
        let sum = 0;
        for (const [row, high] of rows[y])
          for (const [column, wide] of columns[x]) sum += high * wide * data[plane + row * width + column];
        result[(c * size + y) * size + x] = sum;
      }
    }
  }
  return { data: result, channels: 3, height: size, width: size };
}

/** For each of `size` equal parts of a stretch: the pixels it covers, and the share that each has in it. */
function covers(start, length, size, most) {
  const step = length / size;
  return Array.from({ length: size }, (_, i) => {
    const [from, to] = [start + i * step, start + (i + 1) * step];
    const found = [];
    for (let p = Math.floor(from); p < Math.min(most, Math.ceil(to - 1e-9)); p += 1) {
      found.push([p, (Math.min(to, p + 1) - Math.max(from, p)) / step]);
    }
    return found;
  });
}

/** Gray with Gaussian noise of standard deviation 1/4, in [0, 1]; `draw` returns numbers in [0, 1). */
export function noise(count, draw) {
  const bell = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  return Float32Array.from({ length: count }, () => Math.max(0, Math.min(1, 0.5 + bell() / 4)));
}

/**
 * The picture that is optimized: the content plus a change, of which `gains` = {coarse, fine} say how much is kept.
 *
 * Adam moves the change (Kingma and Ba, 2015; the same numbers as torch.optim.Adam). With both gains 1 these are the
 * pixels themselves, clamped to [0, 1] after each step.
 */
export class Descent {
  constructor(content, start, { height, width, sigma }) {
    Object.assign(this, { content, height, width, steps: 0 });
    this.change = Float32Array.from(start, (value, p) => value - content[p]);
    this.means = new Float64Array(start.length);
    this.squares = new Float64Array(start.length);
    this.down = blurMatrix(height, sigma);
    this.across = height === width ? this.down : blurMatrix(width, sigma);
  }

  /** The picture as it is, with values that may lie outside of [0, 1]. */
  mixed({ coarse, fine }) {
    const kept = this.#filtered(this.change, coarse, fine, this.down, this.across);
    return kept.map((value, p) => this.content[p] + value);
  }

  /** The picture as it is seen. */
  image(gains) {
    return this.mixed(gains).map((value) => Math.max(0, Math.min(1, value)));
  }

  /** Move the change against the gradient of a loss of `image(gains)`. */
  update(gradient, gains) {
    const { coarse, fine } = gains;
    const mixed = this.mixed(gains);
    // clamped: feels nothing
    const felt = gradient.map((value, p) => (mixed[p] < -ROUNDING || mixed[p] > 1 + ROUNDING ? 0 : value));
    const slope = this.#filtered(
      felt,
      coarse,
      fine,
      transposed(this.down, this.height),
      transposed(this.across, this.width),
    );
    this.steps += 1;
    const [rate, root] = [RATE / (1 - FIRST ** this.steps), Math.sqrt(1 - SECOND ** this.steps)];
    for (let p = 0; p < slope.length; p += 1) {
      this.means[p] += (1 - FIRST) * (slope[p] - this.means[p]);
      this.squares[p] = SECOND * this.squares[p] + (1 - SECOND) * slope[p] ** 2;
      const next =
        this.content[p] + this.change[p] - (rate * this.means[p]) / (Math.sqrt(this.squares[p]) / root + TINY);
      this.change[p] = Math.max(0, Math.min(1, next)) - this.content[p];
    }
  }

  #filtered(planes, coarse, fine, down, across) {
    if (coarse === fine) return planes.map((value) => fine * value);
    const low = along(planes, this.height, this.width, down, across);
    return low.map((value, p) => coarse * value + fine * (planes[p] - value));
  }
}
