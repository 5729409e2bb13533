// Who computes a layer: a worker of this page, the kernel behind a notebook, or the server that `nst explore` started.
//
// Each source has `missing(layer)`, the bytes that must come before that layer can be computed, and
// `features(layer, picture, onProgress)`, which returns {data, channels, height, width}, and `close()`.
import { fresh } from "./kit.js";

/** Open the source that the explorer's state names: "page", "kernel" or "server". */
export function openSource(model) {
  return { page: fromPage, kernel: fromKernel, server: fromServer }[model.get("source")](model);
}

/** A worker that is started when it is first asked for, and anew after it has stopped: { running(), close() }. */
export function pageEngine() {
  let engine;
  async function running() {
    if ((await engine)?.stopped()) engine = undefined; // the next try begins anew
    engine ??= import("./engine.js").then(({ startEngine }) => startEngine());
    try {
      return await engine;
    } catch (error) {
      engine = undefined;
      throw new Error(`engine.js could not be loaded: ${error.message}`);
    }
  }
  return { running, close: () => engine?.then((started) => started.close()) };
}

function fromPage() {
  const { running, close } = pageEngine();
  return {
    missing: async (layer) => (await running()).missingBytes(layer),
    async features(layer, { key, data, height, width }, onProgress) {
      return (await running()).features(layer, { key, pixels: data, height, width }, onProgress);
    },
    close,
  };
}

function fromKernel(model) {
  const waiting = new Map();
  const hear = ({ id, shape, error }, buffers) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(new Error(error));
    else asked?.resolve(activations(shape, buffers[0]));
  };
  model.on("msg:custom", hear);
  return {
    missing: async () => 0,
    features(layer, picture) {
      return new Promise((resolve, reject) => {
        const id = fresh(); // another view of the same widget hears the answer, too
        waiting.set(id, { resolve, reject });
        const { height, width } = picture;
        model.send({ id, layer, height, width }, undefined, [pixelBytes(picture)]);
      });
    },
    close: () => model.off("msg:custom", hear),
  };
}

function fromServer() {
  return {
    missing: async () => 0,
    async features(layer, picture) {
      const query = new URLSearchParams({ layer, height: picture.height, width: picture.width });
      let answer;
      try {
        answer = await fetch(`features?${query}`, { method: "POST", body: pixelBytes(picture) });
      } catch {
        throw new Error("Nobody answers: was nst explore stopped? Start it again and reload this page.");
      }
      if (!answer.ok) throw new Error(await answer.text());
      const shape = answer.headers.get("Nst-Shape").split(",").map(Number);
      return activations(shape, await answer.arrayBuffer());
    },
    close() {},
  };
}

function pixelBytes({ data }) {
  return Uint8Array.from(data, (value) => Math.round(255 * value));
}

/** Return numbers that came as bytes; a copy where they do not begin at a multiple of four. */
function activations([channels, height, width], bytes) {
  const view = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
  const whole = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
  return { data: new Float32Array(whole.buffer), channels, height, width };
}
