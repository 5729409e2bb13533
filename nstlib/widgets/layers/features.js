// Where a picture's features come from: remembered, carried by the page, or computed once the reader has agreed to
// load.
import { decode } from "../kit/kit.js";
import { openSource } from "./sources.js";

const KEPT = 4; // results that are remembered: two layers of two pictures

/** Return a memory for `count` results that forgets the one used longest ago. */
function memory(count) {
  const held = new Map();
  return {
    get(key) {
      const value = held.get(key);
      if (value) {
        held.delete(key);
        held.set(key, value);
      }
      return value;
    },
    set(key, value) {
      held.set(key, value);
      if (held.size > count) held.delete(held.keys().next().value);
    },
  };
}

/**
 * Handle: { obtain(picture, layer, current), close() }. `obtain` returns features, or null if something was said to the
 * reader instead: through `door`, with a button for `onAgree` (load, and try again), `onShow` (the picture `first`, of
 * which the page carries some layers) and `onBack`. `current()` says whether anybody still waits for the answer.
 */
export function featureShelf(model, { layers, first, door, onAgree, onShow, onBack }) {
  const source = openSource(model);
  const carried = model.get("carried");
  const remembered = memory(KEPT);
  const live = [...layers.values()].filter((one) => one.live).map(({ name }) => name);
  const deepest = live.at(-1);
  let agreed = false; // whether the reader wants the network loaded

  function fromPage(picture, layer) {
    if (picture !== first || !carried[layer]) return null;
    const { shape, data } = decode(carried[layer]);
    return { channels: shape[0], height: shape[1], width: shape[2], data };
  }
  function agree() {
    agreed = true;
    onAgree();
  }
  async function compute(picture, layer, current) {
    const missing = await source.missing(layer);
    if (current() && missing && !agreed) {
      const later = (await source.missing(deepest)) - missing;
      if (current()) door.offer({ layer, bytes: missing, later, deepest, onAgree: agree, onBack });
      return null;
    }
    if (missing) door.progress(0, missing);
    return source.features(layer, picture, (...now) => current() && door.progress(...now));
  }

  return {
    async obtain(picture, layer, current) {
      const key = `${picture.key} ${layer}`;
      const known = remembered.get(key) ?? fromPage(picture, layer);
      if (!known && !layers.get(layer).live) {
        door.refuse({ layer, name: first.name, deepest, onShow, onBack });
        return null;
      }
      const features = known ?? (await compute(picture, layer, current));
      if (features && !picture.passing) remembered.set(key, features);
      return features;
    },
    close: () => source.close(),
  };
}
