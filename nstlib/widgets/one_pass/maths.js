// What the one-pass explorer computes by itself: which styles are mixed, a fade, and how fast pictures come.

const PAUSE = 600; // milliseconds without a picture end a row of them
const WINDOW = 2000; // milliseconds over which the speed is counted

/** Return how much of which style is wanted: of the second its share, the rest of the first. */
export function amountsOf({ style, second, share }) {
  if (share <= 0 || style === second) return { [style]: 1 };
  if (share >= 1) return { [second]: 1 };
  return { [style]: 1 - share, [second]: share };
}

/** Return numbers on the way from a photo's to a painting's. */
export function faded(photo, painting, strength) {
  if (strength === 1) return painting;
  return Float32Array.from(photo, (value, i) => value + strength * (painting[i] - value));
}

/** A memory of when pictures came. Handle: { note(now), rate(now) }; the rate is 0 unless several came in a row. */
export function pace() {
  let times = [];
  return {
    note(now) {
      if (now - times.at(-1) > PAUSE) times = [];
      times = [...times.filter((time) => now - time < WINDOW), now];
    },
    rate(now) {
      if (times.length < 4 || now - times.at(-1) > PAUSE) return 0;
      return (1000 * (times.length - 1)) / (times.at(-1) - times[0]);
    },
  };
}

/** Return RGBA bytes of two pictures of one size: the first up to a column, the second from there on. */
export function divided(left, right, width, column) {
  const bytes = new Uint8ClampedArray(right);
  for (let start = 0; start < bytes.length; start += 4 * width) {
    bytes.set(left.subarray(start, start + 4 * column), start);
  }
  return bytes;
}
