// Who computes the gradient: a worker of this page, or the kernel behind a notebook.
//
// Each source has `missing()`, the bytes that must come first; `setGoals(content, style, onProgress)`; `compare(image,
// weights)`, which returns {data, content, style}: the gradient and the relative losses; and `close()`.
import { fresh } from "./kit.js";
import { pageEngine } from "./layer_sources.js";

/** Open the source that the explorer's state names: "page" or "kernel". */
export function openSource(model) {
  return model.get("source") === "kernel" ? fromKernel(model) : fromPage();
}

function fromPage() {
  const { running, close } = pageEngine();
  return {
    missing: async () => (await running()).transferBytes(),
    setGoals: async (content, style, onProgress) => (await running()).setGoals(plain(content), plain(style), onProgress),
    compare: async (image, weights) => (await running()).compare(plain(image), weights),
    close,
  };
}

function fromKernel(model) {
  const waiting = new Map();
  const hear = ({ id, error, losses }, buffers) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(new Error(error));
    else asked?.resolve(losses && { ...losses, data: numbers(buffers[0]) });
  };
  const ask = (question, ...pictures) => new Promise((resolve, reject) => {
    const id = fresh(); // another view of the same widget hears the answer, too
    waiting.set(id, { resolve, reject });
    const sizes = pictures.map(({ height, width }) => [height, width]);
    model.send({ id, sizes, ...question }, undefined, pictures.map(({ data }) => Float32Array.from(data)));
  });
  model.on("msg:custom", hear);
  return {
    missing: async () => 0,
    setGoals: (content, style) => ask({ method: "goals" }, content, style),
    compare: (image, weights) => ask({ method: "compare", weights }, image),
    close: () => model.off("msg:custom", hear),
  };
}

const plain = ({ data, height, width }) => ({ data, height, width });

/** Numbers that came as bytes; a copy, for they need not begin at a multiple of four. */
function numbers(bytes) {
  const seen = ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes);
  return new Float32Array(seen.slice().buffer);
}
