// Where a picture's features come from: remembered, carried by the page, or computed once the reader has agreed to
// load.
import { whatIsApart } from "../kit/apart.js";
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

const asFeatures = ({ shape: [channels, height, width], data }) => ({ channels, height, width, data });

/** Return activations from each channel's peak and their shares of it. */
function unrounded({ shares, peaks }) {
  const { shape, data } = decode(shares);
  const { data: high } = decode(peaks);
  const positions = shape[1] * shape[2];
  return { shape, data: data.map((share, i) => share * high[Math.floor(i / positions)]) };
}

/**
 * Handle: { obtain(picture, layer, current), close() }. `obtain` returns features, or null if something was said to the
 * reader instead: through `door`, with a button for `onAgree` (load, and try again), `onShow` (the first of the page's
 * `own` pictures, of which it brings some layers along) and `onBack`. `current()` says whether anybody still waits for
 * the answer.
 */
export function featureShelf(model, { layers, own, door, onAgree, onShow, onBack }) {
  const source = openSource(model);
  const [first] = own;
  const [carried, others] = [model.get("carried"), model.get("others")];
  const remembered = memory(KEPT);
  const live = [...layers.values()].filter((one) => one.live).map(({ name }) => name);
  const deepest = live.at(-1);
  let agreed = false; // whether the reader wants the network loaded

  async function fromPage(picture, layer) {
    if (picture === first && carried[layer]) return asFeatures(decode(carried[layer]));
    if (!own.includes(picture) || !others[picture.name]) return null;
    const maps = await whatIsApart(others[picture.name]).catch(() => ({})); // what cannot be fetched can be computed
    return maps[layer] ? asFeatures(unrounded(maps[layer])) : null;
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
      const known = remembered.get(key) ?? (await fromPage(picture, layer));
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
