// Who paints: a worker of this page, or the kernel behind a notebook.
//
// Each source has `missing()`, the bytes that must come first; `open(onProgress)`, which loads them; `paint(picture,
// amounts)`, which returns {data, height, width, milliseconds}; and `close()`.
import { floats, kernel, pageEngine } from "../kit/sources.js";

/** Open the source that the explorer's state names: "page" or "kernel". */
export function openSource(model) {
  return model.get("source") === "kernel" ? fromKernel(model) : fromPage(model.get("bytes"));
}

function fromPage(own) {
  const { running, close } = pageEngine();
  return {
    missing: async () => (await running()).painterBytes(own),
    open: async (onProgress) => (await running()).openPainter(own, onProgress),
    paint: async ({ data, height, width }, amounts) => (await running()).paint({ data, height, width }, amounts),
    close,
  };
}

function fromKernel(model) {
  const { ask, close } = kernel(model, ({ size: [height, width], milliseconds }, buffers) => ({
    data: floats(buffers[0]),
    height,
    width,
    milliseconds,
  }));
  return {
    missing: async () => 0,
    open: async () => {},
    paint: ({ data, height, width }, amounts) => ask({ size: [height, width], amounts }, [Float32Array.from(data)]),
    close,
  };
}
