// What stands between the reader and what must be loaded first: an offer, its progress, or what went wrong.
import { button, h, megabytes } from "./kit.js";

/**
 * Handle: { root, show(words, ...buttons), progress(loaded, total), fail(message, onAgain), hide, open(), holdsFocus()
 * }; `buttons` are handles, and those that are null are left out. `label` says what the bar measures.
 */
export function gate(label = "Loading the network") {
  const text = h("p");
  const bar = h("progress", { max: 1, value: 0, "aria-label": label, hidden: true });
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
  return {
    root: h("div", {}, root, voice),
    show,
    progress(loaded, total) {
      show(loaded < total ? `Loading: ${megabytes(loaded)} of ${megabytes(total)}` : "Loaded. Starting …");
      bar.hidden = false;
      bar.value = loaded / total;
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
