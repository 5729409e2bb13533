// The search of the book. The index says which page holds which word how often; the texts that excerpts come from are loaded
// for the pages that are listed, a script each: so a book that lies in a folder is searched as one that is served.

const MOST = 6; // results of a group before one asks for more
const AROUND = 200; // characters of an excerpt
const texts = new Map(); // of pages: promise, and what fulfills it
let index = null;

// --- words -----------------------------------------------------------------------------------------------------------

const split = (text) =>
  text
    .toLowerCase()
    .split(/[^\p{Letter}\p{Number}_]+/u)
    .filter(Boolean);
const stemmer = new Stemmer();

/** Return what a query asks for: its words that count, and their stems. */
function readQuery(query) {
  const asked = split(query).filter((word) => word.length > 1);
  const counting = asked.filter((word) => !stopwords.includes(word));
  const words = counting.length ? counting : asked;
  return { query, words, stems: words.map((word) => stemmer.stemWord(word)) };
}

/** Return how much each page has of a stem; words that only begin with it count less. */
function pagesOf(stem) {
  const found = new Map();
  const add = (postings, weight) => {
    for (let i = 0; i < postings.length; i += 2)
      found.set(postings[i], (found.get(postings[i]) ?? 0) + weight * postings[i + 1]);
  };
  if (Object.hasOwn(index.words, stem)) add(index.words[stem], 1);
  if (stem.length > 2)
    for (const [word, postings] of Object.entries(index.words))
      if (word !== stem && word.startsWith(stem)) add(postings, 0.5);
  return found;
}

/** Return the pages that hold all of the stems, or any of them if none holds all; best first (BM25). */
function rankPages({ stems }) {
  const lists = stems.map(pagesOf);
  const mean = index.pages.reduce((sum, page) => sum + page[3], 0) / index.pages.length;
  const worth = (list, page) => {
    const count = list.get(page) ?? 0;
    const rare = Math.log(1 + (index.pages.length - list.size + 0.5) / (list.size + 0.5));
    return (rare * count * 2.5) / (count + 1.5 * (0.5 + (0.5 * index.pages[page][3]) / mean));
  };
  const any = [...new Set(lists.flatMap((list) => [...list.keys()]))];
  const all = any.filter((page) => lists.every((list) => list.has(page)));
  const score = (page) => lists.reduce((sum, list) => sum + worth(list, page), 0);
  const ranked = (all.length ? all : any).map((page) => ({ page, score: score(page) }));
  return ranked.sort((a, b) => b.score - a.score || a.page - b.page).map(({ page }) => page);
}

const holds = (text, words) => words.every((word) => text.toLowerCase().includes(word));

/** Return exercises by their names and titles; one whose name was typed comes first. */
function findExercises({ words }) {
  const typed = words.join("_");
  const found = index.exercises.filter(([name, title]) => holds(`${name} ${title}`, words));
  return found.sort((a, b) => (b[0] === typed) - (a[0] === typed));
}

/** Return modules, and functions and classes, by their names: those with the very name, modules, the others. */
function findNames({ words }) {
  const typed = words.join("_");
  const found = [];
  for (const [page, title, names] of index.modules) {
    const module = title.split(":")[0];
    if (holds(title, words)) found.push({ page, title, anchor: "", rank: module.endsWith(`.${typed}`) ? 0 : 2 });
    for (const name of names) {
      const last = name.slice(module.length + 1);
      const rank = last.toLowerCase() === typed ? 1 : 3;
      if (holds(last, words)) found.push({ page, title: name, anchor: `#${name}`, rank });
    }
  }
  return found.sort((a, b) => a.rank - b.rank);
}

// --- excerpts --------------------------------------------------------------------------------------------------------

/** Load a script that lies beside this one. */
function load(name, onerror = null) {
  const src = `${document.documentElement.dataset.content_root}_static/find/${name}.js`;
  document.head.append(Object.assign(document.createElement("script"), { src, onerror }));
}

/** Load the sections of a page, once. */
function textOf(page) {
  if (!texts.has(page)) {
    const waiting = {};
    waiting.promise = new Promise((done) => {
      waiting.done = done;
    });
    texts.set(page, waiting);
    load(page, () => waiting.done([]));
  }
  return texts.get(page).promise;
}

const escaped = (stem) => stem.replace(/i$/, "[iy]"); // the stem of "happy" is "happi"
const pattern = (stems) =>
  new RegExp(`(?<![\\p{Letter}\\p{Number}])(?:${stems.map(escaped).join("|")})[\\p{Letter}]*`, "giu");

