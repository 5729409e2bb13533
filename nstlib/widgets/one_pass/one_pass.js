// A network that paints in one pass (chapter on one pass): photos, files and the camera, in styles that may be mixed.
import { camera } from "../kit/camera.js";
import { gate } from "../kit/gate.js";
import {
  button,
  choices,
  explorer,
  frame,
  h,
  keep,
  loadImage,
  megabytes,
  paintPicture,
  pictureSource,
  row,
  slider,
} from "../kit/kit.js";
import { grabPicture } from "../kit/picture.js";
import { amountsOf, pace } from "./maths.js";
import { dividedPicture, styleRow } from "./screen.js";
import { openSource } from "./sources.js";
import { Studio } from "./studio.js";

const CAMERA = "camera"; // the name of what it sees
const LARGEST = 256; // pixels of a reader's picture that are kept
const KEPT = ["style", "second", "share", "strength", "size", "at"]; // of the state
const RENEWED = 400; // milliseconds between two speeds that are shown
const BY = { page: "here", kernel: "by the kernel" };
const ALL = "To paint your own pictures or the camera, to mix two styles or to change the size";
const TRY = {
  before: "Click on another style, and drag the line across the picture.",
  after: "Mix two styles half and half. Then open the camera, and move.",
};

/** Return a picture at another size. */
function resized(picture, height, width) {
  if (picture.height === height && picture.width === width) return picture;
  const canvas = (h, w) => Object.assign(document.createElement("canvas"), { height: h, width: w });
  const [whole, part] = [canvas(picture.height, picture.width), canvas(height, width)];
  whole.getContext("2d").putImageData(new ImageData(paintPicture(picture), picture.width, picture.height), 0, 0);
  const context = part.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(whole, 0, 0, width, height);
  return { ...grabPicture(part, width, height, Math.max(height, width)), name: picture.name };
}

/** Return a picture with a longer side of at most `size` pixels. */
function fitted(picture, size) {
  const share = Math.min(1, size / Math.max(picture.height, picture.width));
  const side = (pixels) => Math.max(1, Math.round(share * pixels));
  return resized(picture, side(picture.height), side(picture.width));
}

/** Return the planes of a picture that lies in the state as an address. */
async function opened({ name, address }) {
  const image = await loadImage(address);
  return { ...grabPicture(image, image.naturalWidth, image.naturalHeight, LARGEST), name };
}

/** Return the words for what is painted with. */
function mixture(amounts) {
  const parts = Object.entries(amounts);
  if (parts.length === 1) return parts[0][0];
  return parts.map(([name, amount]) => `${Math.round(100 * amount)} % ${name}`).join(", ");
}

/** Return for what the page's own paintings are not enough, as the beginning of a sentence. */
function reason({ photo, share, style, second, size }, ours) {
  if (photo.name === CAMERA) return "To paint what the camera sees";
  if (!ours.includes(photo)) return "To paint your own picture";
  if (photo !== ours[0]) return `To paint ${photo.name}`;
  return share > 0 && style !== second ? "To mix two styles" : `To paint at ${size} pixels`;
}

/** What stands between the reader and live painting. Handle: the kit's gate and { offer(why, missing, own) }. */
function engineGate(onAgree) {
  const door = gate("Loading what paints");
  let offered = "";
  return {
    ...door,
    /**
     * Returns what is now said, or null if it was said before. `missing` and `own`: bytes, of all that must be loaded
     * and of the network alone; 0 where that is not known.
     */
    offer(why, missing, own) {
      const words = missing
        ? `${why}, the page must load the network (${megabytes(own)}) and what runs it in your browser ` +
          `(${megabytes(missing - own)}), once. Your pictures stay on this machine.`
        : `${why}, the page must load the network and what runs it in your browser.`;
      if (words === offered && door.open()) return null; // its button stays the same one
      offered = words;
      door.show(words, button(missing ? `Load ${megabytes(missing)}` : "Load it", onAgree));
      return words;
    },
  };
}

