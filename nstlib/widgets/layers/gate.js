// What stands between the reader and a layer: an offer to load the network, its progress, or what went wrong.
import { gate } from "../kit/gate.js";
import { button, megabytes } from "../kit/kit.js";

/**
 * Handle: that of the kit's gate, and { offer, refuse }. Both get what happens when the reader agrees, and `onBack`,
 * which is null where there is nothing to go back to.
 */
export function layerGate() {
  const door = gate();
  const back = (onBack) => onBack && button("Not now", onBack);
  return {
    ...door,
    offer({ layer, bytes, later, deepest, onAgree, onBack }) {
      const more = later ? ` Layers up to ${deepest} add ${megabytes(later)} when you choose them.` : "";
      door.show(
        `To compute ${layer} here, in your browser, the page must load the trained network: ${megabytes(bytes)}, ` +
          `once.${more} Your picture stays on this machine.`,
        button(`Load ${megabytes(bytes)}`, onAgree),
        back(onBack),
      );
    },
    refuse({ layer, name, deepest, onShow, onBack }) {
      const own = deepest
        ? `This page can compute layers up to ${deepest}. `
        : "This page cannot compute this network. ";
      door.show(
        `${own}${layer} was computed when the book was built, of the book's own pictures. ` +
          "In the notebook you reach every layer of every picture.",
        button(`Show ${name}`, onShow),
        back(onBack),
      );
    },
  };
}
