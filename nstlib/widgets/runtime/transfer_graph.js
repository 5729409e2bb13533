// Losses and gradient of style transfer, computed by the graph of tools/export_transfer.py. Runs in the worker
// (engine.js).

import { fetchBytes } from "./network.js";

const GRAMS = [64, 128, 256]; // channels of the style layers

/** How far a picture is from a content and a style, and where each pixel has to go. */
export class TransferGraph {
  #session;
  #goals;

  /** @param {import("./network.js").StagedNetwork} network whose folders and description it shares. */
  constructor(network) {
    this.network = network;
  }

  /** How many bytes must still come before anything can be compared. */
  async transferBytes() {
    return this.#session ? 0 : (await this.#files()).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Say what is wanted. The first call loads the graph and the network.
   *
   * @param {{data: Float32Array, height: number, width: number}} content RGB in [0, 1], planes; sides are multiples of
   *   4.
   * @param {{data: Float32Array, height: number, width: number}} style likewise.
   * @param {(loaded: number, total: number) => void} [onProgress] while files come, in bytes.
   */
  async setGoals(content, style, onProgress = () => {}) {
    await this.#load(onProgress);
    const { features, losses } = await this.#run(content, ["features", "losses"]);
    const found = await this.#run(
      style,
      GRAMS.map((_, k) => `found${k + 1}`),
    );
    const grams = GRAMS.map((_, k) => found[`found${k + 1}`]);
    // A loss is relative: 1 is as far as an image without any activation. Compared with zeros, its mean square is the
    // scale.
    const scales = [losses.data[0], ...grams.map(({ data }) => meanSquare(data))].map((scale) =>
      scale > 0 ? scale : 1,
    );
    this.#goals = { features, grams, scales };
  }

  /**
   * Compare a picture of the content's size with the goals.
   *
   * @param {{content: number, style: number}} weights of the two losses in the sum whose gradient is returned.
   * @returns {Promise<{data: Float32Array, content: number, style: number, milliseconds: number}>} data: the gradient,
   *   of shape (3, height, width); content and style: the relative losses.
   */
  async compare(image, weights) {
    const start = performance.now();
    const { features, grams, scales } = this.#goals;
    const shares = [weights.content, ...grams.map(() => weights.style / grams.length)];
    const given = { content: features, grams, weights: shares.map((share, k) => share / scales[k]) };
    const { losses, gradient } = await this.#run(image, ["losses", "gradient"], given);
    const [content, ...styles] = losses.data.map((loss, k) => loss / scales[k]);
    const style = styles.reduce((sum, loss) => sum + loss, 0) / styles.length;
    return { data: gradient.data, content, style, milliseconds: performance.now() - start };
  }

  async #run({ data, height, width }, wanted, given = {}) {
    const { Tensor } = await this.network.runtime();
    const tensor = (values, ...shape) => new Tensor("float32", values, shape);
    const zeros = (...shape) => tensor(new Float32Array(shape.reduce((a, b) => a * b)), ...shape);
    const feeds = {
      image: tensor(data, 1, 3, height, width),
      content: given.content ?? zeros(1, GRAMS.at(-1), height / 4, width / 4),
      weights: tensor(Float32Array.from(given.weights ?? [0, 0, 0, 0]), 4),
    };
    GRAMS.forEach((size, k) => {
      feeds[`gram${k + 1}`] = given.grams?.[k] ?? zeros(size, size);
    });
    return this.#session.run(feeds, wanted);
  }

  /** What must be fetched: names and sizes; the runtime has no name. */
  async #files() {
    const { transfer, stages } = await this.network.describe();
    const held = stages.filter(({ file }) => transfer.weights.includes(file));
    return [{ bytes: await this.network.runtimeBytes() }, transfer, ...held];
  }

  async #load(onProgress) {
    if (this.#session) return;
    const { layers } = this.network.folders;
    const files = await this.#files();
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    let loaded = 0;
    const onBytes = (count) => {
      loaded += count;
      onProgress(loaded, total);
    };
    onProgress(0, total);
    const { open } = await this.network.runtime(onBytes);
    const named = files.filter(({ file }) => file);
    const contents = [];
    for (const { file, bytes } of named) contents.push(await fetchBytes(layers + file, { bytes, onBytes }));
    const [graph, ...weights] = contents;
    const externalData = weights.map((data, k) => ({ path: named[k + 1].file, data }));
    this.#session = await open(graph, { externalData });
    onProgress(total, total);
  }
}

function meanSquare(values) {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum / values.length;
}
