// What each channel of each layer sees in a photo (chapter on features): maps by strength, and one of them close up.
import {
  asPicture,
  choices,
  explorer,
  frame,
  fresh,
  h,
  keep,
  pictureSource,
  row,
  select,
  significant,
  toggle,
} from "../kit/kit.js";
import { camera } from "../kit/camera.js";
import { closeUp, gramPanel } from "./detail.js";
import { featureShelf } from "./features.js";
import { layerGate } from "./gate.js";
import { mapGrid } from "./grid.js";
import { firstInside, gramDiagonal, gramRow, partners, ranked, summarize } from "./maths.js";

const BUTTONS = 10; // up to so many layers each has its own button
const PARTNERS = 4;
const SORTS = [
  ["means", "mean activation"],
  ["peaks", "maximum"],
  ["shares", "how often active"],
  ["numbers", "number"],
];
const BY = {
  page: "computed when the book was built",
  kernel: "computed by the kernel",
  server: "computed by nst explore",
};
const DIFFERENCE = ["difference", "difference of the means"];

/** Return the channels in the order that the reader wants; `summaries` has one entry for each picture. */
export function sorted(summaries, by) {
  const [first, second] = summaries;
  if (by === "numbers") return [...first.means.keys()];
  if (by === "difference" && second) return ranked(first.means.map((mean, c) => Math.abs(mean - second.means[c])));
  return ranked(first[by] ?? first.means);
}

const sorting = (sort) => [...SORTS, DIFFERENCE].find(([key]) => key === sort)[1];

/** Return a channel of what is shown in words. */
function describe({ order, summaries }, channel) {
  const means = summaries.map((summary) => significant(summary.means[channel])).join(" and ");
  return `channel ${channel}, number ${order.indexOf(channel) + 1} of ${order.length}, mean ${means}`;
}

/** The maps, and the chosen one close up. Handle: { root, draw(), focus() }; `now` says what is to be seen. */
function mapBody({ ui, model, layers, now }) {
  const sides = [0, 1].map(() => closeUp({ onMove: ui.announce }));
  const gram = gramPanel({ onChoose });
  const grid = mapGrid({ onChoose });
  const heading = h("p", { class: "nst-heading" });
  const origin = h("p", { class: "nst-note nst-origin" });
  const parts = [heading, ...sides.map((side) => side.root), gram.root];
  const detail = h("section", { class: "nst-detail", "aria-label": "The chosen channel" }, ...parts);
  const root = h("div", { hidden: true }, grid.root, origin, detail);
  const scale =
    ({ summaries }) =>
    (c) =>
      Math.max(...summaries.map(({ peaks }) => peaks[c]));

  function onChoose(channel) {
    now.channel = channel;
    grid.mark(channel);
    drawClose();
    keep(model, { channel });
    ui.announce(`${describe(now.shown, channel)}.`);
  }
  function drawClose() {
    const { shown, channel, sort, pictures } = now;
    const { layer, found, summaries, order } = shown;
    const high = scale(shown);
    const place = `number ${order.indexOf(channel) + 1} of ${order.length}`;
    heading.textContent = `${layer}, channel ${channel}: ${place} by ${sorting(sort)}`;
    const common = { channel, field: layers.get(layer), high: high(channel), titled: found.length > 1 };
    sides.forEach((side, i) => {
      side.root.hidden = !found[i];
      if (found[i]) side.show({ picture: pictures[i], features: found[i], summary: summaries[i], ...common });
    });
    const rows = found.map((features) => gramRow(features, channel));
    const mates = partners(rows[0], gramDiagonal(found[0]), channel, PARTNERS);
    gram.show({ rows, order, channel, partners: mates, names: pictures.map(({ name }) => name), found, high });
  }

  return {
    root,
    focus: grid.focus,
    draw() {
      const { layer, shown, channel, sort } = now;
      const { found, order } = shown;
      const words = (c) => describe(shown, c);
      grid.show({ layer, found, order, channel, high: scale(shown), describe: words, sorting: `by ${sorting(sort)}` });
      const { height, width, milliseconds } = found.at(-1);
      const when =
        milliseconds === undefined ? BY[model.get("source")] : `computed just now in ${Math.round(milliseconds)} ms`;
      const size = `${order.length} channels of ${height} × ${width} positions`;
      origin.textContent = `${size}, ${when}. Bright is active; each channel has its own scale.`;
      drawClose();
    },
  };
}

