// One feature map close up: where it is strongest, what that position sees, and its row of the Gram matrix.
import { figure, h, paintPicture, paintPlane, significant, view } from "../kit/kit.js";
import { mapOf, patchOf, strongest } from "./maths.js";
import { drawMaps } from "./grid.js";

const SVG = "http://www.w3.org/2000/svg";

/** Return an element with a number in it; its exact value stands in `data-value`. */
function number(name, value, text = significant(value)) {
  return h("strong", { "data-number": name, "data-value": value }, text);
}

/**
 * One picture's side of the close-up: the photo with what one position sees, the enlarged map, and that patch.
 * Handle: { root, show({ picture, features, channel, field, high, summary, titled }) }. `onMove(text)` gets what the
 * cursor on the map is at, in words.
 */
export function closeUp({ onMove }) {
  let now = null;
  const photo = view({ label: "Photo", smooth: true });
  const map = view({
    label: "Feature map. Arrow keys move over its positions.",
    cursor: {
      rows: 1,
      columns: 1,
      describe,
      onMove: (row, column) => {
        look(row, column);
        onMove(describe(row, column));
      },
    },
  });
  const patch = view({ label: "What the position sees" });
  const photoFigure = figure("", photo.root);
  const mapFigure = figure("", map.root);
  const patchFigure = figure("", patch.root);
  patch.root.classList.add("nst-patch");
  const title = h("p", { class: "nst-legend" });
  const numbers = h("p", { class: "nst-reading" });
  const columns = h(
    "div",
    { class: "nst-columns nst-stay nst-close" },
    photoFigure.root,
    mapFigure.root,
    patchFigure.root,
    numbers,
  );
  const root = h("div", { class: "nst-side" }, title, columns);

  function describe(row, column) {
    if (!now) return "";
    return `row ${row}, column ${column}: ${significant(now.plane[row * now.features.width + column])}`;
  }

  function look(row, column) {
    const { picture, plane, features, field, peak } = now;
    const box = patchOf(field, row, column, picture.height, picture.width);
    photo.mark({ row: box.top, column: box.left, height: box.bottom - box.top, width: box.right - box.left }, "field");
    map.mark({ row, column, height: 1, width: 1 }, "position");
    drawPatch(patch, picture, field, row, column);
    const here = row === peak.row && column === peak.column ? "the strongest position: " : "";
    mapFigure.caption.replaceChildren(
      `${here}row ${row}, column ${column}: `,
      number("activation", plane[row * features.width + column]),
    );
    patchFigure.caption.textContent = `what it sees: ${field.size} × ${field.size} pixels`;
    const rows = `rows ${box.top} to ${box.bottom - 1}`;
    patch.rename(`What this position sees: ${rows}, columns ${box.left} to ${box.right - 1} of the photo.`);
    Object.assign(root.dataset, { row, column, ...box });
  }

  return {
    root,
    show({ picture, features, channel, field, high, summary, titled }) {
      const plane = mapOf(features, channel);
      const peak = strongest(plane, features.width);
      now = { picture, plane, features, field, peak };
      title.textContent = picture.name;
      title.hidden = !titled;
      photo.draw(paintPicture(picture), picture.height, picture.width);
      photo.rename(`Photo: ${picture.name}. A box shows what the position on the map sees.`);
      photoFigure.caption.textContent = `${picture.name}, ${picture.width} × ${picture.height}`;
      map.draw(paintPlane(plane, { map: "viridis", high: high || 1 }), features.height, features.width);
      map.resize(features.height, features.width);
      map.place(peak.row, peak.column);
      look(peak.row, peak.column);
      numbers.replaceChildren(
        "mean ",
        number("mean", summary.means[channel]),
        " · maximum ",
        number("peak", summary.peaks[channel]),
        " · active at ",
        number("share", summary.shares[channel], `${Math.round(100 * summary.shares[channel])}%`),
        ` of ${features.height} × ${features.width} positions`,
      );
    },
  };
}

