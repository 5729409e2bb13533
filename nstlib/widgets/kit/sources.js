// Who computes for an explorer: a worker of this page (runtime/engine.js), or the kernel behind a notebook.
import { fresh } from "./kit.js";

/** A worker that is started when it is first asked for, and anew after it has stopped: { running(), close() }. */
export function pageEngine() {
  let engine;
  async function running() {
    if ((await engine)?.stopped()) engine = undefined; // the next try begins anew
    engine ??= import("../runtime/engine.js").then(({ startEngine }) => startEngine());
    try {
      return await engine;
    } catch (error) {
      engine = undefined;
      throw new Error(`engine.js could not be loaded: ${error.message}`);
    }
  }
  return { running, close: () => engine?.then((started) => started.close()) };
}

/**
 * The kernel behind a notebook: { ask(question, buffers), close() }. `ask` resolves to what `read(answer, buffers)`
 * makes of its answer, or rejects with the error that stands in it.
 */
export function kernel(model, read) {
  const waiting = new Map();
  const hear = ({ id, error, ...answer }, buffers) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(new Error(error));
    else asked?.resolve(read(answer, buffers));
  };
  model.on("msg:custom", hear);
  return {
    ask: (question, buffers) =>
      new Promise((resolve, reject) => {
        const id = fresh(); // another view of the same widget hears the answer, too
        waiting.set(id, { resolve, reject });
        model.send({ id, ...question }, undefined, buffers);
      }),
    close: () => model.off("msg:custom", hear),
  };
}

/** Return the numbers of single precision that came as bytes: a copy, for they need not begin at a multiple of four. */
export function floats(bytes) {
  const seen = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
  return new Float32Array(new Uint8Array(seen.buffer, seen.byteOffset, seen.byteLength).slice().buffer);
}