/**
 * Which picture, and with it the camera; `take(picture)` and `follow(picture)` get it. Handle: { root, set(name),
 * close() }.
 */
function pictureChoice(ui, el, { pictures, size, take, follow }) {
  const eye = camera({ ui, size: () => size, onPicture: (picture) => photos.take(picture), onFrame: follow });
  const photos = pictureSource(ui, el, { pictures, size, onPicture: take, extra: [eye.opener.root] });
  return {
    root: h("div", { class: "nst-row nst-stack" }, photos.root, eye.root),
    set: photos.set,
    close: () => eye.close(false),
  };
}

/** Which layer: buttons for a few, a list for many. Handle: that of `choices`. */
function layerChoice(names, value, onChange) {
  const options = names.map((name) => [name, name]);
  const chosen =
    options.length > BUTTONS
      ? select({ label: "Layer", options, value, onChange })
      : choices({ legend: "Layer", options, value, onChange });
  chosen.root.classList.add("nst-layers");
  return chosen;
}

/** The order, and whether two pictures are compared and which one is exchanged. Handle: { root, arrange(now) }. */
function arrangement({ sort, onSort, onCompare, onSlot }) {
  const slots = choices({
    legend: "To exchange",
    options: [
      ["0", "first"],
      ["1", "second"],
    ],
    value: "0",
    onChange: (value) => onSlot(Number(value)),
  });
  const sortBy = select({ label: "Sort by", options: [...SORTS, DIFFERENCE], value: sort, onChange: onSort });
  const both = toggle({ label: "compare two pictures", value: false, onChange: onCompare });
  return {
    root: h("div", { class: "nst-row nst-sorting" }, sortBy.root, both.root, slots.root),
    arrange(now) {
      const { comparing, pictures } = now;
      both.set(comparing);
      slots.root.hidden = !comparing;
      if (!comparing) now.slot = 0;
      slots.set(String(now.slot));
      slots.root.querySelectorAll("span").forEach((span, i) => {
        span.textContent = `${["first", "second"][i]}: ${pictures[i].name}`;
      });
      sortBy.input.querySelector("option[value=difference]").hidden = !comparing;
      if (!comparing && now.sort === "difference") {
        now.sort = "means";
      }
      sortBy.set(now.sort);
    },
  };
}

/** Return a function that gets what is missing and shows it. A later call overtakes an earlier one that still waits. */
function updater({ el, now, door, body, shelf, announce }) {
  let asked = 0;

  /** Return features of the pictures that are to be seen, or null if they cannot be had, or nobody waits any more. */
  async function gather(current, again) {
    const found = [];
    try {
      for (const picture of now.comparing ? now.pictures : now.pictures.slice(0, 1)) {
        const features = await shelf.obtain(picture, now.layer, current);
        if (!current()) return null;
        if (!features) {
          body.root.hidden = true;
          return null;
        }
        found.push(features);
      }
    } catch (error) {
      if (!current()) return null;
      body.root.hidden = true;
      door.fail(error.message, () => again());
      return null;
    }
    return found;
  }

  async function update({ keepOrder = false } = {}) {
    asked += 1;
    const mine = asked;
    el.setAttribute("aria-busy", "true");
    if (!el.isConnected) await new Promise((done) => setTimeout(done)); // how wide it is decides how much is shown
    const found = await gather(() => mine === asked, update);
    if (found) show(found, keepOrder);
    if (mine === asked) el.setAttribute("aria-busy", "false"); // only now: who waits for it may look
  }

  function show(found, keepOrder) {
    const { layer, shown: before } = now;
    const summaries = found.map(summarize);
    const order = (keepOrder && before?.layer === layer && before.order) || sorted(summaries, now.sort);
    now.shown = { layer, found, summaries, order, pictures: now.pictures.slice(0, found.length) };
    const focused = door.holdsFocus();
    door.hide();
    body.root.hidden = false;
    if (now.channel < 0 || now.channel >= found[0].channels) now.channel = firstInside(found[0], order);
    body.draw();
    if (!keepOrder) announce();
    if (focused) body.focus();
  }
  const stop = () => {
    asked += 1; // nobody waits any more
    shelf.close();
  };
  return { update, stop };
}

