// How the filters of a first layer come to be: snapshots of one training, and each filter's own history.
import { chart, legend, line, scrub, upright } from "../kit/chart.js";
import { decode, explorer, figure, frame, h, keep, player, shape, tidy, view } from "../kit/kit.js";

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

/**
 * Return { pixels, height, width }: all filters of a snapshot in rows, one transparent pixel between and around them.
 */
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

const TONES = ["var(--nst-tone-0)", "var(--nst-tone-1)"];

const percent = (share) => `${Math.round(100 * share)}%`;

/** All filters of a snapshot, of which one is chosen. Handle: { root, show(snapshot, filter) }. */
function filterBoard(filters, columns, onChoose) {
  const [, count, , side] = filters.shape;
  const at = (r, c) => Math.min(count - 1, r * columns + c);
  const board = view({
    label: "Filters of the first layer. Arrow keys choose one.",
    cursor: {
      rows: Math.ceil(count / columns),
      columns,
      describe: (r, c) => `filter ${at(r, c)}`,
      onMove: (r, c) => onChoose(at(r, c)),
    },
  });
  return {
    root: board.root,
    show(snapshot, filter) {
      const { pixels, height, width } = sheet(filters, snapshot, columns);
      board.draw(pixels, height, width);
      const [r, c] = [Math.floor(filter / columns), filter % columns];
      board.mark({ row: 1 + r * (side + 1), column: 1 + c * (side + 1), height: side, width: side });
      board.place(r, c);
    },
  };
}

/** What was measured of a snapshot. Handle: { root, show(snapshot) }: shows and returns it as text. */
function factList() {
  const values = ["loss", "training", "held", "drift"].map((name) => h("strong", { class: `nst-${name}` }));
  const names = ["loss", "right, training", "right, held out", "drift since the one before"];
  const entry = (name, k) => h("div", {}, h("dt", {}, name), h("dd", {}, values[k]));
  return {
    root: h("dl", { class: "nst-facts" }, names.map(entry)),
    show({ loss, accuracy, held_out: held, drift }) {
      const text = [loss.toFixed(2), percent(accuracy), percent(held), drift === null ? "–" : tidy(drift, 2)];
      values.forEach((value, k) => {
        value.textContent = text[k];
      });
      return text;
    },
  };
}

/** The chosen filter after one snapshot. Handle: { root, show(filter, pixels, side, turned, isNow) }. */
function moment(epoch, onChoose) {
  const crop = view({ label: "" });
  const { root, caption } = figure("", crop.root);
  root.classList.add("nst-moment");
  root.dataset.epoch = epoch;
  root.addEventListener("click", onChoose);
  return {
    root,
    show(filter, pixels, side, turned, isNow) {
      crop.draw(pixels, side, side);
      crop.rename(`Filter ${filter} after epoch ${epoch}`);
      caption.replaceChildren(
        h("span", {}, `epoch ${epoch}`),
        h("strong", { class: "nst-turned" }, turned ? tidy(turned[filter], 2) : "–"),
      );
      root.dataset.now = isNow ? "yes" : "no";
    },
  };
}

/**
 * Return the shares that were told right, in training and held out, as two lines with dots; that of `now` is larger.
 */
function scoreCurves(snapshots, now, { x, y }) {
  return ["accuracy", "held_out"].map((key, k) => [
    line(
      snapshots.map((one, s) => [x.to(s), y.to(100 * one[key])]),
      { class: "nst-curve", style: `stroke: ${TONES[k]}`, "stroke-dasharray": k ? "5 3" : null },
    ),
    snapshots.map((one, s) =>
      shape("circle", { cx: x.to(s), cy: y.to(100 * one[key]), r: s === now ? 5 : 3, style: `fill: ${TONES[k]}` }),
    ),
  ]);
}

function render({ model, el }) {
  const ui = frame(el, {
    title: "Filters in training",
    task: "Choose a filter and play: after which epoch could you say what it looks for?",
  });
  const filters = decode(model.get("filters"));
  const snapshots = model.get("snapshots"); // { epoch, loss, accuracy, held_out, drift, turned }
  const [, count, , side] = filters.shape;
  const columns = Math.min(6, count);
  let now = model.get("snapshot");
  let chosen = model.get("filter");

  const board = filterBoard(filters, columns, (filter) => {
    chosen = filter;
    draw();
  });
  const plot = chart(ui, { label: "Share of patches told right over the epochs", height: 170 });
  const facts = factList();
  const history = snapshots.map(({ epoch }, k) => moment(epoch, () => steps.go(k)));
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

  function draw() {
    const one = snapshots[now];
    board.show(now, chosen);
    const text = facts.show(one);
    const turned = "how far it has turned since the one before (1 − cosine)";
    title.textContent = `Filter ${chosen} after each snapshot; below: ${turned}`;
    history.forEach((one, k) => {
      one.show(chosen, filterPixels(filters, k, chosen), side, snapshots[k].turned, k === now);
    });
    plot.draw({
      x: {
        low: -0.2,
        high: snapshots.length - 0.8,
        title: "epoch",
        marks: snapshots.map(({ epoch }, k) => [k, String(epoch)]),
      },
      y: { low: 0, high: 100, title: "patches told right, %" },
      items: (scales) => [upright(scales, now), scoreCurves(snapshots, now, scales)],
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
        facts.root,
        legend([
          [TONES[0], "training"],
          [TONES[1], "held out", true],
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

export default explorer(render);
