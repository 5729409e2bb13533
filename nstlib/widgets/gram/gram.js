// What two explorers of chapter 07 share: the Gram matrix of a few channels, how much it changed, and both drawn.
import { figure, h, paintPlane, significant, tidy, tiny, view } from "../kit/kit.js";

// Maths ---------------------------------------------------------------------------------------------------------------

/** Return the Gram matrix of C maps that lie one behind the other: mean over positions of F_i * F_j, C x C. */
export function gramMatrix(maps, channels) {
  const positions = maps.length / channels;
  const gram = new Float64Array(channels * channels);
  for (let i = 0; i < channels; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = 0;
      for (let p = 0; p < positions; p += 1) sum += maps[i * positions + p] * maps[j * positions + p];
      gram[i * channels + j] = sum / positions;
      gram[j * channels + i] = sum / positions;
    }
  }
  return gram;
}

/** Return the largest change of an entry on the diagonal and off it, both as shares of the largest entry before. */
export function change(before, after, channels) {
  let [diagonal, rest, largest] = [0, 0, 0];
  for (let k = 0; k < before.length; k += 1) {
    const difference = Math.abs(after[k] - before[k]);
    largest = Math.max(largest, Math.abs(before[k]));
    if (k % (channels + 1) === 0) diagonal = Math.max(diagonal, difference);
    else rest = Math.max(rest, difference);
  }
  return { diagonal: diagonal / (largest || 1), rest: rest / (largest || 1) };
}

/** Return the maps with the mean of each taken off. */
export function centered(maps, channels) {
  const positions = maps.length / channels;
  const result = Float64Array.from(maps);
  for (let c = 0; c < channels; c += 1) {
    const one = result.subarray(c * positions, (c + 1) * positions);
    const mean = one.reduce((sum, value) => sum + value, 0) / positions;
    for (let p = 0; p < positions; p += 1) one[p] -= mean;
  }
  return result;
}

/** Return a number as large as 99.5 of 100 of these. */
export function top(values) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.floor(0.995 * (sorted.length - 1))];
}

// A board: two maps, their product, the matrices ------------------------------------------------------------------------

/**
 * Two channels and their product, the Gram matrix as it was and as it is, and how much of it changed.
 *
 * `names` are the channels'; `onPair(i, j)` hears which entry was chosen; `lead` are figures before the maps. Handle: { root,
 * setOriginal(maps, height, width, range), update(maps) }; `range(i)` gives the [low, high] that colors channel i.
 */
export function gramBoard(ui, { names, pair, onPair, lead = [] }) {
  const channels = names.length;
  const label = (i) => `channel ${names[i]}`;
  let [i, j] = pair;
  let original = null;
  let current = null;
  let before = null;
  let after = null;
  let size = [1, 1];
  let range = () => [0, 1];
  let productTop = 1;
  const entry = (k, l) => significant(after[k * channels + l]);
  const describe = (row, column) =>
    `row ${row}, column ${column}: ${label(row)} with ${label(column)}, before ${significant(before[row * channels + column])}, now ${entry(row, column)}`;
  const panels = [0, 1, 2].map(() => view({ label: "" }));
  const figures = panels.map((panel) => figure("", panel.root));
  const old = view({ label: "Gram matrix of the maps as they were" });
  const now = view({
    label: "Gram matrix now. Arrow keys choose a pair of channels.",
    cursor: {
      rows: channels,
      columns: channels,
      describe,
      hover: false,
      onMove(row, column) {
        [i, j] = [row, column];
        scale();
        draw();
        onPair(i, j);
      },
    },
  });
  const oldFigure = figure("Gram matrix before", old.root);
  const nowFigure = figure("Gram matrix now: choose an entry", now.root);
  const meter = (name, text) => {
    const value = h("strong", { class: `nst-${name}` });
    return { value, root: h("p", { class: "nst-reading nst-meter" }, h("span", {}, text), value) };
  };
  const meters = [meter("diagonal", "on the diagonal"), meter("rest", "off the diagonal")];
  const chosen = h("p", { class: "nst-reading nst-pair" });
  const reading = h(
    "div",
    { class: "nst-readings" },
    chosen,
    h("p", { class: "nst-legend" }, "Largest change of an entry, as a share of the largest entry"),
    meters.map((one) => one.root),
    h("p", { class: "nst-note" }, "The matrices show square roots: red above 0, blue below, white 0."),
  );

  const plane = (maps, k) => maps.subarray(k * size[0] * size[1], (k + 1) * size[0] * size[1]);
  const product = (maps) => plane(maps, i).map((value, p) => value * plane(maps, j)[p]);
  const scale = () => {
    productTop = Math.max(top(product(original).map(Math.abs)), 1e-9);
  };

  function draw() {
    [i, j].forEach((channel, k) => {
      const [low, high] = range(channel);
      panels[k].draw(paintPlane(plane(current, channel), { map: "viridis", low, high }), ...size);
      figures[k].caption.textContent = label(channel);
      panels[k].rename(`Map of ${label(channel)}, bright where it is active`);
    });
    const both = product(current);
    panels[2].draw(paintPlane(both, { map: "signed", low: -productTop, high: productTop }), ...size);
    figures[2].caption.textContent = `their product, mean ${entry(i, j)}`;
    panels[2].rename(`Product of the two maps; ${figures[2].caption.textContent}`);
    const bound = Math.max(...before.map(Math.abs));
    const shade = (gram) =>
      paintPlane(
        gram.map((v) => Math.sign(v) * Math.sqrt(Math.abs(v) / bound)),
        { map: "signed", low: -1, high: 1 },
      );
    old.draw(shade(before), channels, channels);
    now.draw(shade(after), channels, channels);
    const box = { row: i, column: j, height: 1, width: 1 };
    old.mark(box);
    now.mark(box);
    now.place(i, j);
    chosen.replaceChildren(
      `${label(i)} with ${label(j)}: before `,
      h("strong", { class: "nst-before" }, significant(before[i * channels + j])),
      ", now ",
      h("strong", { class: "nst-now" }, entry(i, j)),
    );
    const shares = change(before, after, channels);
    [shares.diagonal, shares.rest].forEach((share, k) => {
      const still = share < 1e-6;
      meters[k].value.textContent = still
        ? share === 0
          ? "0"
          : tiny(share)
        : `${tidy(100 * share, share < 0.01 ? 2 : 0)} %`;
      meters[k].value.dataset.share = share;
      meters[k].root.dataset.still = still ? "yes" : "no";
    });
  }

  return {
    root: h(
      "div",
      {},
      h(
        "div",
        { class: "nst-columns nst-panels", style: `--nst-columns: ${3 + lead.length}` },
        lead,
        figures.map((one) => one.root),
      ),
      h("div", { class: "nst-board" }, oldFigure.root, nowFigure.root, reading),
    ),
    setOriginal(maps, height, width, ranges) {
      original = maps;
      size = [height, width];
      range = ranges;
      before = gramMatrix(original, channels);
      scale();
    },
    update(maps) {
      current = maps;
      after = gramMatrix(maps, channels);
      draw();
      const shares = change(before, after, channels);
      ui.announce(
        `Largest change on the diagonal ${shares.diagonal < 1e-6 ? "none" : `${Math.round(100 * shares.diagonal)} percent`}, off the diagonal ${shares.rest < 1e-6 ? "none" : `${Math.round(100 * shares.rest)} percent`}.`,
      );
    },
  };
}
