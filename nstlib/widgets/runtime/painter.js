// A network that paints in one pass, and its styles: the graph of tools/one_pass_graph.py. Runs in the worker
// (engine.js).

import { fetchBytes } from "./network.js";

const LEAST = 8; // pixels of a side: the network mirrors what lies at a border
const [MODEL_PROPERTIES, KEY, VALUE] = [14, 1, 2]; // numbers of fields in ONNX files

/** Paints pictures; a style is two lists of numbers, between which one may mix. */
export class Painter {
  #session;
  #styles; // { name: [scale, bias] }

  /**
   * @param {import("./network.js").StagedNetwork} network whose runtime it shares.
   * @param {string} graph the address of the graph.
   */
  constructor(network, graph) {
    Object.assign(this, { network, graph });
  }

  /**
   * How many bytes must still come before anything can be painted.
   *
   * @param {number} own the size of the graph, which no other file knows.
   */
  async painterBytes(own) {
    return this.#session ? 0 : own + (await this.network.runtimeBytes());
  }

  /** Load what is needed, and return the names of the styles. */
  async openPainter(own, onProgress = () => {}) {
    if (!this.#session) {
      const total = await this.painterBytes(own);
      let loaded = 0;
      const onBytes = (count) => {
        loaded += count;
        onProgress(loaded, total);
      };
      onProgress(0, total);
      const graph = await fetchBytes(this.graph, { onBytes });
      const { open } = await this.network.runtime(onBytes);
      this.#styles = JSON.parse(properties(graph).styles);
      this.#session = await open(graph);
      onProgress(total, total);
    }
    return Object.keys(this.#styles);
  }

  /**
   * Paint a picture.
   *
   * @param {{data: Float32Array, height: number, width: number}} image RGB in [0, 1], planes; sides of 8 pixels or
   *   more.
   * @param {Object<string, number>} amounts of each style that is mixed; only their ratios count.
   * @returns {Promise<{data: Float32Array, height: number, width: number, milliseconds: number}>}
   */
  async paint({ data, height, width }, amounts) {
    if (Math.min(height, width) < LEAST) {
      throw new RangeError(`A picture needs at least ${LEAST} x ${LEAST} pixels, this one has ${width} x ${height}.`);
    }
    await this.openPainter(0);
    const start = performance.now();
    const [scale, bias] = mixed(this.#styles, amounts);
    const { Tensor } = await this.network.runtime();
    const tensor = (values, ...shape) => new Tensor("float32", values, shape);
    const { painted } = await this.#session.run({
      image: tensor(data, 1, 3, height, width),
      scale: tensor(scale, scale.length),
      bias: tensor(bias, bias.length),
    });
    return { data: painted.data, height, width, milliseconds: performance.now() - start };
  }
}

/** Return scale and bias of a mixture of styles: the mean of theirs, weighted by the amounts. */
export function mixed(styles, amounts) {
  const parts = Object.entries(amounts);
  const unknown = parts.find(([name]) => !Object.hasOwn(styles, name));
  if (unknown) throw new RangeError(`There is no style ${unknown[0]}; there are ${Object.keys(styles).join(", ")}.`);
  const whole = parts.reduce((sum, [, amount]) => sum + amount, 0);
  return [0, 1].map((k) => {
    const values = new Float32Array(Object.values(styles)[0][k].length);
    for (const [name, amount] of parts) {
      styles[name][k].forEach((value, i) => {
        values[i] += (amount / whole) * value;
      });
    }
    return values;
  });
}

/** Return the properties that an ONNX file carries beside its graph: texts by name. */
export function properties(bytes) {
  const found = {};
  const text = new TextDecoder();
  for (const [number, field] of fields(bytes)) {
    if (number !== MODEL_PROPERTIES) continue;
    const parts = new Map(fields(field));
    found[text.decode(parts.get(KEY))] = text.decode(parts.get(VALUE));
  }
  return found;
}

/** The fields of a message in the wire format of protocol buffers: numbers, and bytes where a field has a length. */
function* fields(bytes) {
  let place = 0;
  const number = () => {
    let [value, weight] = [0, 1];
    for (;;) {
      const byte = bytes[place++];
      value += (byte & 127) * weight;
      if (byte < 128) return value;
      weight *= 128;
    }
  };
  while (place < bytes.length) {
    const tag = number();
    const kind = tag % 8;
    if (kind === 0) number();
    else if (kind === 1) place += 8;
    else if (kind === 5) place += 4;
    else {
      const length = number();
      yield [Math.floor(tag / 8), bytes.subarray(place, place + length)];
      place += length;
    }
  }
}
