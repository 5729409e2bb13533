// A network in the browser: onnxruntime-web and graphs in stages, fetched when they are first needed.
//
// Nothing here touches the page: it runs in a worker (engine.js) as well as in a window. `loadRuntime` and `fetchBytes`
// know nothing of layers, so whoever has other graphs to run begins with them.

/** What went wrong while loading, in words for the reader; `cause` holds the rest. */
export class LoadError extends Error {
  constructor(message, cause) {
    super(message, { cause });
    this.name = "LoadError";
  }
}

// The shortest module with an instruction of SIMD (from wasm-feature-detect): who knows that one, knows all of them.
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
];

/** Throw a LoadError if this browser cannot run the network, so that nothing is fetched in vain. */
export function checkBrowser(assembly = globalThis.WebAssembly) {
  if (assembly?.validate(Uint8Array.from(SIMD))) return;
  throw new LoadError(
    "This browser runs no WebAssembly, or one without SIMD (it is then older than 2023), or it is switched off. The " +
      "network cannot compute here. The pictures of the book remain, and the notebook computes everything.",
  );
}

/**
 * Fetch a file and say how much of it has come.
 *
 * @param {string|URL} url
 * @param {{bytes?: number, onBytes?: (count: number) => void}} [options] bytes: how many it must be; onBytes: gets the
 *   number of bytes that came since it was last called.
 * @returns {Promise<Uint8Array>}
 * @throws {LoadError} if the file is not there, or is not whole.
 */
export async function fetchBytes(url, { bytes, onBytes = () => {} } = {}) {
  const name = new URL(url).pathname.split("/").pop();
  if (new URL(url).protocol === "file:") {
    throw new LoadError(
      `${name} cannot be loaded, because this page was opened as a file. Serve its folder ` +
        "(python -m http.server) and open it at the address that the server names.",
    );
  }
  let answer;
  try {
    answer = await fetch(url);
  } catch (error) {
    throw new LoadError(`${name} could not be fetched: is the network, or the page's server, gone? Try again.`, error);
  }
  if (!answer.ok) {
    throw new LoadError(`${name} could not be fetched: the server answered ${answer.status} for ${url}.`);
  }
  const parts = [];
  let count = 0;
  try {
    for (const reader = answer.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      count += value.length;
      onBytes(value.length);
    }
  } catch (error) {
    throw new LoadError(`${name} broke off after ${count} bytes. Try again.`, error);
  }
  if (bytes !== undefined && count !== bytes) {
    throw new LoadError(`${name} has ${count} bytes instead of ${bytes}: it is not whole, or of another version.`);
  }
  const whole = new Uint8Array(count);
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

const RUNTIMES = {
  wasm: { module: "ort.wasm.min.mjs", binary: "ort-wasm-simd-threaded.wasm", providers: ["wasm"] },
  webgpu: {
    module: "ort.webgpu.min.mjs",
    binary: "ort-wasm-simd-threaded.asyncify.wasm",
    providers: [{ name: "webgpu", preferredLayout: "NCHW" }],
  },
};

/**
 * Say where to compute: on the graphics processor where there is one, else in WebAssembly.
 *
 * An adapter that a browser plays in software is slower than WebAssembly, and its runtime is twice as large.
 *
 * @returns {Promise<"webgpu"|"wasm">} a key of `RUNTIMES`, and of `runtimeBytes` in stages.json.
 */
export async function bestBackend(gpu = globalThis.navigator?.gpu) {
  try {
    const adapter = await gpu?.requestAdapter();
    return adapter && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter) ? "webgpu" : "wasm";
  } catch {
    return "wasm";
  }
}

/**
 * Load onnxruntime-web (on one thread, which asks nothing of the server).
 *
 * @param {string|URL} folder where its files lie; ends in a slash.
 * @param {"webgpu"|"wasm"} backend where it shall compute.
 * @param {{onBytes?: (count: number) => void}} [options]
 * @returns {Promise<{Tensor: Function, open: (graph: Uint8Array, options?: object) => Promise<Session>}>} what makes a
 *   tensor, as `new Tensor(...)`, and what opens a graph.
 */
export async function loadRuntime(folder, backend, { onBytes } = {}) {
  const base = new URL(folder).href;
  const { module, binary, providers } = RUNTIMES[backend];
  const bytes = await fetchBytes(base + binary, { onBytes });
  let ort;
  try {
    ort = await import(base + module);
  } catch (error) {
    throw new LoadError(`${module} could not be loaded from ${base}.`, error);
  }
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = base;
  ort.env.wasm.wasmBinary = bytes.buffer;
  const create = (graph, options, executionProviders) =>
    ort.InferenceSession.create(graph, { ...options, executionProviders });
  const open = async (graph, options) => {
    const session = new Session((given) => create(graph, options, given), providers);
    await session.begin();
    return session;
  };
  return { Tensor: ort.Tensor, open };
}

/** A graph that is run; where the graphics processor refuses it, in WebAssembly, which the same runtime has. */
export class Session {
  #create;
  #providers;
  #session;

  constructor(create, providers) {
    this.#create = create;
    this.#providers = providers;
  }

  async begin() {
    try {
      this.#session = await this.#create(this.#providers);
    } catch (error) {
      await this.#retreat(error);
    }
  }

