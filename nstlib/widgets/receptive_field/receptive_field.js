// Which pixels a unit of VGG sees: fields in closed form, drawn on a photo, and what lies within each.
import {
  asPicture,
  button,
  explorer,
  figure,
  frame,
  h,
  keep,
  paintPicture,
  pictureSource,
  row,
  toggle,
  view,
} from "../kit/kit.js";

// Maths ---------------------------------------------------------------------------------------------------------------

const STAGES = { conv: [3, 1, 1], relu: [1, 1, 0], pool: [2, 2, 0] }; // kernel, stride, padding

/** Return the names of a network's layers, from the image on; `blocks` counts the convolutions of each block. */
export function layerNames(blocks) {
  return blocks.flatMap((count, b) => [
    ...Array.from({ length: count }, (_, j) => [`conv${b + 1}_${j + 1}`, `relu${b + 1}_${j + 1}`]).flat(),
    `pool${b + 1}`,
  ]);
}

/** Return { size, stride, start } of a layer: unit i sees the pixels from start + i * stride on, `size` of them. */
export function receptiveField(layer, blocks) {
  const names = layerNames(blocks);
  const field = { size: 1, stride: 1, start: 0 };
  for (const name of names.slice(0, names.indexOf(layer) + 1)) {
    const [kernel, stride, padding] = STAGES[name.slice(0, 4)];
    field.start -= padding * field.stride;
    field.size += (kernel - 1) * field.stride;
    field.stride *= stride;
  }
  return field;
}

/** Return how many units a layer has along an axis of `size` pixels. */
export function unitCount(field, size) {
  return Math.floor(size / field.stride);
}

/** Return the unit whose field has its center nearest to a pixel. */
export function unitAt(field, place, size) {
  const center = field.start + (field.size - 1) / 2;
  return Math.max(0, Math.min(unitCount(field, size) - 1, Math.round((place - center) / field.stride)));
}

/**
 * Return [top, bottom, left, right] of what a unit sees within the picture; bottom and right are the first pixels
 * beyond.
 */
export function patchOf(field, row, column, height, width) {
  const [top, left] = [row, column].map((position) => field.start + position * field.stride);
  return [Math.max(top, 0), Math.min(top + field.size, height), Math.max(left, 0), Math.min(left + field.size, width)];
}

const by = (height, width) => `${height}\u00a0×\u00a0${width}`;

/** Return the RGBA bytes of all that a unit would see, `size` x `size`; what lies beyond the picture is transparent. */
export function seen(picture, field, row, column) {
  const { data, height, width } = picture;
  const pixels = new Uint8ClampedArray(4 * field.size ** 2);
  for (let y = 0; y < field.size; y += 1) {
    for (let x = 0; x < field.size; x += 1) {
      const [i, j] = [field.start + row * field.stride + y, field.start + column * field.stride + x];
      if (i < 0 || j < 0 || i >= height || j >= width) continue;
      const p = 4 * (y * field.size + x);
      for (let c = 0; c < 3; c += 1) pixels[p + c] = 255 * data[c * height * width + i * width + j];
      pixels[p + 3] = 255;
    }
  }
  return pixels;
}

// The explorer --------------------------------------------------------------------------------------------------------

const TINTS = ["#ffd34d", "#5ad1ff", "#ff86b4", "#9bf06d", "#c9a4ff"]; // one for each block

const tintOf = (name) => TINTS[(Number(name[4]) - 1) % TINTS.length];

/** The layers as buttons, a column for each block. `chosen` is changed by them; `onOther()` hears of it. */
function ladder(names, blocks, chosen, onOther) {
  const entryOf = (name) => {
    const flip = () => {
      chosen.has(name) ? chosen.delete(name) : chosen.add(name);
      entry.mark(chosen.has(name));
      onOther();
    };
    const entry = button(name, flip, { pressed: chosen.has(name) });
    entry.root.style.setProperty("--nst-tint", tintOf(name));
    return entry.root;
  };
  const columns = blocks.map((_, b) => names.filter((name) => name[4] === String(b + 1)).map(entryOf));
  return h(
    "div",
    { class: "nst-ladder", role: "group", "aria-label": "Layers", style: `--nst-columns: ${blocks.length}` },
    columns.map((column) => h("div", {}, column)),
  );
}

/**
 * What a unit of a layer sees, by itself. Handle: { root, show(picture, place) }; a place is what `placeOf` returns.
 */