/** Mixing, strength and size. Handle: { root, set(now) }. */
function knobs({ now, styles, sizes, onTurn }) {
  const turn = (key) => (value) => onTurn({ [key]: value });
  const percentage = (key, label) =>
    slider({
      label,
      min: 0,
      max: 100,
      step: 5,
      value: 100 * now[key],
      format: (value) => `${value} %`,
      onInput: (value) => onTurn({ [key]: value / 100 }),
    });
  const blend = percentage("share", "Share of the second style");
  const second = styleRow({
    legend: "Second style",
    styles,
    value: now.second,
    small: true,
    onChange: turn("second"),
  });
  const strength = percentage("strength", "Strength");
  const side = choices({
    legend: "Pixels of the longer side",
    options: sizes.map((one) => [String(one), String(one)]),
    value: String(now.size),
    onChange: (value) => onTurn({ size: Number(value) }),
  });
  return {
    root: h("div", { class: "nst-knobs" }, second.root, blend.root, strength.root, side.root),
    set(values) {
      blend.set(100 * values.share);
      second.set(values.second);
      strength.set(100 * values.strength);
      side.set(String(values.size));
    },
  };
}

/** What of the first photo the page carries: `find(now)` gets a painting of the state as it is, or null. */
function shelf(model, first) {
  const [addresses, size] = [model.get("painted"), model.get("size")];
  const known = new Map();
  return {
    async find(now) {
      const [[name], ...more] = Object.entries(amountsOf(now));
      if (more.length || now.photo !== first || now.size !== size || !addresses[name]) return null;
      if (!known.has(name)) known.set(name, await opened({ name, address: addresses[name] }));
      return known.get(name);
    },
  };
}

/** Shows what was painted and says how. Handle: { draw(), painted(job, painting, how), bare(photo) }. */
function easel({ picture, now, announce }) {
  let [shown, told, speed] = [null, 0, pace()];
  const draw = () => picture.show({ ...shown, strength: now.strength });
  const say = (text, passing) => {
    picture.say(text);
    if (!passing) announce(text);
  };
  return {
    draw: () => shown && draw(),
    painted({ picture: photo, amounts, passing }, painting, how) {
      if (photo.name !== shown?.photo.name) speed = pace(); // another row of frames
      shown = { photo, painting };
      draw();
      const time = performance.now();
      speed.note(time);
      const rate = speed.rate(time);
      if (rate && passing && time - told < RENEWED) return;
      told = time;
      const often = rate ? `${Math.round(rate)} frames a second` : how;
      say(`${photo.name} as ${mixture(amounts)}: ${photo.width} × ${photo.height} pixels, ${often}`, passing);
    },
    /** Show a photo that cannot be painted yet. */
    bare(photo) {
      shown = { photo, painting: null };
      draw();
      say(`${photo.name}, not painted yet`, photo.name === CAMERA);
    },
  };
}

