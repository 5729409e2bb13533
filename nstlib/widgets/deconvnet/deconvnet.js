// Up through a network and back again: each layer's map, one activation kept, and each step of its way
// down.
import {
  asPicture,
  explorer,
  figure,
  frame,
  h,
  keep,
  paintPicture,
  paintPlane,
  player,
  significant,
  view,
} from "../kit/kit.js";

// The explorer --------------------------------------------------------------------------------------------------------

function render({ model, el }) {
  const ui = frame(el, {
    title: "Up and back again",
    task: "Step up to the strongest unit and back down to the pixels: where do the networks part?",
  });
  const steps = model.get("steps"); // what happens in each
  const runs = model.get("runs").map(({ name, channel, frames }) => ({
    name,
    channel,
    frames: frames.map(({ peak, lit, ...picture }) => ({ peak, lit, ...asPicture(picture) })),
  }));
  let step = model.get("step");

  const happens = h("p", { class: "nst-reading nst-happens" });
  const panels = runs.map(({ name }) => {
    const canvas = view({ label: "" });
    const shown = figure("", canvas.root);
    shown.root.dataset.run = name;
    return { canvas, ...shown };
  });
  const track = player(ui, {
    label: "Step",
    count: steps.length,
    value: step,
    format: (k) => steps[k],
    milliseconds: 800,
    onStep(k) {
      step = k;
      draw();
    },
  });

  function draw() {
    runs.forEach(({ name, channel, frames }, r) => {
      const one = frames[step];
      const colored = one.channels === 3;
      panels[r].canvas.draw(
        colored ? paintPicture(one) : paintPlane(one.data, { map: "magma" }),
        one.height,
        one.width,
      );
      panels[r].canvas.rename(`${name}: ${steps[step]}`);
      const size = `${one.height} × ${one.width}`;
      const numbers = colored ? "" : `, ${Math.round(100 * one.lit)}% not zero, the largest ${significant(one.peak)}`;
      panels[r].caption.replaceChildren(h("strong", {}, name), `, channel ${channel}: ${size}${numbers}`);
    });
    happens.textContent = `${step + 1} of ${steps.length}: ${steps[step]}`;
    keep(model, { step });
    ui.announce(`${happens.textContent}. ${panels.map(({ caption }) => caption.textContent).join("; ")}.`);
  }

  el.append(
    track.root,
    happens,
    h(
      "div",
      { class: "nst-columns nst-stay", style: `--nst-columns: ${runs.length}` },
      panels.map(({ root }) => root),
    ),
    h(
      "p",
      { class: "nst-note" },
      "Maps: the length of all channels together at each position, bright is large, each map on its own scale. " +
        "Pixels: zero is mid-gray.",
    ),
  );
  draw();
  return ui.end;
}

export default explorer(render);
