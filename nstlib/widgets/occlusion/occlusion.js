// A gray square over a photo, and what one unit says to it; the map of its answers appears where one has
// been.
import {
  asPicture,
  button,
  choices,
  color,
  decode,
  explorer,
  figure,
  frame,
  h,
  keep,
  paintPicture,
  view,
} from "../kit/kit.js";

// Maths ---------------------------------------------------------------------------------------------------------------

/** Return the photo's planes with a square of `value` whose upper left corner is `top`, `left`. */
export function cover({ data, height, width, channels }, top, left, size, value) {
  const covered = Float32Array.from(data);
  for (let c = 0; c < channels; c += 1) {
    for (let y = top; y < top + size; y += 1)
      covered.fill(value, c * height * width + y * width + left, c * height * width + y * width + left + size);
  }
  return covered;
}

/** Return the RGBA bytes of a map where it was asked for, transparent elsewhere; blue where covering helped. */
export function paintVisited(values, visited) {
  const most = Math.max(...values.map(Math.abs)) || 1;
  const pixels = new Uint8ClampedArray(4 * values.length);
  for (const p of visited) pixels.set([...color(values[p], { map: "signed", low: -most, high: most }), 255], 4 * p);
  return pixels;
}

// The explorer --------------------------------------------------------------------------------------------------------

const percent = (share) => `${Math.round(100 * share)}%`.replace("-", "−");
const said = (drop, score) => (drop >= 0 ? `takes away ${percent(drop / score)}` : `adds ${percent(-drop / score)}`);

/** What a unit says to the square, in words. Handle: { root, show(unit, place) }. */
function reading() {
  const [drop, left, most, count] = ["drop", "left", "most", "count"].map((n) => h("strong", { class: `nst-${n}` }));
  const text = [
    "Covered here: ",
    drop,
    " of the activation; it is ",
    left,
    ". The most so far: ",
    most,
    ", after ",
    count,
  ];
  return {
    root: h("p", { class: "nst-reading" }, ...text, "."),
    show({ data, score, visited }, place) {
      const largest = Math.max(...[...visited].map((p) => data[p]));
      drop.textContent = said(data[place], score);
      drop.dataset.value = data[place];
      left.textContent = `${(score - data[place]).toFixed(1)} instead of ${score.toFixed(1)}`;
      most.textContent = percent(largest / score);
      count.textContent = `${visited.size} of ${data.length} places`;
    },
  };
}

function render({ model, el }) {
  const ui = frame(el, {
    title: "Cover a part",
    task: "Drag the square over the photo: where does the unit lose most?",
  });
  const photo = asPicture(model.get("photo"));
  const [size, stride, value] = ["size", "stride", "value"].map((key) => model.get(key));
  const units = model
    .get("units")
    .map(({ name, score, drops }) => ({ name, score, ...decode(drops), visited: new Set() }));
  const [rows, columns] = units[0].shape;
  let unit = model.get("unit");
  let [r, c] = [model.get("row"), model.get("column")];

  const at = () => r * columns + c;
  const now = () => units[unit];
  const describe = (row, column) =>
    `row ${row}, column ${column}: ${said(now().data[row * columns + column], now().score)}`;
  const brush = view({
    label: "Photo with the gray square. Arrow keys move it.",
    smooth: true,
    cursor: {
      rows,
      columns,
      describe,
      onMove(row, column) {
        [r, c] = [row, column];
        draw();
      },
    },
  });
  const map = view({ label: "" });
  map.root.classList.add("nst-answers");
  const answer = reading();

  function draw() {
    const { data, visited, name } = now();
    visited.add(at());
    const covered = cover(photo, r * stride, c * stride, size, value);
    brush.draw(paintPicture({ ...photo, data: covered }), photo.height, photo.width);
    brush.mark({ row: r * stride, column: c * stride, height: size, width: size });
    map.draw(paintVisited([...data], visited), rows, columns);
    map.mark({ row: r, column: c, height: 1, width: 1 });
    map.rename(`Map of ${name}, ${visited.size} of ${rows * columns} places: red where covering takes activation away`);
    answer.show(now(), at());
    keep(model, { unit, row: r, column: c });
    ui.announce(`${name}, ${describe(r, c)} of the activation.`);
  }

  const chosen = choices({
    legend: "Unit",
    value: unit,
    options: units.map(({ name }, k) => [k, name]),
    onChange(k) {
      unit = k;
      brush.place(r, c);
      draw();
    },
  });
  const all = button("Show the whole map", () => {
    now().data.forEach((_, p) => now().visited.add(p));
    draw();
  });
  const clear = button("Wipe it off", () => {
    now().visited.clear();
    draw();
  });
  el.append(
    h("div", { class: "nst-row" }, chosen.root, h("div", { class: "nst-buttons" }, all.root, clear.root)),
    h(
      "div",
      { class: "nst-columns nst-stay" },
      figure("drag the gray square, or use the arrow keys", brush.root).root,
      figure("the unit's answers: red takes activation away, blue adds some", map.root).root,
    ),
    answer.root,
  );
  brush.place(r, c);
  draw();
  return ui.end;
}

export default explorer(render);
