// Brings the explorers of a built page to life: no kernel runs behind it, so the state lies in the page as JSON, or in
// a file that the page names.
import { readJson } from "./apart.js";

/** Return what stands for a kernel's model: state, listeners, and nobody to save to. */
export function makeModel(state) {
  const values = structuredClone(state);
  const listeners = new Map();
  const off = (event, act) => {
    if (event === undefined) listeners.clear();
    else if (act === undefined) listeners.delete(event);
    else listeners.get(event)?.delete(act);
  };
  return {
    get: (key) => values[key],
    set(key, value) {
      values[key] = value;
      listeners.get(`change:${key}`)?.forEach((act) => act());
    },
    on: (event, act) => void listeners.set(event, (listeners.get(event) || new Set()).add(act)),
    off,
    save_changes() {},
    send() {},
  };
}

/** Return what an explorer is begun with. */
async function stateOf(place) {
  const held = place.querySelector('script[type="application/json"]');
  if (held) return JSON.parse(held.textContent);
  return readJson(place.dataset.state);
}

/** Offer to begin again, below the still picture. */
function offerAgain(place, load) {
  const again = document.createElement("button");
  Object.assign(again, { type: "button", className: "nst-button nst-again", textContent: "Load the explorer again" });
  again.addEventListener("click", () => {
    again.remove();
    mount(place, load);
  });
  place.append(again);
}

/** Draw one explorer in the place of its still picture; that stays where something fails. */
export async function mount(place, load = (name) => import(`../${name}/${name}.js`)) {
  const stage = document.createElement("div");
  try {
    const [state, { default: explorer }] = await Promise.all([stateOf(place), load(place.dataset.explorer)]);
    const end = await explorer.render({ model: makeModel(state), el: stage });
    place.querySelector(".nst-still")?.setAttribute("hidden", "");
    place.append(stage);
    place.dataset.live = "yes";
    return end;
  } catch (error) {
    place.dataset.live = "no";
    offerAgain(place, load);
    console.error(`the explorer ${place.dataset.explorer} did not start`, error);
    return null;
  }
}

const NEAR = "400px 0px"; // how near to what is seen an explorer is begun once the reader scrolls

/**
 * Draw each explorer once it comes near what is seen, or is touched. Before the reader scrolls, only those that are
 * seen: who looks at the top of a page and leaves has loaded nothing else.
 */
export function mountWhenNear(places) {
  const waiting = new Set(places);
  const start = (place) => {
    near.unobserve(place);
    if (waiting.delete(place)) mount(place);
  };
  const watch = (rootMargin) => {
    const seen = (entries) => entries.filter((one) => one.isIntersecting).forEach(({ target }) => start(target));
    near = new IntersectionObserver(seen, { rootMargin });
    waiting.forEach((place) => near.observe(place));
  };
  const further = () => {
    near.disconnect();
    watch(NEAR);
  };
  let near;
  watch("0px");
  window.addEventListener("scroll", further, { once: true, passive: true });
  for (const place of places)
    for (const type of ["pointerdown", "focusin"]) place.addEventListener(type, () => start(place), { once: true });
}

if (typeof document !== "undefined") mountWhenNear(document.querySelectorAll(".nst-page:not([data-live])"));