/** Draw what a unit sees, as large as its field; beyond the photo's border there is nothing. */
function drawPatch(patch, { data, channels, height, width }, { size, stride, start }, row, column) {
  const pixels = new Uint8ClampedArray(4 * size * size);
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const [py, px] = [start + row * stride + y, start + column * stride + x];
      if (py < 0 || px < 0 || py >= height || px >= width) continue;
      for (let c = 0; c < 3; c += 1)
        pixels[4 * (y * size + x) + c] = 255 * data[((channels === 3 ? c : 0) * height + py) * width + px];
      pixels[4 * (y * size + x) + 3] = 255;
    }
  }
  patch.draw(pixels, size, size);
}

/** A channel that another one fires with, as a button. */
function partnerButton({ channel, value, cosine }, onChoose) {
  const name = h("b", {}, h("span", { class: "nst-hidden" }, "channel "), String(channel));
  const angle = h("span", { class: "nst-cosine" }, `cosine ${cosine.toFixed(2)}`);
  const onclick = () => onChoose(channel);
  return h(
    "button",
    { type: "button", class: "nst-partner", "data-channel": channel, "data-cosine": cosine, onclick },
    h("span", {}, name, h("br"), number("entry", value), h("br"), angle),
  );
}

/**
 * One row of the Gram matrix as bars, and the channels it fires with most. Handle: { root, show({ rows, order, channel,
 * partners, names, found, high }) }: one row of numbers for each picture, `partners` those of the first one.
 */
export function gramPanel({ onChoose }) {
  const title = h("p", { class: "nst-legend" });
  const chart = document.createElementNS(SVG, "svg");
  chart.setAttribute("class", "nst-chart");
  chart.setAttribute("role", "img");
  chart.setAttribute("preserveAspectRatio", "none");
  const key = h("p", { class: "nst-note" });
  const legend = h("p", { class: "nst-legend" });
  const buttons = h("div", { class: "nst-partners", role: "group" });
  const root = h("div", { class: "nst-gram" }, title, chart, key, legend, buttons);

  function draw(name, path) {
    const shape = document.createElementNS(SVG, "path");
    shape.setAttribute("class", name);
    shape.setAttribute("d", path);
    chart.append(shape);
  }

  return {
    root,
    show({ rows, order, channel, partners, names, found, high }) {
      const most = Math.max(...rows.flatMap((row) => [...row]), 1e-12);
      const at = order.indexOf(channel);
      const bar = (value, i) => `M${i} 100V${100 - (100 * value) / most}h1V100Z`;
      chart.replaceChildren();
      chart.setAttribute("viewBox", `0 0 ${order.length} 100`);
      draw("nst-bars", order.map((c, i) => bar(rows[0][c], i)).join(""));
      draw("nst-own", bar(rows[0][channel], at));
      if (rows[1])
        draw(
          "nst-second",
          order.map((c, i) => `${i ? "L" : "M"}${i + 0.5} ${100 - (100 * rows[1][c]) / most}`).join(""),
        );
      title.textContent = `Row ${channel} of the Gram matrix: with which channels does it fire?`;
      const own = rows.map((row, i) => [
        i ? "; " : "",
        rows[1] ? `${names[i]} ` : "",
        number(i ? "gram2" : "gram", row[channel]),
      ]);
      key.replaceChildren(
        `One bar for each channel, in the order above. The colored one is channel ${channel} with itself, ` +
          "its mean square: ",
        ...own.flat(),
        rows[1] ? `. Bars: ${names[0]}; line: ${names[1]}.` : ".",
      );
      const itself = rows.map((row) => significant(row[channel])).join(" and ");
      const said = `Row ${channel} of the Gram matrix as ${order.length} bars. With itself: ${itself}.`;
      chart.setAttribute("aria-label", said);
      const where = rows[1] ? `In ${names[0]} it` : "It";
      legend.textContent = partners.length
        ? `${where} fires most together with`
        : `${where} fires nowhere, so its row is zero.`;
      buttons.setAttribute("aria-label", `Channels that channel ${channel} fires together with`);
      buttons.replaceChildren(
        ...partners.map((one) => {
          const entry = partnerButton(one, onChoose);
          drawMaps(entry, found.slice(0, 1), one.channel, high(one.channel));
          return entry;
        }),
      );
    },
  };
}
