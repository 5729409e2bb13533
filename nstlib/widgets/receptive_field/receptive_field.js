// Which pixels a unit of VGG sees (chapter 02): fields in closed form, drawn on a photo, and what lies within each.
import {
  asPicture,
  button,
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

/** Return [top, bottom, left, right] of what a unit sees within the picture; bottom and right are the first pixels beyond. */
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

function render({ model, el }) {
  const ui = frame(el, "Explorer: receptive fields");
  const pictures = model.get("pictures").map(asPicture);
  const blocks = model.get("blocks");
  const names = layerNames(blocks).filter((name) => !name.startsWith("conv"));
  const fields = Object.fromEntries(names.map((name) => [name, receptiveField(name, blocks)]));
  let picture = pictures[0];
  let [y, x] = [model.get("row"), model.get("column")];
  let chosen = new Set(model.get("layers"));
  let neighbors = false;

  const tintOf = (name) => TINTS[(Number(name[4]) - 1) % TINTS.length];
  const unit = (name) => [unitAt(fields[name], y, picture.height), unitAt(fields[name], x, picture.width)];
  const describe = (r, c) => `row ${r}, column ${c}`;
  const photo = view({
    label: "Photo. Arrow keys move the spot.",
    smooth: true,
    cursor: {
      rows: picture.height,
      columns: picture.width,
      describe,
      onMove: (r, c) => {
        [y, x] = [r, c];
        draw();
      },
    },
  });
  const cards = h("div", { class: "nst-cards" });
  const made = new Map();

  const ladder = h("div", {
    class: "nst-ladder",
    role: "group",
    "aria-label": "Layers",
    style: `--nst-columns: ${blocks.length}`,
  });
  const buttons = names.map((name) => {
    const entry = button(
      name,
      () => {
        chosen.has(name) ? chosen.delete(name) : chosen.add(name);
        entry.mark(chosen.has(name));
        draw();
      },
      { pressed: chosen.has(name) },
    );
    entry.root.style.setProperty("--nst-tint", tintOf(name));
    return { name, entry };
  });
  blocks.forEach((_, b) =>
    ladder.append(
      h(
        "div",
        {},
        buttons.filter(({ name }) => name[4] === String(b + 1)).map(({ entry }) => entry.root),
      ),
    ),
  );

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
      [y, x] = [Math.floor(picture.height / 2), Math.floor(picture.width / 2)];
      photo.draw(paintPicture(picture), picture.height, picture.width);
      photo.resize(picture.height, picture.width);
      photo.place(y, x);
      draw();
    },
  });

  function card(name) {
    if (made.has(name)) return made.get(name);
    const crop = view({ label: `What a unit of ${name} sees` });
    const reading = [
      h("span", { class: "nst-size" }),
      h("span", { class: "nst-stride" }),
      h("span", { class: "nst-unit" }),
    ];
    const shown = figure("", crop.root);
    shown.caption.append(h("strong", {}, name), ...reading);
    shown.root.classList.add("nst-card");
    shown.root.dataset.layer = name;
    shown.root.style.setProperty("--nst-tint", tintOf(name));
    made.set(name, { root: shown.root, crop, reading });
    return made.get(name);
  }

  function draw() {
    const { height, width } = picture;
    const order = names.filter((name) => chosen.has(name));
    for (const name of names) {
      const field = fields[name];
      const fits = unitCount(field, height) > 0 && unitCount(field, width) > 0;
      const [r, c] = unit(name);
      const boxOf = (column) => {
        const [top, bottom, left, right] = patchOf(field, r, column, height, width);
        return { row: top, column: left, height: bottom - top, width: right - left };
      };
      const on = chosen.has(name) && fits;
      photo.mark(on ? boxOf(c) : null, name, { tint: tintOf(name) });
      photo.mark(on && neighbors && c + 1 < unitCount(field, width) ? boxOf(c + 1) : null, `${name}-next`, {
        tint: tintOf(name),
        kind: "nst-dashed",
      });
      if (!on) continue;
      const { crop, reading } = card(name);
      const box = boxOf(c);
      crop.draw(seen(picture, field, r, c), field.size, field.size);
      const cut =
        box.height < field.size || box.width < field.size ? `, ${by(box.height, box.width)} in the photo` : "";
      const lines = [
        `${by(field.size, field.size)} px${cut}`,
        `stride ${field.stride}`,
        `unit ${r}, ${c} of ${by(unitCount(field, height), unitCount(field, width))}`,
      ];
      lines.forEach((line, k) => {
        reading[k].textContent = line;
      });
      crop.rename(`What a unit of ${name} sees: ${lines.join("; ")}`);
    }
    photo.mark({ row: y, column: x, height: 1, width: 1 }, "spot", { kind: "nst-spot" });
    cards.replaceChildren(
      ...order
        .filter((name) => unitCount(fields[name], height) && unitCount(fields[name], width))
        .map((name) => card(name).root),
    );
    keep(model, { row: y, column: x, layers: order });
    const largest = order[order.length - 1];
    ui.announce(
      largest
        ? `Row ${y}, column ${x}. ${largest} sees ${fields[largest].size} pixels, stride ${fields[largest].stride}.`
        : "No layer is chosen.",
    );
  }

  const photoFigure = figure("photo: drag the spot, or use the arrow keys", photo.root);
  const layers = h(
    "div",
    { class: "nst-layers" },
    h("p", { class: "nst-legend" }, "Layers, from the image on"),
    ladder,
    next.root,
  );
  el.append(row(source.root), h("div", { class: "nst-fields" }, photoFigure.root, layers), cards);
  photo.draw(paintPicture(picture), picture.height, picture.width);
  photo.place(y, x);
  draw();
  return ui.end;
}

export default { render };
