// A network in a worker of its own, so that the page never freezes while it computes.
//
// Loaded as a worker this file answers messages; imported by a page it offers `startEngine`, the page's end of the
// line. A message {id, method, arguments} is answered by {id, result} or {id, error}, before which {id, progress} may
// come often.

import { StagedNetwork } from "./network.js";
import { Painter } from "./painter.js";
import { TransferGraph } from "./transfer_graph.js";

const METHODS = {
  describe: "network",
  missingBytes: "network",
  features: "network",
  transferBytes: "transfer",
  setGoals: "transfer",
  compare: "transfer",
  painterBytes: "painter",
  openPainter: "painter",
  paint: "painter",
};

/** Answer messages one after the other; what a later one asks for must not overtake an earlier one. */
function serve(scope) {
  let parts;
  let line = Promise.resolve();
  scope.onmessage = ({ data }) => {
    line = line.then(() => answer(data));
  };

  async function answer({ id, method, given }) {
    try {
      if (method === "open") {
        const network = new StagedNetwork(given[0]);
        parts = { network, transfer: new TransferGraph(network), painter: new Painter(network, given[0].painter) };
        return scope.postMessage({ id });
      }
      if (!Object.hasOwn(METHODS, method)) throw new RangeError(`The engine does not know ${method}.`);
      const progress = (...numbers) => scope.postMessage({ id, progress: numbers });
      const result = await parts[METHODS[method]][method](...given, progress);
      scope.postMessage({ id, result }, result?.data ? [result.data.buffer] : []);
    } catch (error) {
      scope.postMessage({ id, error: { name: error.name, message: error.message } });
    }
  }
}

/**
 * Start a worker that runs a network.
 *
 * @param {{layers?: string|URL, runtime?: string|URL, painter?: string|URL, backend?: string}} [folders] as for
 *   StagedNetwork, and the address of the graph that paints; by default where the book has them.
 * @returns {{describe, missingBytes, features, transferBytes, setGoals, compare, painterBytes, openPainter, paint,
 *   stopped, close}} the methods of StagedNetwork, TransferGraph and Painter, whether the worker has ended, and what
 *   ends it.
 */
export function startEngine({
  layers = new URL("../../layers/", import.meta.url),
  runtime = new URL("../../vendor/ort/", import.meta.url),
  painter = new URL("./painter.onnx", import.meta.url),
  backend,
} = {}) {
  const worker = new Worker(new URL("./engine.js", import.meta.url), { type: "module" });
  const waiting = new Map();
  let count = 0;
  let stopped = null; // why, once it has
  worker.onmessage = ({ data }) => {
    const { resolve, reject, onProgress } = waiting.get(data.id);
    if (data.progress) return onProgress?.(...data.progress);
    waiting.delete(data.id);
    if (data.error) reject(Object.assign(new Error(data.error.message), { name: data.error.name }));
    else resolve(data.result);
  };
  const stop = (why) => {
    stopped = new Error(why);
    worker.terminate();
    for (const { reject } of waiting.values()) reject(stopped);
    waiting.clear();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    stop(`The worker that runs the network stopped: ${event.message || "engine.js could not be loaded"}.`);
  };
  const ask = (method, given, onProgress) =>
    new Promise((resolve, reject) => {
      if (stopped) return reject(stopped);
      waiting.set(++count, { resolve, reject, onProgress });
      return worker.postMessage({ id: count, method, given });
    });
  const folders = { layers: String(layers), runtime: String(runtime), painter: String(painter), backend };
  ask("open", [folders]).catch(() => {}); // whoever asks next is told
  return {
    describe: () => ask("describe", []),
    missingBytes: (layer) => ask("missingBytes", [layer]),
    features: (layer, image, onProgress) => ask("features", [layer, image], onProgress),
    transferBytes: () => ask("transferBytes", []),
    setGoals: (content, style, onProgress) => ask("setGoals", [content, style], onProgress),
    compare: (image, weights) => ask("compare", [image, weights]),
    painterBytes: (own) => ask("painterBytes", [own]),
    openPainter: (own, onProgress) => ask("openPainter", [own], onProgress),
    paint: (image, amounts) => ask("paint", [image, amounts]),
    stopped: () => Boolean(stopped),
    close: () => stop("The engine was closed."),
  };
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) serve(self);
