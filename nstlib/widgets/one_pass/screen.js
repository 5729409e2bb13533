// What is seen of the one-pass explorer: the picture under its divider, and the styles as pictures to click.
import { choices, figure, h, paintPicture, view } from "../kit/kit.js";
import { divided, faded } from "./maths.js";

/**
 * A painting on the left of a divider, the photo on its right, on one canvas; the divider follows mouse, finger and
 * keys. Handle: { root, say(caption), show({ photo, painting, strength }), place(at), focus(), save(name) }; `painting`
 * is null where there is none.
 */
export function dividedPicture({ at, onMove }) {
  const shown = view({ label: "The photo, painted", smooth: true });
  const slider = h("input", {
    type: "range",
    min: 0,
    max: 100,
    class: "nst-divide",
    "aria-label": "How much of the painting is shown, against the photo",
  });
  const line = h("span", { class: "nst-divider", "aria-hidden": "true" });
  const whole = h("div", { class: "nst-divided" }, shown.root, line, slider); // an image may hold no slider
  const { root, caption } = figure("", whole);
  let now = null; // { height, width, photo, painting }: bytes

  function draw() {
    const column = Math.round((now.width * slider.valueAsNumber) / 100);
    shown.draw(divided(now.painting ?? now.photo, now.photo, now.width, column), now.height, now.width);
  }
  function place(percent) {
    slider.value = percent;
    slider.setAttribute("aria-valuetext", `${slider.value} %`);
    whole.style.setProperty("--at", `${slider.value}%`);
    if (now) draw();
  }
  function move(percent) {
    place(percent);
    onMove(slider.valueAsNumber / 100);
  }
  slider.addEventListener("input", () => move(slider.valueAsNumber));
  whole.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && event.target !== slider) whole.setPointerCapture(event.pointerId);
  });
  whole.addEventListener("pointermove", (event) => {
    if (!whole.hasPointerCapture(event.pointerId)) return;
    const box = whole.getBoundingClientRect();
    move((100 * (event.clientX - box.left)) / box.width);
  });
  place(100 * at);
  return {
    root,
    place: (share) => place(100 * share),
    focus: () => slider.focus({ preventScroll: true }),
    say(text) {
      caption.textContent = text;
      shown.rename(text);
    },
    show({ photo, painting, strength }) {
      const { height, width } = photo;
      const mixed = painting && { ...photo, data: faded(photo.data, painting.data, strength) };
      now = { height, width, photo: paintPicture(photo), painting: mixed && paintPicture(mixed) };
      line.hidden = slider.hidden = !painting;
      draw();
    },
    save(name) {
      const canvas = Object.assign(document.createElement("canvas"), { width: now.width, height: now.height });
      const bytes = now.painting ?? now.photo;
      canvas.getContext("2d").putImageData(new ImageData(bytes, now.width, now.height), 0, 0);
      const link = h("a", { href: canvas.toDataURL("image/png"), download: name });
      link.click();
    },
  };
}

/** Styles as pictures, one of which is chosen; `small` ones say their names to screen readers only, and as a tip. */
export function styleRow({ legend, styles, value, small = false, onChange }) {
  const chosen = choices({
    legend,
    options: styles.map(({ name, look }) => {
      // Its name stands below.
      const picture = h("img", { src: look, alt: "", "aria-hidden": "true", draggable: "false" });
      const label = h("span", { class: small ? "nst-hidden" : "" }, name);
      return [name, h("span", { class: "nst-look", title: small ? name : null }, picture, label)];
    }),
    value,
    onChange,
  });
  chosen.root.classList.add("nst-looks", ...(small ? ["nst-tiny"] : []));
  return chosen;
}
