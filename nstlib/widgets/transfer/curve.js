// The losses of a descent as two lines over its steps, on a logarithmic axis.
import { shape, tidy } from "../kit/kit.js";

const [WIDE, HIGH] = [340, 140];
const BOX = { left: 38, right: WIDE - 52, top: 8, bottom: HIGH - 20 };
const [LEAST, MOST] = [-3, 1]; // powers of ten
const LINES = ["content", "style"];
const APART = 12; // between the names at the lines' ends

/** How far down a loss lies, in units of the drawing; what is below the axis lies on its end. */
export function heightOf(loss) {
  const power = Math.max(LEAST, Math.min(MOST, Math.log10(Math.max(loss, 1e-9))));
  return BOX.bottom - ((power - LEAST) / (MOST - LEAST)) * (BOX.bottom - BOX.top);
}

/** How many steps the axis has: 50, then twice as many whenever they are used up. */
export function spanOf(steps) {
  let span = 50;
  while (span < steps) span *= 2;
  return span;
}

/** Handle: { root, draw(records), describe(records) }; records are { step, content, style }, in order. */
export function curve() {
  const root = shape("svg", {
    viewBox: `0 0 ${WIDE} ${HIGH}`,
    class: "nst-curve",
    role: "img",
    "aria-label": "Losses over the steps",
  });
  for (let power = LEAST; power <= MOST; power += 1) {
    const y = heightOf(10 ** power);
    root.append(shape("line", { class: "nst-rule", x1: BOX.left, x2: BOX.right, y1: y, y2: y }));
    root.append(shape("text", { x: BOX.left - 5, y: y + 4, "text-anchor": "end" }, String(10 ** power)));
  }
  const start = shape("text", { x: BOX.left, y: HIGH - 4 }, "0");
  const end = shape("text", { x: BOX.right, y: HIGH - 4, "text-anchor": "end" });
  root.append(start, end);
  const lines = Object.fromEntries(
    LINES.map((name) => {
      const path = shape("path", { class: `nst-line-${name}`, d: "" });
      const label = shape("text", { class: `nst-name-${name}`, x: 0, y: 0 }, name);
      root.append(path, label);
      return [name, { path, label }];
    }),
  );

  function draw(records) {
    const span = spanOf(records.at(-1)?.step ?? 0);
    end.textContent = `${span} steps`;
    const across = (step) => BOX.left + (step / span) * (BOX.right - BOX.left);
    const ends = {};
    LINES.forEach((name) => {
      const places = records.map((record) => `${across(record.step).toFixed(1)},${heightOf(record[name]).toFixed(1)}`);
      lines[name].path.setAttribute("d", places.length > 1 ? `M${places.join("L")}` : "");
      lines[name].label.style.display = records.length > 1 ? "" : "none";
      ends[name] = records.length ? heightOf(records.at(-1)[name]) : 0;
    });
    const gap = Math.abs(ends.content - ends.style);
    const push = gap < APART ? (APART - gap) / 2 : 0;
    LINES.forEach((name) => {
      const other = LINES.find((one) => one !== name);
      const below = ends[name] > ends[other] || (ends[name] === ends[other] && name === "style");
      lines[name].label.setAttribute("x", across(records.at(-1)?.step ?? 0) + 5);
      lines[name].label.setAttribute("y", Math.min(BOX.bottom, ends[name] + (below ? push : -push)) + 4);
    });
  }

  function describe(records) {
    const [first, last] = [records[0], records.at(-1)];
    const told = !first
      ? "nothing yet"
      : LINES.map((name) => `${name} from ${tidy(first[name], 3)} to ${tidy(last[name], 3)}`).join(", ");
    root.setAttribute("aria-label", `Losses over ${last?.step ?? 0} steps: ${told}.`);
  }

  draw([]);
  describe([]);
  return { root, draw, describe };
}
