// Feature maps side by side, to choose one of them: a list box whose options are small pictures.
import { button, h, paintPlane } from "../kit/kit.js";
import { mapOf } from "./maths.js";

const FIRST = { wide: 24, narrow: 12 }; // maps that are shown before the reader asks for more
const NARROW = 480; // pixels

/** Draw one channel of each picture's features, all on one scale, on canvases of a parent. */
export function drawMaps(parent, found, channel, high) {
  while (parent.querySelectorAll("canvas").length > found.length) parent.querySelector("canvas:last-of-type").remove();
  found.forEach((features, i) => {
    let canvas = parent.querySelectorAll("canvas")[i];
    if (!canvas) {
      canvas = h("canvas", { class: "nst-crisp", "aria-hidden": "true" });
      parent.insertBefore(canvas, parent.querySelectorAll("canvas")[i - 1]?.nextSibling ?? parent.firstChild);
    }
    const { width, height } = features;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pixels = paintPlane(mapOf(features, channel), { map: "viridis", high: high || 1 });
    canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  });
}

/** Let the Tab key reach one option of a list and no other. */
function reach(list, active) {
  [...list.children].forEach((option, i) => {
    option.tabIndex = i === active ? 0 : -1;
  });
}

/** Return how many options stand in a row. */
function columns(list) {
  const top = list.children[0]?.offsetTop;
  const next = [...list.children].findIndex((option) => option.offsetTop !== top);
  return next < 0 ? list.children.length : next;
}

const cell = () => h("div", { class: "nst-map", role: "option", tabindex: -1 }, h("span", { class: "nst-map-name" }));

/** Show the first `count` maps of `shown` as options of a list. Returns whether these are all. */
function fill(list, { found, order, channel, high, describe }, count) {
  const wanted = order.slice(0, count);
  if (!wanted.includes(channel)) wanted[wanted.length - 1] = channel; // the chosen one is always seen
  while (list.children.length > wanted.length) list.lastChild.remove();
  while (list.children.length < wanted.length) list.append(cell());
  list.classList.toggle("nst-pairs", found.length > 1);
  wanted.forEach((c, i) => {
    const option = list.children[i];
    drawMaps(option, found, c, high(c));
    option.lastChild.textContent = c;
    option.dataset.channel = c;
    option.setAttribute("aria-label", describe(c));
  });
  return wanted.length === order.length;
}

/**
 * The list box. Handle: { root, show({ found, order, channel, high, describe }) }: `found` are the features of one or
 * two pictures, `order` the channels from first to last, `high(channel)` the end of its scale, `describe(channel)` its
 * name for those who do not see it. `onChoose(channel)` is called when the reader takes one.
 */
export function mapGrid({ onChoose }) {
  const list = h("div", { class: "nst-maps", role: "listbox", "aria-label": "Feature maps" });
  const more = button("", () => {
    count = Math.min(shown.order.length, 4 * count);
    draw();
    list.children[active].focus();
  });
  const root = h("div", {}, list, more.root);
  let count = 0;
  let active = 0; // the option that the keys are at
  let shown = null;

  function draw() {
    more.root.hidden = fill(list, shown, count);
    more.root.textContent = `Show more of the ${shown.order.length}`;
    mark(shown.channel);
  }

  /** Say which channel is chosen; the keys begin there. */
  function mark(channel) {
    shown.channel = channel;
    if (!list.querySelector(`[data-channel="${channel}"]`)) return draw();
    [...list.children].forEach((option, i) => {
      const chosen = Number(option.dataset.channel) === channel;
      option.setAttribute("aria-selected", String(chosen));
      if (chosen) active = i;
    });
    active = Math.min(active, list.children.length - 1);
    return reach(list, active);
  }

  function go(to) {
    active = Math.max(0, Math.min(list.children.length - 1, to));
    reach(list, active);
    list.children[active].focus();
  }

  const choose = (option) => {
    if (option) onChoose(Number(option.dataset.channel));
  };
  list.addEventListener("click", (event) => choose(event.target.closest(".nst-map")));
  list.addEventListener("focusin", (event) => {
    active = Math.max(0, [...list.children].indexOf(event.target.closest(".nst-map")));
  });
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns(list),
      ArrowUp: -columns(list),
      Home: -Infinity,
      End: Infinity,
    };
    if (event.key in steps) go(active + steps[event.key]);
    else if (event.key === "Enter" || event.key === " ") choose(list.children[active]);
    else return;
    event.preventDefault();
  });

  return {
    root,
    mark,
    focus: () => list.children[active].focus({ preventScroll: true }),
    show(next) {
      count ||= list.clientWidth && list.clientWidth < NARROW ? FIRST.narrow : FIRST.wide;
      shown = next;
      list.setAttribute("aria-label", `Feature maps of ${next.layer}, ${next.sorting}. Enter takes one.`);
      draw();
    },
  };
}
