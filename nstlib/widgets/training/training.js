// How the filters of a first layer come to be (chapter 05): snapshots of one training, and each filter's own history.
import { chart, legend, line, scrub, shape } from "../kit/chart.js";
import { decode, figure, frame, h, keep, player, tidy, view } from "../kit/kit.js";

// Maths ---------------------------------------------------------------------------------------------------------------

/** Return the RGBA bytes of one filter, planes of 0 to 1, from filters of shape (snapshots, filters, 3, side, side). */
export function filterPixels({ shape: [, filters, , side], data }, snapshot, filter) {
  const count = side * side;
  const begin = (snapshot * filters + filter) * 3 * count;
  const pixels = new Uint8ClampedArray(4 * count).fill(255);
  for (let p = 0; p < count; p += 1)
    for (let c = 0; c < 3; c += 1) pixels[4 * p + c] = Math.round(255 * data[begin + c * count + p]);
  return pixels;
}

/** Return { pixels, height, width }: all filters of a snapshot in rows, one transparent pixel between and around them. */
export function sheet(filters, snapshot, columns) {
  const [, count, , side] = filters.shape;
  const [height, width] = [Math.ceil(count / columns) * (side + 1) + 1, columns * (side + 1) + 1];
  const pixels = new Uint8ClampedArray(4 * height * width);
  for (let n = 0; n < count; n += 1) {
    const one = filterPixels(filters, snapshot, n);
    for (let y = 0; y < side; y += 1) {
      const place = (1 + Math.floor(n / columns) * (side + 1) + y) * width + 1 + (n % columns) * (side + 1);
      pixels.set(one.subarray(4 * y * side, 4 * (y + 1) * side), 4 * place);
    }
  }
  return { pixels, height, width };
}

// The explorer --------------------------------------------------------------------------------------------------------

function render({ model, el }) {
  const ui = frame(el, "Explorer: filters in training");
  const filters = decode(model.get("filters"));
  const snapshots = model.get("snapshots"); // { epoch, loss, accuracy, held_out, drift, turned }
  const [count, side] = [filters.shape[1], filters.shape[3]];
  const columns = Math.min(6, count);
  let now = model.get("snapshot");
  let chosen = model.get("filter");

  const percent = (share) => `${Math.round(100 * share)}%`;
  const turn = (value) => (value === null ? "" : tidy(value, 2));
  const board = view({
    label: "Filters of the first layer. Arrow keys choose one.",
    cursor: {
      rows: Math.ceil(count / columns),
      columns,
      describe: (r, c) => `filter ${Math.min(count - 1, r * columns + c)}`,
      onMove(r, c) {
        chosen = Math.min(count - 1, r * columns + c);
        draw();
      },
    },
  });
  const plot = chart(ui, { label: "Share of patches told right over the epochs", height: 170 });
  const values = ["loss", "training", "held", "drift"].map((name) => h("strong", { class: `nst-${name}` }));
  const reading = h(
    "dl",
    { class: "nst-facts" },
    ["loss", "right, training", "right, held out", "drift since the one before"].map((name, k) =>
      h("div", {}, h("dt", {}, name), h("dd", {}, values[k])),
    ),
  );
  const history = snapshots.map((one, k) => {
    const crop = view({ label: "" });
    const shown = figure("", crop.root);
    shown.root.classList.add("nst-moment");
    shown.root.dataset.epoch = one.epoch;
    shown.root.addEventListener("click", () => steps.go(k));
    return { crop, ...shown };
  });
  const title = h("p", { class: "nst-legend" });
  const steps = player(ui, {
    label: "Snapshot",
    count: snapshots.length,
    value: now,
    format: (k) => `after epoch ${snapshots[k].epoch}`,
    milliseconds: 900,
    onStep(k) {
      now = k;
      draw();
    },
  });
  scrub(plot, (x) => steps.go(Math.round(x)));

  function items({ x, y, box }) {
    const tones = ["var(--nst-tone-0)", "var(--nst-tone-1)"];
    return [
      line(
        [
          [x.to(now), box.top],
          [x.to(now), box.bottom],
        ],
        { class: "nst-upright" },
      ),
      ["accuracy", "held_out"].map((key, k) => [
        line(
          snapshots.map((one, s) => [x.to(s), y.to(100 * one[key])]),
          { class: "nst-curve", style: `stroke: ${tones[k]}`, "stroke-dasharray": k ? "5 3" : null },
        ),
        snapshots.map((one, s) =>
          shape("circle", { cx: x.to(s), cy: y.to(100 * one[key]), r: s === now ? 5 : 3, style: `fill: ${tones[k]}` }),
        ),
      ]),
    ];
  }

  function draw() {
    const one = snapshots[now];
    const { pixels, height, width } = sheet(filters, now, columns);
    board.draw(pixels, height, width);
    const [r, c] = [Math.floor(chosen / columns), chosen % columns];
    board.mark({ row: 1 + r * (side + 1), column: 1 + c * (side + 1), height: side, width: side });
    board.place(r, c);
    const text = [
      one.loss.toFixed(2),
      percent(one.accuracy),
      percent(one.held_out),
      one.drift === null ? "–" : turn(one.drift),
    ];
    values.forEach((value, k) => {
      value.textContent = text[k];
    });
    title.textContent = `Filter ${chosen} after each snapshot; below: how far it has turned since the one before (1 − cosine)`;
    history.forEach(({ crop, root, caption }, k) => {
      const turned = snapshots[k].turned;
      crop.draw(filterPixels(filters, k, chosen), side, side);
      crop.rename(`Filter ${chosen} after epoch ${snapshots[k].epoch}`);
      caption.replaceChildren(
        h("span", {}, `epoch ${snapshots[k].epoch}`),
        h("strong", { class: "nst-turned" }, turned ? turn(turned[chosen]) : "–"),
      );
      root.dataset.now = k === now ? "yes" : "no";
    });
    plot.draw({
      x: {
        low: -0.2,
        high: snapshots.length - 0.8,
        title: "epoch",
        marks: snapshots.map(({ epoch }, k) => [k, String(epoch)]),
      },
      y: { low: 0, high: 100, title: "patches told right, %" },
      items,
    });
    keep(model, { snapshot: now, filter: chosen });
    ui.announce(
      `After epoch ${one.epoch}: loss ${text[0]}, right ${text[1]} in training, ${text[2]} held out. Filter ${chosen}.`,
    );
  }

  el.append(
    steps.root,
    h(
      "div",
      { class: "nst-training" },
      figure("all filters, each on its own scale, zero is middle gray: choose one", board.root).root,
      h(
        "div",
        {},
        reading,
        legend([
          ["var(--nst-tone-0)", "training"],
          ["var(--nst-tone-1)", "held out", true],
        ]),
        plot.root,
      ),
    ),
    title,
    h(
      "div",
      { class: "nst-moments", style: `--nst-columns: ${snapshots.length}` },
      history.map(({ root }) => root),
    ),
  );
  draw();
  return ui.end;
}

export default { render };