function card(name) {
  const crop = view({ label: `What a unit of ${name} sees` });
  const reading = ["size", "stride", "unit"].map((part) => h("span", { class: `nst-${part}` }));
  const { root, caption } = figure("", crop.root);
  caption.append(h("strong", {}, name), ...reading);
  root.classList.add("nst-card");
  root.dataset.layer = name;
  root.style.setProperty("--nst-tint", tintOf(name));
  return {
    root,
    show(picture, { field, unit: [r, c], units, box }) {
      crop.draw(seen(picture, field, r, c), field.size, field.size);
      const whole = box.height === field.size && box.width === field.size;
      const lines = [
        `${by(field.size, field.size)} px${whole ? "" : `, ${by(box.height, box.width)} in the photo`}`,
        `stride ${field.stride}`,
        `unit ${r}, ${c} of ${by(...units)}`,
      ];
      lines.forEach((line, k) => {
        reading[k].textContent = line;
      });
      crop.rename(`What a unit of ${name} sees: ${lines.join("; ")}`);
    },
  };
}

/**
 * Return where a layer's unit nearest to a spot is and what it sees, and what the next one to the right sees, if it is
 * there.
 */
function placeOf(field, spot, { height, width }) {
  const units = [unitCount(field, height), unitCount(field, width)];
  const unit = [unitAt(field, spot[0], height), unitAt(field, spot[1], width)];
  const boxOf = (column) => {
    const [top, bottom, left, right] = patchOf(field, unit[0], column, height, width);
    return { row: top, column: left, height: bottom - top, width: right - left };
  };
  const next = unit[1] + 1 < units[1] ? boxOf(unit[1] + 1) : null;
  return { field, unit, units, fits: units[0] > 0 && units[1] > 0, box: boxOf(unit[1]), next };
}

/** The photo, on which the spot is moved. Handle: that of `view`, and open(picture, spot). */
function photoView(picture, onMove) {
  const photo = view({
    label: "Photo. Arrow keys move the spot.",
    smooth: true,
    cursor: { rows: picture.height, columns: picture.width, describe: (r, c) => `row ${r}, column ${c}`, onMove },
  });
  const open = (other, spot) => {
    photo.draw(paintPicture(other), other.height, other.width);
    photo.resize(other.height, other.width);
    photo.place(...spot);
  };
  return Object.assign(photo, { open });
}

function render({ model, el }) {
  const ui = frame(el, {
    title: "Receptive fields",
    task: "Drag the spot into a corner, then add a deeper layer: how much of its field lies outside of the photo?",
  });
  const pictures = model.get("pictures").map(asPicture);
  const blocks = model.get("blocks");
  const names = layerNames(blocks).filter((name) => !name.startsWith("conv"));
  const fields = new Map(names.map((name) => [name, receptiveField(name, blocks)]));
  const cardOf = new Map(names.map((name) => [name, card(name)]));
  const chosen = new Set(model.get("layers"));
  let picture = pictures[0];
  let spot = [model.get("row"), model.get("column")];
  let neighbors = false;

  const photo = photoView(picture, (...place) => {
    spot = place;
    draw();
  });
  const cards = h("div", { class: "nst-cards" });
  const next = toggle({
    label: "and the field of the next unit to the right",
    value: false,
    onChange: (on) => {
      neighbors = on;
      draw();
    },
  });
  const source = pictureSource(ui, el, {
    pictures,
    size: model.get("size"),
    onPicture(given) {
      picture = given;
      spot = [Math.floor(picture.height / 2), Math.floor(picture.width / 2)];
      photo.open(picture, spot);
      draw();
    },
  });

  function draw() {
    const order = names.filter((name) => chosen.has(name));
    const shown = [];
    for (const name of names) {
      const place = placeOf(fields.get(name), spot, picture);
      const on = chosen.has(name) && place.fits;
      const tint = tintOf(name);
      photo.mark(on ? place.box : null, name, { tint });
      photo.mark(on && neighbors ? place.next : null, `${name}-next`, { tint, kind: "nst-dashed" });
      if (!on) continue;
      cardOf.get(name).show(picture, place);
      shown.push(cardOf.get(name).root);
    }
    const [row, column] = spot;
    photo.mark({ row, column, height: 1, width: 1 }, "spot", { kind: "nst-spot" });
    cards.replaceChildren(...shown);
    keep(model, { row, column, layers: order });
    const largest = order[order.length - 1];
    const { size, stride } = fields.get(largest) ?? {};
    const sees = `Row ${row}, column ${column}. ${largest} sees ${size} pixels, stride ${stride}.`;
    ui.announce(largest ? sees : "No layer is chosen.");
  }

  const photoFigure = figure("photo: drag the spot, or use the arrow keys", photo.root);
  const legend = h("p", { class: "nst-legend" }, "Layers, from the image on");
  const layers = h("div", { class: "nst-layers" }, legend, ladder(names, blocks, chosen, draw), next.root);
  el.append(row(source.root), h("div", { class: "nst-fields" }, photoFigure.root, layers), cards);
  photo.open(picture, spot);
  draw();
  return ui.end;
}

export default explorer(render);