/** Return the section of a page that says most of what is asked for. */
function bestSection(sections, stems) {
  const worth = ([anchor, title, text], number) => {
    const each = (stem) =>
      Math.min(4, [...text.matchAll(pattern([stem]))].length) + (number && pattern([stem]).test(title) ? 4 : 0);
    const all = stems.reduce((sum, stem) => sum + each(stem) + (each(stem) ? 6 : 0), 0); // rather all words than one often
    return anchor.startsWith("exercise-") ? all / 4 : all; // exercises are a group of their own
  };
  const scores = sections.map(worth);
  return sections[scores.indexOf(Math.max(...scores))];
}

/** Return where in a text an excerpt begins and ends: whole words around the place with most of the stems. */
function placeOf(text, stems) {
  const hits = [...text.matchAll(pattern(stems))];
  const within = (hit) => hits.filter(({ index: at }) => at >= hit.index && at < hit.index + AROUND - 60);
  const near = (hit) => stems.filter((stem) => within(hit).some(([word]) => pattern([stem]).test(word))).length;
  const best = hits.reduce((chosen, hit) => (chosen && near(chosen) >= near(hit) ? chosen : hit), null);
  const from = Math.max(0, (best?.index ?? 0) - 60);
  const start = from ? text.indexOf(" ", from) + 1 : 0;
  const end = start + AROUND < text.length ? text.lastIndexOf(" ", start + AROUND) : text.length;
  return [start, end];
}

/** Return an excerpt as a paragraph, what is asked for marked. */
function excerpt(text, stems) {
  const [start, end] = placeOf(text, stems);
  const part = text.slice(start, end).replace(/^[…\s.,;:]+/, "");
  const line = element("p", { className: "search-excerpt" }, start ? "… " : "");
  let seen = 0;
  for (const hit of part.matchAll(pattern(stems))) {
    line.append(part.slice(seen, hit.index), element("mark", {}, hit[0]));
    seen = hit.index + hit[0].length;
  }
  line.append(part.slice(seen), end < text.length ? " …" : "");
  return line;
}

// --- what is seen ----------------------------------------------------------------------------------------------------

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

const address = (page, anchor = "") => `${document.documentElement.dataset.content_root}${page}.html${anchor}`;
const link = (title, page, anchor) => element("a", { href: address(page, anchor) }, title);

/** Draw a page; its excerpt follows when its text is there. */
function drawPage(page, asked) {
  const [name, title] = index.pages[page];
  const item = element("li", {}, link(title, name));
  textOf(page).then((sections) => {
    if (!sections.length) return;
    const [anchor, heading, text] = bestSection(sections, asked.stems);
    if (heading !== title)
      item.append(element("p", { className: "search-section" }, link(heading, name, `#${anchor}`)));
    item.append(excerpt(text, asked.stems));
  });
  return item;
}

const drawExercise = ([name, title, page, anchor]) =>
  element("li", {}, link(element("code", {}, name), page, `#${anchor}`), `: ${title}`);
const drawName = ({ title, page, anchor }) => element("li", {}, link(title, page, anchor));

/** Draw a group of results, the first of them at once. */
function drawGroup(title, found, draw) {
  const list = element("ol", { className: "search-list" });
  const group = element(
    "section",
    { className: "search-group" },
    element("h2", {}, `${title} (${found.length})`),
    list,
  );
  list.append(...found.slice(0, MOST).map(draw));
  const rest = found.slice(MOST);
  if (rest.length) {
    const more = element("button", { type: "button", className: "search-more" }, `Show ${rest.length} more`);
    more.onclick = () => {
      const items = rest.map(draw);
      list.append(...items);
      more.remove();
      items[0].querySelector("a").focus();
    };
    group.append(more);
  }
  return group;
}

function show(query) {
  const asked = readQuery(query);
  const box = document.getElementById("search-results");
  const told = box.querySelector("[role=status]");
  if (!asked.words.length) return;
  const pages = rankPages(asked);
  const groups = [
    ["Chapters", pages.filter((page) => index.pages[page][2] === 0), (page) => drawPage(page, asked)],
    ["Exercises", findExercises(asked), drawExercise],
    ["Other pages", pages.filter((page) => index.pages[page][2] === 1), (page) => drawPage(page, asked)],
    ["The library", findNames(asked), drawName],
  ].filter(([, found]) => found.length);
  const count = groups.reduce((sum, [, found]) => sum + found.length, 0);
  told.textContent = count
    ? `${count} ${count === 1 ? "result" : "results"} for “${query}”.`
    : `Nothing is found for “${query}”. A shorter word, or another one, may do.`;
  box.append(...groups.map((group) => drawGroup(...group)));
}

/** What the index and the texts hand themselves over to. */
window.courseSearch = {
  setText: (page, sections) => texts.get(page)?.done(sections),
  setIndex: (made) => {
    index = made;
    show(asked);
  },
};

const asked = (new URLSearchParams(location.search).get("q") ?? "").trim();
const field = document.querySelector(".bd-search-container input[name=q]");
if (field) field.value = asked;
if (asked) load("index");
else field?.focus();
