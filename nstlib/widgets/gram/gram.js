// What two explorers share: the Gram matrix of a few channels, how much it changed, and both drawn.
import { animate, figure, h, paintPlane, significant, slider, tidy, tiny, view } from "../kit/kit.js";

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

// A share that travels -----------------------------------------------------------------------------------------------

/**
 * A slider for a share of 0 to 1, shown in percent, that can also travel by itself. `onSlide(share)` hears the reader,
 * `onTravel(share)` each step of the way. Handle: { root, travel(goal) }.
 */
export function shareSlider(ui, { label, share, onSlide, onTravel }) {
  let now = share;
  let stop = () => {};
  const track = slider({
    label,
    min: 0,
    max: 100,
    value: 100 * share,
    format: (percent) => `${percent} %`,
    onInput(percent) {
      stop();
      now = percent / 100;
      onSlide(now);
    },
  });
  ui.onEnd(() => stop());
  return {
    root: track.root,
    travel(goal) {
      stop();
      const start = now;
      stop = animate(900, (t) => {
        now = Math.round(100 * (start + t * (goal - start))) / 100;
        track.set(100 * now);
        onTravel(now);
      });
    },
  };
}

// A board: two maps, their product, the matrices ----------------------------------------------------------------------

/** How much of the matrix changed, on its diagonal and off it. Handle: { roots, show({ diagonal, rest }) }. */
function changeMeters() {
  const meters = Object.entries({ diagonal: "on the diagonal", rest: "off the diagonal" }).map(([name, text]) => {
    const value = h("strong", { class: `nst-${name}` });
    return { name, value, root: h("p", { class: "nst-reading nst-meter" }, h("span", {}, text), value) };
  });
  const written = (share) => {
    if (share < 1e-6) return share === 0 ? "0" : tiny(share);
    return `${tidy(100 * share, share < 0.01 ? 2 : 0)} %`;
  };
  return {
    roots: meters.map(({ root }) => root),
    show(shares) {
      for (const { name, value, root } of meters) {
        value.textContent = written(shares[name]);
        value.dataset.share = shares[name];
        root.dataset.still = shares[name] < 1e-6 ? "yes" : "no";
      }
    },
  };
}

/** Two maps and their product. Handle: { roots, scale(state), draw(state, label, mean) }. */
function mapPanels() {
  const panels = [0, 1, 2].map(() => view({ label: "" }));
  const figures = panels.map((panel) => figure("", panel.root));
  let most = 1; // of the product, for its colors
  const plane = (maps, k, [height, width]) => maps.subarray(k * height * width, (k + 1) * height * width);
  const product = (maps, [i, j], size) => {
    const other = plane(maps, j, size);
    return plane(maps, i, size).map((value, p) => value * other[p]);
  };
  return {
    roots: figures.map(({ root }) => root),
    scale({ original, pair, size }) {
      most = Math.max(top(product(original, pair, size).map(Math.abs)), 1e-9);
    },
    draw({ current, pair, size, range }, label, mean) {
      pair.forEach((channel, k) => {
        const [low, high] = range(channel);
        panels[k].draw(paintPlane(plane(current, channel, size), { map: "viridis", low, high }), ...size);
        figures[k].caption.textContent = label(channel);
        panels[k].rename(`Map of ${label(channel)}, bright where it is active`);
      });
      const both = product(current, pair, size);
      panels[2].draw(paintPlane(both, { map: "signed", low: -most, high: most }), ...size);
      figures[2].caption.textContent = `their product, mean ${mean}`;
      panels[2].rename(`Product of the two maps; ${figures[2].caption.textContent}`);
    },
  };
}

/**
 * The Gram matrix as it was and as it is; on the second one the cursor chooses a pair. Handle: { roots, draw(state) }.
 */
function matrices(channels, describe, onMove) {
  const old = view({ label: "Gram matrix of the maps as they were" });
  const cursor = { rows: channels, columns: channels, describe, hover: false, onMove };
  const now = view({ label: "Gram matrix now. Arrow keys choose a pair of channels.", cursor });
  return {
    roots: [figure("Gram matrix before", old.root).root, figure("Gram matrix now: choose an entry", now.root).root],
    draw({ before, after, pair: [i, j] }) {
      const bound = Math.max(...before.map(Math.abs));
      const root = (v) => Math.sign(v) * Math.sqrt(Math.abs(v) / bound);
      const shade = (gram) => paintPlane(gram.map(root), { map: "signed", low: -1, high: 1 });
      old.draw(shade(before), channels, channels);
      now.draw(shade(after), channels, channels);
      const box = { row: i, column: j, height: 1, width: 1 };
      old.mark(box);
      now.mark(box);
      now.place(i, j);
    },
  };
}

/**
 * Two channels and their product, the Gram matrix as it was and as it is, and how much of it changed.
 *
 * `names` are the channels'; `onPair(i, j)` hears which entry was chosen; `lead` are figures before the maps. Handle: {
 * root, setOriginal(maps, height, width, range), update(maps) }; `range(i)` gives the [low, high] that colors channel
 * i.
 */
export function gramBoard(ui, { names, pair, onPair, lead = [] }) {
  const channels = names.length;
  const state = { original: null, current: null, before: null, after: null, size: [1, 1], range: () => [0, 1], pair };
  const label = (i) => `channel ${names[i]}`;
  const entry = (gram, i, j) => significant(gram[i * channels + j]);
  const describe = (i, j) => {
    const numbers = `before ${entry(state.before, i, j)}, now ${entry(state.after, i, j)}`;
    return `row ${i}, column ${j}: ${label(i)} with ${label(j)}, ${numbers}`;
  };
  const panels = mapPanels();
  const grams = matrices(channels, describe, (i, j) => {
    state.pair = [i, j];
    panels.scale(state);
    draw();
    onPair(i, j);
  });
  const meters = changeMeters();
  const chosen = h("p", { class: "nst-reading nst-pair" });
  const reading = h(
    "div",
    { class: "nst-readings" },
    chosen,
    h("p", { class: "nst-legend" }, "Largest change of an entry, as a share of the largest entry"),
    meters.roots,
    h("p", { class: "nst-note" }, "The matrices show square roots: red above 0, blue below, white 0."),
  );

  function draw() {
    const { before, after } = state;
    const [i, j] = state.pair;
    panels.draw(state, label, entry(after, i, j));
    grams.draw(state);
    chosen.replaceChildren(
      `${label(i)} with ${label(j)}: before `,
      h("strong", { class: "nst-before" }, entry(before, i, j)),
      ", now ",
      h("strong", { class: "nst-now" }, entry(after, i, j)),
    );
    meters.show(change(before, after, channels));
  }

  const columns = { class: "nst-columns nst-panels", style: `--nst-columns: ${3 + lead.length}` };
  return {
    root: h("div", {}, h("div", columns, lead, panels.roots), h("div", { class: "nst-board" }, grams.roots, reading)),
    setOriginal(maps, height, width, range) {
      Object.assign(state, { original: maps, size: [height, width], range, before: gramMatrix(maps, channels) });
      panels.scale(state);
    },
    update(maps) {
      Object.assign(state, { current: maps, after: gramMatrix(maps, channels) });
      draw();
      const { diagonal, rest } = change(state.before, state.after, channels);
      const said = (share) => (share < 1e-6 ? "none" : `${Math.round(100 * share)} percent`);
      ui.announce(`Largest change on the diagonal ${said(diagonal)}, off the diagonal ${said(rest)}.`);
    },
  };
}
