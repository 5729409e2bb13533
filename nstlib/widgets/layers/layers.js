// What each channel of each layer sees in a photo (chapter 03): maps by strength, and one of them close up.
import {
  asPicture,
  choices,
  decode,
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
import { gramDiagonal, gramRow, partners, ranked, summarize } from "./maths.js";
import { openSource } from "./sources.js";
import { mapGrid } from "./grid.js";
import { closeUp, gramPanel } from "./detail.js";
import { camera } from "./camera.js";
import { gate } from "./gate.js";

const KEPT = 4; // results that are remembered: two layers of two pictures
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

function render({ model, el }) {
  const ui = frame(el, "Explorer: what each layer sees");
  const own = model.get("pictures").map(asPicture);
  own.forEach((picture) => {
    picture.key = fresh("picture");
  });
  const layers = new Map(model.get("layers").map((layer) => [layer.name, layer]));
  const carried = model.get("carried");
  const source = openSource(model);
  const remembered = memory(KEPT);
  const pictures = [own[0], own[1] ?? own[0]];
  let slot = 0; // which of the two a new picture becomes
  let comparing = false;
  let layer = model.get("layer");
  let channel = model.get("channel");
  let sort = "means";
  let loading = false; // whether the reader has agreed to load the network
  let asked = 0;
  let shown = null; // { layer, found, summaries, order }

  // Where features come from ---------------------------------------------------------------------------------------

  function fromPage(picture) {
    if (picture !== own[0] || !carried[layer]) return null;
    const {
      shape: [channels, height, width],
      data,
    } = decode(carried[layer]);
    return { channels, height, width, data };
  }

  const live = [...layers.values()].filter((one) => one.live).map(({ name }) => name);
  const onAgree = () => {
    loading = true;
    update();
  };
  const onBack = () => (shown ? restore(shown.pictures, shown.layer) : null);

  /** Go back to pictures and a layer that could be shown. */
  function restore(wanted, name) {
    wanted.forEach((picture, i) => {
      pictures[i] = picture;
    });
    comparing = wanted.length > 1;
    layer = name;
    both.set(comparing);
    byLayer.set(layer);
    arrange();
    update();
  }

  /** Return a picture's features, or null if something must be said to the reader first. */
  async function obtain(picture, current) {
    const key = `${picture.key} ${layer}`;
    const known = remembered.get(key) ?? fromPage(picture);
    if (known) {
      remembered.set(key, known);
      return known;
    }
    if (!layers.get(layer).live) {
      door.refuse({ layer, name: own[0].name, deepest: live.at(-1), onShow: () => restore([own[0]], layer), onBack });
      return null;
    }
    const wanted = layer;
    const missing = await source.missing(wanted);
    if (current() && missing && !loading) {
      const later = (await source.missing(live.at(-1))) - missing;
      if (current()) door.offer({ layer: wanted, bytes: missing, later, deepest: live.at(-1), onAgree, onBack });
      return null;
    }
    if (missing) door.progress(0, missing);
    const features = await source.features(wanted, picture, (...now) => current() && door.progress(...now));
    if (!picture.passing) remembered.set(key, features);
    return features;
  }

  /** Get what is missing and show it. A later call overtakes an earlier one that still waits. */
  async function update({ keepOrder = false } = {}) {
    asked += 1;
    const mine = asked;
    const current = () => mine === asked;
    const found = [];
    el.setAttribute("aria-busy", "true");
    if (!el.isConnected) await new Promise((done) => setTimeout(done)); // how wide it is decides how much is shown
    try {
      for (const picture of comparing ? pictures : pictures.slice(0, 1)) {
        const features = await obtain(picture, current);
        if (!current()) return;
        if (!features) {
          body.hidden = true;
          return;
        }
        found.push(features);
      }
    } catch (error) {
      if (current()) {
        body.hidden = true;
        door.fail(error.message, () => update());
      }
      return;
    } finally {
      if (current()) el.setAttribute("aria-busy", "false");
    }
    const summaries = found.map(summarize);
    const same = keepOrder && shown?.layer === layer && shown.order;
    shown = {
      layer,
      found,
      summaries,
      order: same || sorted(summaries, sort),
      pictures: pictures.slice(0, found.length),
    };
    const focused = door.holdsFocus();
    door.hide();
    body.hidden = false;
    if (channel < 0 || channel >= found[0].channels) channel = shown.order[0];
    draw(keepOrder);
    if (focused) grid.focus();
  }

  // What is seen -----------------------------------------------------------------------------------------------------

  const high = (c) => Math.max(...shown.summaries.map(({ peaks }) => peaks[c]));

  function describe(c) {
    const place = shown.order.indexOf(c) + 1;
    const means = shown.summaries.map((summary) => significant(summary.means[c])).join(" and ");
    return `channel ${c}, number ${place} of ${shown.order.length}, mean ${means}`;
  }

  const sorting = () => [...SORTS, DIFFERENCE].find(([key]) => key === sort)[1];

  function draw(quietly) {
    const { found, order } = shown;
    grid.show({ layer, found, order, channel, high, describe, sorting: `by ${sorting()}` });
    const { height, width, milliseconds } = found.at(-1);
    const when =
      milliseconds === undefined ? BY[model.get("source")] : `computed just now in ${Math.round(milliseconds)} ms`;
    origin.textContent = `${order.length} channels of ${height} × ${width} positions, ${when}. Bright is active; each channel has its own scale.`;
    drawClose();
    if (!quietly) ui.announce(`${layer}, ${order.length} channels. ${describe(channel)}.`);
  }

  function drawClose() {
    const { found, summaries, order } = shown;
    const count = order.length;
    heading.textContent = `${shown.layer}, channel ${channel}: number ${order.indexOf(channel) + 1} of ${count} by ${sorting()}`;
    sides.forEach((side, i) => {
      side.root.hidden = !found[i];
      if (found[i]) {
        const field = layers.get(shown.layer);
        side.show({
          picture: pictures[i],
          features: found[i],
          channel,
          field,
          high: high(channel),
          summary: summaries[i],
          titled: found.length > 1,
        });
      }
    });
    const rows = found.map((features) => gramRow(features, channel));
    const mates = partners(rows[0], gramDiagonal(found[0]), channel, PARTNERS);
    gram.show({ rows, order, channel, partners: mates, names: pictures.map(({ name }) => name), found, high });
  }

  function choose(next) {
    channel = next;
    grid.mark(channel);
    drawClose();
    keep(model, { channel });
    ui.announce(`${describe(channel)}.`);
  }

  // What the reader can do ---------------------------------------------------------------------------------------------

  function arrange() {
    slots.root.hidden = !comparing;
    if (!comparing) slot = 0;
    slots.set(String(slot));
    slots.root.querySelectorAll("span").forEach((span, i) => {
      span.textContent = `${["first", "second"][i]}: ${pictures[i].name}`;
    });
    photos.set(pictures[slot].name);
    sortBy.input.querySelector("option[value=difference]").hidden = !comparing;
    if (!comparing && sort === "difference") {
      sort = "means";
      sortBy.set(sort);
    }
  }

  const takePicture = (picture) => {
    picture.key ??= fresh("picture");
    pictures[slot] = picture;
    arrange();
    return update();
  };
  const door = gate();
  const sides = [0, 1].map(() => closeUp({ onMove: (text) => ui.announce(text) }));
  const gram = gramPanel({ onChoose: choose });
  const grid = mapGrid({ onChoose: choose });
  const heading = h("p", { class: "nst-heading" });
  const eye = camera({
    ui,
    size: model.get("size"),
    onPicture: (picture) => photos.take(picture),
    async onFrame(picture) {
      if (door.open()) return; // the reader is asked something, or told
      Object.assign(picture, { key: fresh("frame"), passing: true });
      const before = pictures[slot].name;
      pictures[slot] = picture;
      if (before !== picture.name) arrange();
      await update({ keepOrder: true });
    },
  });
  const photos = pictureSource(ui, el, {
    pictures: own,
    size: model.get("size"),
    onPicture: takePicture,
    extra: [eye.opener.root],
  });
  const slots = choices({
    legend: "To exchange",
    options: [
      ["0", "first"],
      ["1", "second"],
    ],
    value: "0",
    onChange: (value) => {
      slot = Number(value);
      arrange();
    },
  });
  const takeLayer = (name) => {
    layer = name;
    channel = -1;
    keep(model, { layer });
    update();
  };
  const names = [...layers.keys()].map((name) => [name, name]);
  const byLayer =
    names.length > BUTTONS
      ? select({ label: "Layer", options: names, value: layer, onChange: takeLayer })
      : choices({ legend: "Layer", options: names, value: layer, onChange: takeLayer });
  byLayer.root.classList.add("nst-layers");
  const sortBy = select({
    label: "Sort by",
    options: [...SORTS, DIFFERENCE],
    value: sort,
    onChange(value) {
      sort = value;
      if (!shown) return;
      shown.order = sorted(shown.summaries, sort);
      [channel] = shown.order;
      draw();
    },
  });
  const both = toggle({
    label: "compare two pictures",
    value: false,
    onChange(on) {
      comparing = on;
      if (on) slot = 1;
      arrange();
      update();
    },
  });
  const detail = h(
    "section",
    { class: "nst-detail", "aria-label": "The chosen channel" },
    heading,
    ...sides.map((side) => side.root),
    gram.root,
  );
  const origin = h("p", { class: "nst-note nst-origin" });
  const body = h("div", { hidden: true }, grid.root, origin, detail);
  el.append(
    h("div", { class: "nst-row nst-stack" }, photos.root, eye.root),
    row(byLayer.root),
    h("div", { class: "nst-row nst-sorting" }, sortBy.root, both.root, slots.root),
    door.root,
    body,
  );
  arrange();
  update();
  ui.onEnd(() => {
    asked += 1;
    source.close();
  });
  return ui.end;
}

export default { render };
