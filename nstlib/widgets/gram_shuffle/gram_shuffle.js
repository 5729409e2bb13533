// Positions of feature maps in another order (chapter on Gram matrices): the maps are gone, their Gram matrix is not.
import { button, choices, decode, explorer, frame, h, keep, perFrame, random, row } from "../kit/kit.js";
import { gramBoard, shareSlider, top } from "../gram/gram.js";

// Maths ---------------------------------------------------------------------------------------------------------------

/** Return 0 .. count-1 in a random order. */
export function randomOrder(count, draw) {
  const order = Int32Array.from({ length: count }, (_, k) => k);
  for (let k = count - 1; k > 0; k -= 1) {
    const other = Math.floor(draw() * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}

/**
 * Return a permutation that moves a share (0 to 1) of the positions, and the same ones and more for a larger share: the
 * first ones of a random sequence go round in a circle. Position k of the result is position order[k] of the input.
 */
export function partialOrder(sequence, share) {
  const order = Int32Array.from(sequence.keys());
  const moved = Math.round(share * sequence.length);
  for (let k = 0; k < moved; k += 1) order[sequence[k]] = sequence[(k + 1) % moved];
  return order;
}

/** Return maps with their positions in another order; `orders` holds one for all channels, or one for each. */
export function shufflePositions(maps, channels, orders) {
  const positions = maps.length / channels;
  const result = new maps.constructor(maps.length);
  for (let c = 0; c < channels; c += 1) {
    const order = orders[c % orders.length];
    for (let p = 0; p < positions; p += 1) result[c * positions + p] = maps[c * positions + order[p]];
  }
  return result;
}

// The explorer --------------------------------------------------------------------------------------------------------

function render({ model, el }) {
  const ui = frame(el, {
    title: "Shuffled positions and the Gram matrix",
    task: "Shuffle all, then give each channel an order of its own: which of the two does the matrix notice?",
  });
  const {
    shape: [channels, height, width],
    data: maps,
  } = decode(model.get("features"));
  const names = model.get("channels");
  let share = model.get("share");
  let how = "alike";
  let seed = model.get("seed");
  let sequences = [];
  const board = gramBoard(ui, { names, pair: model.get("pair"), onPair: (i, j) => keep(model, { pair: [i, j] }) });
  const tops = names.map((_, c) => top(maps.subarray(c * height * width, (c + 1) * height * width)));
  board.setOriginal(maps, height, width, (c) => [0, tops[c] || 1]);

  const deal = () => {
    const draw = random(seed);
    sequences = names.map(() => randomOrder(height * width, draw));
  };
  const update = () => {
    const used = how === "alike" ? sequences.slice(0, 1) : sequences;
    board.update(
      shufflePositions(
        maps,
        channels,
        used.map((sequence) => partialOrder(sequence, share)),
      ),
    );
    keep(model, { share, seed });
  };
  const later = perFrame(update);
  const onShare = (show) => (next) => {
    share = next;
    show();
  };
  const label = "positions moved";
  const amount = shareSlider(ui, { label, share, onSlide: onShare(later), onTravel: onShare(update) });
  const method = choices({
    legend: "In which order?",
    value: how,
    options: [
      ["alike", "one order for all channels"],
      ["separate", "each channel its own"],
    ],
    onChange(value) {
      how = value;
      update();
    },
  });
  const actions = h(
    "div",
    { class: "nst-buttons" },
    button("Shuffle all", () => amount.travel(1)).root,
    button("Put back", () => amount.travel(0)).root,
    button("Another order", () => {
      seed += 1;
      deal();
      update();
    }).root,
  );
  el.append(row(method.root), row(amount.root, actions), board.root);
  deal();
  update();
  return ui.end;
}

export default explorer(render);
