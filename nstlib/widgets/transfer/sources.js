// Who computes the gradient: a worker of this page, or the kernel behind a notebook.
//
// Each source has `missing()`, the bytes that must come first; `setGoals(content, style, onProgress)`; `compare(image,
// weights)`, which returns {data, content, style}: the gradient and the relative losses; and `close()`.
import { floats, kernel, pageEngine } from "../kit/sources.js";

/** Open the source that the explorer's state names: "page" or "kernel". */
export function openSource(model) {
  return model.get("source") === "kernel" ? fromKernel(model) : fromPage();
}

function fromPage() {
  const { running, close } = pageEngine();
  return {
    missing: async () => (await running()).transferBytes(),
    setGoals: async (content, style, onProgress) =>
      (await running()).setGoals(plain(content), plain(style), onProgress),
    compare: async (image, weights) => (await running()).compare(plain(image), weights),
    close,
  };
}

function fromKernel(model) {
  const { ask, close } = kernel(model, ({ losses }, buffers) => losses && { ...losses, data: floats(buffers[0]) });
  const send = (question, ...pictures) =>
    ask(
      { sizes: pictures.map(({ height, width }) => [height, width]), ...question },
      pictures.map(({ data }) => Float32Array.from(data)),
    );
  return {
    missing: async () => 0,
    setGoals: (content, style) => send({ method: "goals" }, content, style),
    compare: (image, weights) => send({ method: "compare", weights }, image),
    close,
  };
}

const plain = ({ data, height, width }) => ({ data, height, width });