/** Return what the explorer shows, as the model has it at the start. */
function firstState(model, own) {
  return {
    pictures: [own[0], own[1] ?? own[0]],
    slot: 0, // which of the two a new picture becomes
    comparing: false,
    layer: model.get("layer"),
    channel: model.get("channel"),
    sort: "means",
    shown: null, // { layer, found, summaries, order, pictures }
  };
}

function render({ model, el }) {
  const ui = frame(el, {
    title: "What each layer sees",
    task: "Click on a map to see it large, then choose a deeper layer: what of the photo can you still find?",
    onReset: () => startOver(),
  });
  const own = model.get("pictures").map((picture) => ({ ...asPicture(picture), key: fresh("picture") }));
  const layers = new Map(model.get("layers").map((layer) => [layer.name, layer]));
  const now = firstState(model, own);
  const begun = { ...now };

  /** Choose other pictures, another layer, ..., and show that. */
  function change(values, how) {
    Object.assign(now, values);
    byLayer.set(now.layer);
    arrange();
    return update(how);
  }
  function arrange() {
    settings.arrange(now);
    photos.set(now.pictures[now.slot].name);
  }
  function withPicture(picture) {
    picture.key ??= fresh("picture");
    return now.pictures.map((one, i) => (i === now.slot ? picture : one));
  }
  const restore = (pictures, layer) =>
    change({ pictures: now.pictures.map((one, i) => pictures[i] ?? one), comparing: pictures.length > 1, layer });
  /** Everything as at first; what was loaded stays. */
  function startOver() {
    photos.close();
    keep(model, { layer: begun.layer, channel: begun.channel });
    return change(begun);
  }
  const announce = () => {
    ui.announce(`${now.layer}, ${now.shown.order.length} channels. ${describe(now.shown, now.channel)}.`);
  };
  const body = mapBody({ ui, model, layers, now });
  const door = layerGate();
  const shelf = featureShelf(model, {
    layers,
    own,
    door,
    onAgree: () => update(),
    onShow: () => restore([own[0]], now.layer),
    onBack: () => now.shown && restore(now.shown.pictures, now.shown.layer),
  });
  const { update, stop } = updater({ el, now, door, body, shelf, announce });
  const photos = pictureChoice(ui, el, {
    pictures: own,
    size: model.get("size"),
    take: (picture) => change({ pictures: withPicture(picture) }),
    async follow(picture) {
      if (door.open()) return; // the reader is asked something, or told
      Object.assign(picture, { key: fresh("frame"), passing: true });
      await change({ pictures: withPicture(picture) }, { keepOrder: true });
      await new Promise((done) => requestAnimationFrame(done)); // not busy for a moment: who waits for that may look
    },
  });
  const byLayer = layerChoice([...layers.keys()], now.layer, (layer) => {
    Object.assign(now, { layer, channel: -1 });
    keep(model, { layer });
    update();
  });
  const settings = arrangement({
    sort: now.sort,
    onSort(sort) {
      now.sort = sort;
      if (!now.shown) return;
      now.shown.order = sorted(now.shown.summaries, sort);
      [now.channel] = now.shown.order;
      body.draw();
      announce();
    },
    onCompare: (comparing) => change(comparing ? { comparing, slot: 1 } : { comparing }),
    onSlot(slot) {
      now.slot = slot;
      arrange();
    },
  });
  el.append(photos.root, row(byLayer.root), settings.root, door.root, body.root);
  change({});
  ui.onEnd(stop);
  return ui.end;
}

export default explorer(render);
