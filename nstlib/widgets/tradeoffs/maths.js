// The numbers of a study: fronts, areas, and methods compared at the same style.
//
// Pure functions, the twins of nstlib.metrics and nstlib.apps.study.analysis.

/** Return which points [x, y] no other one dominates; less is better in both. Of equal points all count. */
export function paretoFront(points) {
  return points.map(
    (one) =>
      !points.some((other) => other[0] <= one[0] && other[1] <= one[1] && (other[0] < one[0] || other[1] < one[1])),
  );
}

/** Return the area that points [x, y] dominate, up to the corner [right, top]. */
export function hypervolume(points, [right, top]) {
  const inside = points.filter(([x, y]) => x < right && y < top).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let [area, lowest] = [0, top];
  for (const [x, y] of inside) {
    if (y >= lowest) continue;
    area += (right - x) * (lowest - y);
    lowest = y;
  }
  return area;
}

/**
 * Return a curve's content at a style distance, straight over the logarithm between its points; NaN beyond its ends.
 */
export function contentAtStyle(styles, contents, at) {
  const order = styles.map((_, k) => k).sort((a, b) => styles[a] - styles[b] || a - b);
  const last = order.length - 1;
  if (last < 0 || !(styles[order[0]] <= at && at <= styles[order[last]])) return NaN;
  let k = last;
  while (styles[order[k]] > at) k -= 1;
  const [x, y] = [styles, contents].map((values) => values[order[k]]);
  if (k === last || x === at) return y;
  const [x2, y2] = [styles, contents].map((values) => values[order[k + 1]]);
  return y + ((Math.log(at) - Math.log(x)) / (Math.log(x2) - Math.log(x))) * (y2 - y);
}

/** Return how much content a curve has over another at the same style, on average where both reach; NaN if nowhere. */
export function matchedStyleDifference(styles, contents, baseStyles, baseContents, levels = 9) {
  const low = Math.max(Math.min(...styles), Math.min(...baseStyles));
  const high = Math.min(Math.max(...styles), Math.max(...baseStyles));
  if (!styles.length || !baseStyles.length || low > high) return NaN;
  let sum = 0;
  for (let k = 0; k < levels; k += 1) {
    const wanted = low * (high / low) ** (levels > 1 ? k / (levels - 1) : 0);
    const at = Math.min(high, Math.max(low, wanted)); // rounding must not carry it beyond a curve's end
    sum += contentAtStyle(styles, contents, at) - contentAtStyle(baseStyles, baseContents, at);
  }
  return sum / levels;
}

/** Return the mean of the numbers among values, and how many they are. */
export function meanOf(values) {
  const found = values.filter(Number.isFinite);
  return { mean: found.reduce((a, b) => a + b, 0) / found.length, count: found.length };
}

/**
 * Return the dots of a method: { weight, x, y }, by weight. `rows` are { content, style, method, weight, values }; `by`
 * and `measure` are places in values. `pair` is [content, style], or null for means over pairs, over the logarithm for
 * styles.
 */
export function curveOf(rows, method, by, measure, pair) {
  const found = rows.filter(
    (one) =>
      one.method === method &&
      Number.isFinite(one.values[by]) &&
      Number.isFinite(one.values[measure]) &&
      (!pair || (one.content === pair[0] && one.style === pair[1])),
  );
  const weights = [...new Set(found.map((one) => one.weight))].sort((a, b) => a - b);
  return weights.map((weight) => {
    const same = found.filter((one) => one.weight === weight);
    const x = Math.exp(meanOf(same.map((one) => Math.log(one.values[by]))).mean);
    return {
      weight,
      x: same.length > 1 ? x : same[0].values[by],
      y: meanOf(same.map((one) => one.values[measure])).mean,
      pairs: same.length,
    };
  });
}

/**
 * Return the mean matched difference of two methods: on one pair, or over all pairs on which both reach a common style.
 */
export function differenceOf(rows, method, baseline, by, measure, pairs) {
  return meanOf(
    pairs.map((pair) => {
      const [one, other] = [method, baseline].map((name) => curveOf(rows, name, by, measure, pair));
      return matchedStyleDifference(
        one.map((dot) => dot.x),
        one.map((dot) => dot.y),
        other.map((dot) => dot.x),
        other.map((dot) => dot.y),
      );
    }),
  );
}
