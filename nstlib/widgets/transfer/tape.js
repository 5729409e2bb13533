// A run that was recorded when the book was built: moved through with a slider, before anything is loaded.
import { h, loadImage, player } from "../kit/kit.js";

const PACE = 450; // milliseconds for a picture

/**
 * `recorded` is { steps, frames, records }: of some steps the picture's address, of all the losses. `show(image,
 * record, records)` draws one, with what was known until then.
 *
 * Handle: { root, shown(), begin(), leave(), remark() }: `begin` shows its end, `leave` puts it away, and `remark` says
 * that knobs turn a live run only.
 */
export async function tape(ui, recorded, { weights, show }) {
  const { steps, records } = recorded;
  const frames = await Promise.all(recorded.frames.map(loadImage));
  const last = frames.length - 1;
  const told = `Recorded when this book was built, with α = ${weights.content} and β = ${weights.style}.`;
  const note = h("p", { class: "nst-note nst-tape-note" });
  const draw = (k) => {
    const known = records.filter(({ step }) => step <= steps[k]);
    show(frames[k], known.at(-1), known);
  };
  const track = player(ui, {
    label: "Recorded run",
    count: frames.length,
    value: last,
    format: (k) => `step ${steps[k]} of ${steps[last]}`,
    milliseconds: PACE,
    onStep(k) {
      note.textContent = told;
      draw(k);
      const { step, content, style } = records.find((record) => record.step === steps[k]);
      ui.announce(`Recorded step ${step}: content ${content}, style ${style}.`);
    },
  });
  const root = h("div", { class: "nst-tape" }, track.root, note);
  return {
    root,
    shown: () => !root.hidden,
    begin() {
      root.hidden = false;
      note.textContent = told;
      track.go(last);
      draw(last);
    },
    leave() {
      if (root.hidden) return;
      track.go(track.value); // stops
      root.hidden = true;
    },
    remark() {
      note.textContent = `${told} Your knobs turn a live run: start one below.`;
      ui.announce(note.textContent);
    },
  };
}
