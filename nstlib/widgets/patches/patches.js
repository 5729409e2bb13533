// What channels like most: the strongest patches of each, and where in its picture each one lies.
import { choices, explorer, figure, frame, h, keep, loadImage, view } from "../kit/kit.js";

// Maths ---------------------------------------------------------------------------------------------------------------

/** Return a value's share of the strongest one in a list, 0 to 1. */
export function shares(values) {
  const strongest = Math.max(...values);
  return values.map((value) => (strongest > 0 ? Math.max(0, value) / strongest : 0));
}

/** Return the place that an arrow key leads to among `count` places in rows of three. */
export function neighbor(place, key, count) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -3, ArrowDown: 3 }[key];
  const next = place + step;
  return next >= 0 && next < count ? next : place;
}

// The explorer --------------------------------------------------------------------------------------------------------

/** Draw the part of a photo that lies in a box. */
function paint(canvas, photo, [top, bottom, left, right]) {
  const [width, height] = [right - left, bottom - top];
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").drawImage(photo, left, top, width, height, 0, 0, width, height);
}

/** One of the strongest patches as a button: `k` is its place, `share` of the strongest one's activation. */
function tile(photo, { box, value }, k, share, onChoose) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  paint(canvas, photo, box);
  return h(
    "button",
    {
      type: "button",
      class: "nst-button nst-tile",
      "aria-pressed": "false",
      "aria-label": `Place ${k + 1}: activation ${value.toFixed(1)}`,
      onclick: () => onChoose(k),
      onfocus: () => onChoose(k),
      // Not pointerenter: that fires as well where the page slides beneath a resting mouse, as when keys scroll it.
      onpointermove: (event) => event.pointerType === "mouse" && onChoose(k),
    },
    canvas,
    h("span", { class: "nst-bar", style: `width: ${Math.round(100 * share)}%` }),
    h("span", { class: "nst-value" }, value.toFixed(1)),
  );
}

async function render({ model, el }) {
  const ui = frame(el, {
    title: "The strongest patches",
    task: "Choose a channel, and say in one word what its patches have in common. Then try the next.",
  });
  const photos = await Promise.all(model.get("photos").map(loadImage));
  // { name, channels: [{ channel, patches: [{ photo, box, row, column, value }] }] }
  const layers = model.get("layers");
  let layer = model.get("layer");
  let channel = model.get("channel"); // a place in the layer's list
  let place = 0;

  const now = () => layers[layer].channels[channel];
  const whole = view({ label: "", smooth: true });
  const wholeFigure = figure("", whole.root);
  const reading = h("p", { class: "nst-reading nst-patch" });
  const wall = h("div", { class: "nst-wall", role: "group", "aria-label": "The strongest patches" });
  const places = h("div");

  function choose(k) {
    place = k;
    const patch = now().patches[k];
    const photo = photos[patch.photo];
    const [top, bottom, left, right] = patch.box;
    paint(whole.canvas, photo, [0, photo.naturalHeight, 0, photo.naturalWidth]);
    whole.mark({ row: top, column: left, height: bottom - top, width: right - left });
    const where = `unit in row ${patch.row}, column ${patch.column}`;
    const text = `Place ${k + 1} of ${now().patches.length}: activation ${patch.value.toFixed(1)}, ${where}`;
    reading.textContent = text;
    whole.rename(`The picture in which channel ${now().channel} fires; the patch is marked`);
    [...wall.children].forEach((one, j) => one.setAttribute("aria-pressed", String(j === k)));
    ui.announce(`${text}.`);
  }

  function hang() {
    const { channel: name, patches } = now();
    const strong = shares(patches.map(({ value }) => value));
    const onChoose = (k) => k === place || choose(k);
    wall.replaceChildren(...patches.map((patch, k) => tile(photos[patch.photo], patch, k, strong[k], onChoose)));
    wholeFigure.caption.textContent = `one of the pictures; what the unit of channel ${name} sees is marked`;
    choose(0);
    keep(model, { layer, channel });
  }

  function offer() {
    const chosen = choices({
      legend: "Channel",
      value: channel,
      options: layers[layer].channels.map((one, k) => [k, String(one.channel)]),
      onChange(k) {
        channel = k;
        hang();
      },
    });
    places.replaceChildren(chosen.root);
  }
  wall.addEventListener("keydown", (event) => {
    if (!event.key.startsWith("Arrow") || event.ctrlKey || event.metaKey || event.altKey) return;
    wall.children[neighbor(place, event.key, wall.children.length)].focus();
    event.preventDefault();
  });

  const chosenLayer = choices({
    legend: "Layer",
    value: layer,
    options: layers.map(({ name }, k) => [k, name]),
    onChange(k) {
      layer = k;
      channel = 0;
      offer();
      hang();
    },
  });
  el.append(
    h("div", { class: "nst-row" }, chosenLayer.root, places),
    h("div", { class: "nst-columns nst-gallery" }, wall, h("div", {}, wholeFigure.root, reading)),
  );
  offer();
  hang();
  return ui.end;
}

export default explorer(render);
