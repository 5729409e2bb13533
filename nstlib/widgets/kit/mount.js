// Brings the explorers of a built page to life: no kernel runs behind it, so the state lies in the page as JSON.

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

/** Draw one explorer in the place of its still picture; that stays where something fails. */
export async function mount(place, load = (name) => import(`../${name}/${name}.js`)) {
  const stage = document.createElement("div");
  try {
    const state = JSON.parse(place.querySelector('script[type="application/json"]').textContent);
    const { default: explorer } = await load(place.dataset.explorer);
    const end = await explorer.render({ model: makeModel(state), el: stage });
    place.querySelector(".nst-still")?.setAttribute("hidden", "");
    place.append(stage);
    place.dataset.live = "yes";
    return end;
  } catch (error) {
    place.dataset.live = "no";
    console.error(`the explorer ${place.dataset.explorer} did not start`, error);
    return null;
  }
}

if (typeof document !== "undefined")
  document.querySelectorAll(".nst-page:not([data-live])").forEach((place) => mount(place));