  async run(feeds, wanted) {
    try {
      return await this.#session.run(feeds, wanted);
    } catch (error) {
      await this.#retreat(error);
      return this.#session.run(feeds, wanted);
    }
  }

  async #retreat(error) {
    if (this.#providers[0] === "wasm") throw error;
    this.#providers = ["wasm"];
    this.#session = await this.#create(this.#providers);
  }
}

/** A network cut into stages; each is fetched when a layer in it, or behind it, is first asked for. */
export class StagedNetwork {
  #runtime;
  #sessions = [];
  #ends = new Map(); // key of an image -> what each stage returned last, so that deeper layers go on from there

  /**
   * @param {{layers: string|URL, runtime: string|URL, backend?: "webgpu"|"wasm"}} folders of stages.json and of
   *   onnxruntime-web; end in slashes. backend: where to compute; the best there is.
   */
  constructor({ layers, runtime, backend }) {
    this.folders = { layers: new URL(layers).href, runtime: new URL(runtime).href };
    this.backend = backend ? Promise.resolve(backend) : bestBackend();
  }

  /** What stages.json says: the stages, the layers, their sizes. Whoever makes an offer begins here. */
  async describe() {
    checkBrowser();
    this.description ??= fetchBytes(`${this.folders.layers}stages.json`).then((bytes) =>
      JSON.parse(new TextDecoder().decode(bytes)),
    );
    try {
      return await this.description;
    } catch (error) {
      this.description = undefined; // another try may succeed
      throw error;
    }
  }

  /** How many bytes must still come before this layer can be computed. */
  async missingBytes(layer) {
    const description = await this.describe();
    const stages = description.stages.slice(0, stageOf(description, layer) + 1);
    const files = stages.reduce((sum, stage, i) => sum + (this.#sessions[i] ? 0 : stage.bytes), 0);
    return files + (await this.runtimeBytes());
  }

  /** How many bytes of the runtime must still come. */
  async runtimeBytes() {
    return this.#runtime ? 0 : (await this.describe()).runtimeBytes[await this.backend];
  }

  /** The runtime of this network and of whoever shares it, loaded when it is first asked for. */
  async runtime(onBytes) {
    this.#runtime ??= await loadRuntime(this.folders.runtime, await this.backend, { onBytes });
    return this.#runtime;
  }

  /**
   * Compute one layer.
   *
   * @param {string} layer one of the layers in stages.json.
   * @param {{key: string, pixels: Float32Array, height: number, width: number}} image RGB in [0, 1], planes one after
   *   the other (3, height, width); `key` names it: of an image with the same key, what was computed before is used
   *   again.
   * @param {(loaded: number, total: number) => void} [onProgress] while files come, in bytes.
   * @returns {Promise<{data: Float32Array, channels: number, height: number, width: number, milliseconds: number}>}
   *   data of shape (channels, height, width); how long the computation took, without loading.
   */
  async features(layer, image, onProgress = () => {}) {
    const description = await this.describe();
    const last = stageOf(description, layer);
    await this.#load(description, last, onProgress);
    const start = performance.now();
    const ends = this.#endsOf(image);
    const { Tensor } = this.#runtime;
    let found;
    for (let i = 0; i <= last; i++) {
      const end = description.stages[i].layers.at(-1);
      if (ends[i] && (i < last || layer === end)) {
        found = ends[i];
        continue;
      }
      const entry = i ? ends[i - 1] : new Tensor("float32", image.pixels, [1, 3, image.height, image.width]);
      const wanted = i === last ? [...new Set([layer, end])] : [end];
      const outputs = await this.#sessions[i].run({ [description.stages[i].input]: entry }, wanted);
      ends[i] = outputs[end];
      found = i === last ? outputs[layer] : ends[i];
    }
    const [, channels, height, width] = found.dims;
    // A copy, for the caller may give its memory away.
    const data = layer === description.stages[last].layers.at(-1) ? found.data.slice() : found.data;
    return { data, channels, height, width, milliseconds: performance.now() - start };
  }

  #endsOf({ key }) {
    const ends = this.#ends.get(key) ?? [];
    this.#ends.delete(key);
    this.#ends.set(key, ends); // the one used last stands last
    if (this.#ends.size > 2) this.#ends.delete(this.#ends.keys().next().value);
    return ends;
  }

  async #load(description, last, onProgress) {
    const total = await this.missingBytes(description.stages[last].layers[0]);
    if (!total) return;
    let loaded = 0;
    const onBytes = (count) => {
      loaded += count;
      onProgress(loaded, total);
    };
    onProgress(0, total);
    const { open } = await this.runtime(onBytes);
    for (let i = 0; i <= last; i++) {
      if (this.#sessions[i]) continue;
      const { file, bytes } = description.stages[i];
      const graph = await fetchBytes(this.folders.layers + file, { bytes, onBytes });
      this.#sessions[i] = await open(graph);
    }
    onProgress(total, total);
  }
}

/** The number of the stage that returns a layer, counted from 0. */
export function stageOf(description, layer) {
  const number = description.stages.findIndex((stage) => stage.layers.includes(layer));
  if (number < 0) {
    throw new RangeError(`There is no layer ${layer} here; there are ${Object.keys(description.layers).join(", ")}.`);
  }
  return number;
}
