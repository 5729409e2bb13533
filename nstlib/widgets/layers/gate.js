// What stands between the reader and a layer: an offer to load the network, its progress, or what went wrong.
import { button, h, megabytes } from "../kit/kit.js";

/**
 * Handle: { root, offer, progress(loaded, total), refuse, fail(message, onAgain), hide, open() }. `offer` and `refuse`
 * get what happens when the reader agrees, and `onBack`, which is null where there is nothing to go back to.
 */
export function gate() {
  const text = h("p", { class: "nst-reading" });
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Loading the network", hidden: true });
  const act = h("div", { class: "nst-buttons" });
  const root = h("div", { class: "nst-gate", hidden: true, tabindex: -1 }, text, bar, act);
  const voice = h("p", { class: "nst-hidden", role: "alert" });
  const show = (words, ...actions) => {
    const focused = root.contains(document.activeElement);
    root.hidden = false;
    text.textContent = words;
    bar.hidden = true;
    act.replaceChildren(...actions.filter(Boolean).map((action) => action.root));
    if (focused) root.focus({ preventScroll: true }); // its button may be gone
  };
  const back = (onBack) => onBack && button("Not now", onBack);
  return {
    root: h("div", {}, root, voice),
    offer({ layer, bytes, later, deepest, onAgree, onBack }) {
      const more = later ? ` Layers up to ${deepest} add ${megabytes(later)} when you choose them.` : "";
      show(
        `To compute ${layer} here, in your browser, the page must load the trained network: ${megabytes(bytes)}, ` +
          `once.${more} Your picture stays on this machine.`,
        button(`Load ${megabytes(bytes)}`, onAgree),
        back(onBack),
      );
    },
    progress(loaded, total) {
      show(loaded < total ? `Loading: ${megabytes(loaded)} of ${megabytes(total)}` : "Loaded. Starting …");
      bar.hidden = false;
      bar.value = loaded / total;
    },
    refuse({ layer, name, deepest, onShow, onBack }) {
      const own = deepest
        ? `This page can compute layers up to ${deepest}. `
        : "This page cannot compute this network. ";
      show(
        `${own}${layer} was computed when the book was built, and of one picture only: ${name}. ` +
          "In the notebook you reach every layer of every picture.",
        button(`Show ${name}`, onShow),
        back(onBack),
      );
    },
    fail(message, onAgain) {
      show(message, button("Try again", onAgain));
      voice.textContent = message;
    },
    open: () => !root.hidden,
    holdsFocus: () => root.contains(document.activeElement),
    hide() {
      root.hidden = true;
      voice.textContent = "";
    },
  };
}