/** Return { update, load }: paint what is chosen, or show what is known of it; load what paints. */
function conduct({ model, el, now, own, picture, board, ui }) {
  const source = openSource(model);
  const held = shelf(model, own[0]);
  const by = BY[model.get("source")];
  const door = engineGate(() => load());
  let [asked, missing, why, loading] = [0, 0, ALL, false];
  const studio = new Studio(source, {
    painted(job, painting) {
      if (door.open()) door.hide();
      board.painted(job, painting, `painted ${by} in ${Math.round(painting.milliseconds)} ms`);
    },
    failed: (error) => door.fail(error.message, () => (studio.ready ? update() : load())),
  });
  const hand = { door, update, begin, onReady() {} };
  ui.onEnd(() => studio.end());

  /** Keeps its promise when what is chosen is to be seen; `passing`: a frame of many. */
  async function update({ passing = false } = {}) {
    if (studio.ready) {
      return studio.want({ picture: fitted(now.photo, now.size), amounts: amountsOf(now), passing });
    }
    asked += 1;
    const mine = asked;
    const known = await held.find(now);
    if (mine !== asked || studio.ready) return undefined;
    if (known) {
      const photo = resized(now.photo, known.height, known.width);
      return board.painted({ picture: photo, amounts: amountsOf(now) }, known, "painted when the book was built");
    }
    if (now.photo !== own[0]) board.bare(fitted(now.photo, now.size));
    return offer(reason(now, own));
  }

  function offer(words) {
    why = words;
    const said = loading ? null : door.offer(why, missing, model.get("bytes"));
    if (said && why !== ALL) ui.announce(said); // the first offer must not talk over what was painted
  }

  async function load() {
    el.setAttribute("aria-busy", "true");
    const focused = door.holdsFocus();
    loading = true;
    if (await studio.open(door.progress)) {
      door.hide();
      hand.onReady();
      if (focused) picture.focus();
      await update();
    }
    loading = false;
    el.setAttribute("aria-busy", "false");
  }

  /** Show the first picture, and what can be had. */
  async function begin() {
    el.setAttribute("aria-busy", "true");
    if (model.get("source") === "kernel") await load();
    else {
      await update();
      offer(ALL);
      source.missing().then(
        (bytes) => {
          missing = bytes;
          if (!studio.ready) offer(why);
        },
        () => {}, // it is said when it is asked for
      );
    }
    el.setAttribute("aria-busy", "false");
  }

  return hand;
}

async function render({ model, el }) {
  const ui = frame(el, { title: "Painted in one pass", task: TRY.before, onReset: () => startOver() });
  const own = await Promise.all(model.get("pictures").map(opened));
  const beginning = Object.fromEntries(KEPT.map((key) => [key, model.get(key)]));
  const now = { ...beginning, photo: own[0] };
  const styles = model.get("styles");
  const picture = dividedPicture({ at: now.at, onMove: (at) => turn({ at }) });
  const board = easel({ picture, now, announce: ui.announce });
  const hand = conduct({ model, el, now, own, picture, board, ui });

  function turn(values) {
    Object.assign(now, values);
    keep(model, values);
    if ("strength" in values) board.draw();
    else if (!("at" in values)) hand.update();
  }
  function show(photo, how) {
    now.photo = photo;
    return hand.update(how);
  }
  const eye = camera({
    ui,
    size: (name) => (name === CAMERA ? now.size : LARGEST),
    mirrored: true,
    onPicture: (photo) => photos.take(photo),
    onFrame(photo) {
      photos.set(null);
      return show(photo, { passing: true });
    },
  });
  const photos = pictureSource(ui, el, {
    pictures: own,
    size: LARGEST,
    extra: [eye.opener.root],
    onPicture(photo) {
      eye.close(false);
      show(photo);
    },
  });
  const looks = styleRow({ legend: "Style", styles, value: now.style, onChange: (style) => turn({ style }) });
  const settings = knobs({ now, styles, sizes: model.get("sizes"), onTurn: turn });
  const save = button("Save the picture", () => picture.save(`${now.photo.name}-${now.style}.png`));
  function startOver() {
    eye.close(false);
    Object.assign(now, beginning);
    keep(model, beginning);
    looks.set(now.style);
    settings.set(now);
    picture.place(now.at);
    photos.back();
  }
  hand.onReady = () => {
    ui.propose(TRY.after);
  };
  el.append(
    h(
      "div",
      { class: "nst-pass" },
      h("div", { class: "nst-pass-picture" }, picture.root),
      h("div", { class: "nst-pass-styles" }, looks.root, settings.root),
      h("div", { class: "nst-pass-more" }, hand.door.root, photos.root, eye.root, row(save.root)),
    ),
  );
  await hand.begin();
  return ui.end;
}

export default explorer(render);
