// What each layer knows of a photo (chapter on inversion): its inversions, from layer to layer, beside the photo.
import { chart, legend, line, scrub, upright } from "../kit/chart.js";
import { asPicture, explorer, figure, frame, h, keep, paintPicture, player, shape, view } from "../kit/kit.js";

// Maths ---------------------------------------------------------------------------------------------------------------

/** Return the root mean square difference of two pictures' numbers. */
export function pixelError(one, other) {
  const sum = one.reduce((all, value, p) => all + (value - other[p]) ** 2, 0);
  return Math.sqrt(sum / one.length);
}

// The explorer --------------------------------------------------------------------------------------------------------

/** A network's picture and its errors. Handle: { root, show(picture, words, { error, away }), told() }. */
function panel(name) {
  const canvas = view({ label: "", smooth: true });
  const error = h("strong", { class: "nst-error" });
  const away = h("strong", { class: "nst-away" });
  const { root, caption } = figure("", canvas.root);
  caption.append(
    h("span", {}, name),
    h("span", {}, "error in this layer ", error),
    h("span", {}, "off in pixels ", away),
  );
  root.dataset.run = name;
  root.classList.add("nst-inversion", "nst-told");
  return {
    root,
    told: () => `${name}, error in the layer ${error.textContent}, in pixels ${away.textContent}`,
    show(picture, words, errors) {
      canvas.draw(paintPicture(picture), picture.height, picture.width);
      canvas.rename(words);
      error.textContent = errors.error.toPrecision(2);
      away.textContent = errors.away.toFixed(2);
    },
  };
}

const tone = (r) => `var(--nst-tone-${r})`;

/** Return each network's errors in the layers and in pixels as two lines with dots; those of `layer` are larger. */
function errorCurves(runs, inPixels, layer, { x, y }) {
  const curve = (values, r, dashed) => [
    line(
      values.map((value, k) => [x.to(k), y.to(value)]),
      { class: "nst-curve", style: `stroke: ${tone(r)}`, "stroke-dasharray": dashed ? "5 3" : null },
    ),
    values.map((value, k) =>
      shape("circle", { cx: x.to(k), cy: y.to(value), r: k === layer ? 5 : 3, style: `fill: ${tone(r)}` }),
    ),
  ];
  return runs.map(({ errors }, r) => [curve(errors, r, false), curve(inPixels[r], r, true)]);
}

function render({ model, el }) {
  const ui = frame(el, {
    title: "What a layer knows",
    task: "Go from the first layer to the last: what is lost first, colors or outlines?",
  });
  const photo = asPicture(model.get("photo"));
  const layers = model.get("layers");
  const runs = model
    .get("runs")
    .map(({ name, pictures, errors }) => ({ name, errors, pictures: pictures.map(asPicture) }));
  const inPixels = runs.map(({ pictures }) => pictures.map((picture) => pixelError(picture.data, photo.data)));
  let layer = model.get("layer");

  const original = view({ label: "The photo", smooth: true });
  const panels = runs.map(({ name }) => panel(name));
  const plot = chart(ui, { label: "Error of each layer's inversion, in the layer and in pixels", height: 170 });
  const steps = player(ui, {
    label: "Layer",
    count: layers.length,
    value: layer,
    format: (k) => layers[k],
    milliseconds: 1200,
    onStep(k) {
      layer = k;
      draw();
    },
  });
  scrub(plot, (x) => steps.go(Math.round(x)));

  function draw() {
    runs.forEach(({ name, pictures, errors }, r) => {
      const words = `${name}: what ${layers[layer]} says of the photo`;
      panels[r].show(pictures[layer], words, { error: errors[layer], away: inPixels[r][layer] });
    });
    const largest = Math.max(...runs.flatMap(({ errors }) => errors), ...inPixels.flat());
    plot.draw({
      x: {
        low: -0.3,
        high: layers.length - 0.7,
        title: "layer",
        marks: layers.map((name, k) => [k, name.replace("relu", "")]),
      },
      y: { low: 0, high: 1.08 * largest, title: "error" },
      items: (scales) => [upright(scales, layer), errorCurves(runs, inPixels, layer, scales)],
    });
    keep(model, { layer });
    ui.announce(`${layers[layer]}: ${panels.map((one) => one.told()).join("; ")}.`);
  }

  original.draw(paintPicture(photo), photo.height, photo.width);
  const keys = runs.flatMap(({ name }, r) => [
    [tone(r), `${name}, in the layer`],
    [tone(r), `${name}, in pixels`, true],
  ]);
  el.append(
    steps.root,
    h(
      "div",
      { class: "nst-columns nst-inversions", style: `--nst-columns: ${1 + runs.length}` },
      figure("the photo", original.root).root,
      panels.map(({ root }) => root),
    ),
    legend(keys),
    plot.root,
    h(
      "p",
      { class: "nst-note" },
      "Error in the layer: squared distance of the features over the target's square. " +
        "Off in pixels: root mean square, where the range is 1.",
    ),
  );
  draw();
  return ui.end;
}

export default explorer(render);
