// Who computes a layer: a worker of this page, the kernel behind a notebook, or the server that `nst explore` started.
//
// Each source has `missing(layer)`, the bytes that must come before that layer can be computed, and
// `features(layer, picture, onProgress)`, which returns {data, channels, height, width}, and `close()`.
import { floats, kernel, pageEngine } from "../kit/sources.js";

/** Open the source that the explorer's state names: "page", "kernel" or "server". */
export function openSource(model) {
  return { page: fromPage, kernel: fromKernel, server: fromServer }[model.get("source")](model);
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
  const { ask, close } = kernel(model, ({ shape }, buffers) => activations(shape, buffers[0]));
  return {
    missing: async () => 0,
    features: (layer, picture) => ask({ layer, height: picture.height, width: picture.width }, [pixelBytes(picture)]),
    close,
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

const activations = ([channels, height, width], bytes) => ({ data: floats(bytes), channels, height, width });
