// A picture of the reader's as numbers: the same ones in every browser.
//
// A canvas makes pictures smaller in each browser's own way, and some skip pixels. So a picture is read as it is, and
// the averages are taken here.

const AT_ONCE = 4_000_000; // pixels that a canvas holds at a time: less than the least that browsers allow
const TRUSTED = 8; // by how many levels of 255 a color may come back changed

/**
 * Read a picture file as planes of 0 to 1, its longer side at most `size` pixels. Rejects with a sentence for the
 * reader.
 */
export async function readPicture(file, size) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`${file.name || "That"} is not a picture this browser can read. Take a JPEG, PNG or WebP file.`);
  }
  try {
    const picture = grabPicture(bitmap, bitmap.width, bitmap.height, size);
    return { ...picture, name: (file.name || "your picture").slice(0, 40) };
  } finally {
    bitmap.close();
  }
}

/**
 * Return what an image, a video or a canvas shows as planes of 0 to 1, on white where it is transparent. Each pixel is
 * the mean of the area that it covers, in whole levels of 255; `mirrored` changes left and right. Throws a sentence for
 * the reader if the browser hides what a canvas holds.
 */
export function grabPicture(source, wide, high, size, mirrored = false) {
  const scale = Math.min(1, size / Math.max(wide, high));
  const width = Math.max(1, Math.round(wide * scale));
  const height = Math.max(1, Math.round(high * scale));
  checkCanvas();
  const mean = averager({ wide, high, width, height });
  const rows = Math.max(1, Math.min(high, Math.floor(AT_ONCE / wide)));
  const context = makeContext(wide, rows);
  if (mirrored) context.setTransform(-1, 0, 0, 1, wide, 0);
  for (let top = 0; top < high; top += rows) {
    const count = Math.min(rows, high - top);
    context.fillRect(0, 0, wide, count);
    context.drawImage(source, 0, top, wide, count, 0, 0, wide, count);
    mean.add(context.getImageData(0, 0, wide, count).data, top, count);
  }
  return { channels: 3, height, width, data: mean.planes() };
}

/**
 * Return what takes the means of areas while rows of RGBA bytes come: { add(bytes, top, count), planes() }. `wide` and
 * `high` are the sides of what comes, `width` and `height`, not larger, those of what is to become of it.
 */
export function averager({ wide, high, width, height }) {
  const sums = new Float64Array(3 * width * height);
  const row = new Float64Array(3 * width);
  const across = areas(wide, width);
  const down = areas(high, height);
  return {
    add(bytes, top, count) {
      for (let y = top; y < top + count; y += 1) {
        squeeze(bytes, 4 * wide * (y - top), across, row);
        down.parts(y, (k, share) => {
          for (let i = 0, at = 3 * width * k; i < row.length; i += 1) sums[at + i] += share * row[i];
        });
      }
    },
    planes() {
      const count = width * height;
      const data = new Float32Array(3 * count);
      for (let p = 0; p < count; p += 1)
        for (let c = 0; c < 3; c += 1) data[c * count + p] = Math.round(sums[3 * p + c]) / 255;
      return data;
    },
  };
}

/**
 * How `many` places are shared among `few`: places from `first[k]` to before `first[k + 1]` begin in the k-th, and the
 * last of them may reach into the next. `parts(place, act)` calls act(k, share) for each that it lies in.
 */
function areas(many, few) {
  const ratio = few / many; // how much of the few one place covers: at most one
  const index = new Int32Array(many);
  const inside = new Float64Array(many); // share of the mean in the one where it begins; the rest lies in the next
  for (let place = 0; place < many; place += 1) {
    index[place] = Math.min(few - 1, Math.floor((place * few) / many));
    inside[place] = index[place] === few - 1 ? ratio : Math.min(ratio, index[place] + 1 - place * ratio);
  }
  return {
    index,
    inside,
    ratio,
    parts(place, act) {
      act(index[place], inside[place]);
      if (ratio - inside[place] > 1e-12) act(index[place] + 1, ratio - inside[place]);
    },
  };
}

/** Write the means along one row of RGBA bytes, which begins at `start`, into `row`. */
function squeeze(bytes, start, { index, inside, ratio }, row) {
  row.fill(0);
  for (let x = 0, at = start; x < index.length; x += 1, at += 4) {
    const k = 3 * index[x];
    const share = inside[x];
    row[k] += share * bytes[at];
    row[k + 1] += share * bytes[at + 1];
    row[k + 2] += share * bytes[at + 2];
    const rest = ratio - share;
    if (rest > 1e-12) {
      row[k + 3] += rest * bytes[at];
      row[k + 4] += rest * bytes[at + 1];
      row[k + 5] += rest * bytes[at + 2];
    }
  }
}

function makeContext(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.imageSmoothingEnabled = false;
  return context;
}

/** Throw if a canvas does not give back the colors that were drawn on it, as it is where fingerprints are feared. */
function checkCanvas() {
  const colors = Array.from({ length: 16 }, (_, k) => [17 * k, (101 * k + 40) % 256, (255 - 59 * k) & 255]);
  const context = makeContext(colors.length, 1);
  colors.forEach((color, x) => {
    context.fillStyle = `rgb(${color.join(" ")})`;
    context.fillRect(x, 0, 1, 1);
  });
  const bytes = context.getImageData(0, 0, colors.length, 1).data;
  const off = colors.flatMap((color, x) => color.map((value, c) => Math.abs(value - bytes[4 * x + c])));
  if (Math.max(...off) > TRUSTED)
    throw new Error(
      "This browser hides what a picture holds (protection against fingerprinting). Allow canvas access for this " +
        "page, or use the book's pictures.",
    );
}
