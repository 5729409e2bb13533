"""Every page of the built book, as a reader meets it: offline, on a desk or a telephone, by keyboard or screen reader."""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache
from urllib.parse import quote

import pytest
from conftest import SCREENS, chapters, toc_pages
from sampling import one_in

pytestmark = pytest.mark.browser

LOAD_PICTURES = """async () => {
  const waiting = [...document.querySelectorAll('img[loading=lazy]')];
  waiting.forEach((i) => { i.loading = 'eager'; });
  await Promise.all(waiting.map((i) => i.decode().catch(() => null)));
}"""
OPEN_ALL = "() => document.querySelectorAll('article details').forEach((d) => { d.open = true; })"
# The longest way between two things to look at, with what is folded left folded, and the heading before it.
STRETCH = """() => {
  const y = (e) => e.getBoundingClientRect();
  const shown = [...document.querySelectorAll('article :is(img, svg, table, canvas, [data-explorer], .before-after)')]
    .map(y).filter((r) => r.width > 120 && r.height > 60).sort((a, b) => a.top - b.top);
  const all = y(document.querySelector('article') ?? document.body);
  const heads = [...document.querySelectorAll('article :is(h1, h2, h3)')];
  let [at, longest, where] = [all.top, 0, ''];
  for (const r of [...shown, { top: all.bottom, bottom: all.bottom }]) {
    if (r.top - at > longest) {
      longest = r.top - at;
      where = heads.filter((h) => y(h).top <= at + 1).pop()?.textContent ?? '';
    }
    at = Math.max(at, r.bottom);
  }
  return [Math.round(longest), where];
}"""
CUT = """() => [...document.querySelectorAll('.bd-article pre')].filter((e) => e.scrollWidth > e.clientWidth + 1)
  .map((e) => e.textContent.slice(0, 60))"""
REPAINTED = """() => [...document.querySelectorAll('.bd-article img')].filter((i) => {
  const style = getComputedStyle(i);
  return style.filter !== 'none' || parseFloat(style.padding) > 0;
}).map((i) => (i.getAttribute('src') || '').slice(0, 80))"""
BAD_IMAGES = """() => [...document.querySelectorAll('main img')].flatMap((i) => {
  const name = (i.getAttribute('src') || '').slice(0, 80);
  if (!i.complete || !i.naturalWidth) return [`does not load: ${name}`];
  return i.alt.trim() || i.closest('[aria-hidden=true]') ? [] : [`has no alt text: ${name}`];
})"""
MATH = """() => {
  const text = document.querySelector('main').cloneNode(true);
  text.querySelectorAll('pre, code, script').forEach((e) => e.remove());
  return {
    sources: document.querySelectorAll('main .math').length,
    drawn: [...document.querySelectorAll('main .math .katex-html')].filter((e) => e.getBoundingClientRect().width).length,
    spoken: document.querySelectorAll('main .math math annotation').length,
    errors: [...document.querySelectorAll('.katex-error')].map((e) => e.outerHTML.slice(0, 200)),
    fonts: [...document.fonts].filter((f) => f.family.startsWith('KaTeX') && f.status === 'error').length,
    raw: /\\\\[(\\[]/.test(text.textContent),
  };
}"""
TOO_WIDE = """() => {
  const limit = document.documentElement.clientWidth;
  const scrolls = (e) => { for (; e; e = e.parentElement)
    if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(e).overflowX) && e !== document.body
        && e.getBoundingClientRect().right <= limit + 1) return true; return false; };
  const found = [...document.querySelectorAll('article *')].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width && box.right > limit + 1 && getComputedStyle(e).position !== 'fixed' && !scrolls(e.parentElement);
  }).map((e) => {
    const right = Math.round(e.getBoundingClientRect().right);
    return `${e.tagName}.${e.className} ends at ${right} px: ${e.textContent.trim().slice(0, 60)}`;
  });
  const width = document.documentElement.scrollWidth;
  if (width > limit) found.unshift(`the page is ${width} px wide`);
  return found.slice(0, 8);
}"""
# What takes the focus of the keys and is not marked then, neither itself nor what is right around it.
UNMARKED = """() => {
  const look = (e) => [getComputedStyle(e).boxShadow, getComputedStyle(e).backgroundColor].join();
  const outlined = (e) => [e, e.parentElement, e.parentElement?.parentElement].filter(Boolean).some((one) => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
  });
  const all = document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]');
  return [...all].filter((e) => {
    if (e.disabled || e.tabIndex < 0 || !e.getClientRects().length) return false;
    const before = look(e);
    e.focus({ focusVisible: true, preventScroll: true });
    return document.activeElement === e && !outlined(e) && look(e) === before;
  }).map((e) => e.outerHTML.slice(0, 120)).slice(0, 5);
}"""
MOVING = """() => [...document.querySelectorAll('*')].filter((e) => {
  const style = getComputedStyle(e);
  const longest = (text) => Math.max(...text.split(',').map(parseFloat));
  return longest(style.transitionDuration) > 0.05 || (longest(style.animationDuration) > 0.05)
    || style.scrollBehavior === 'smooth';
}).map((e) => `${e.tagName}.${e.className}`).slice(0, 5)"""
LOADED = """() => Object.fromEntries(
  performance.getEntriesByType('resource').map((e) => [e.name, e.decodedBodySize]))"""
DESCRIPTION = "() => document.querySelector('meta[name=description]')?.content ?? ''"
AXE = """async () => {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];
  const result = await axe.run(document, { runOnly: tags });
  const why = (n) => [...n.any, ...n.all, ...n.none].map((c) => c.message).join('; ').slice(0, 200);
  const where = (v) => v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} | ${why(n)}`).join(' || ');
  return result.violations.map((v) => `${v.id} (${v.impact}): ${where(v)}`);
}"""
FEW_SCREENS = 2 * 900  # pixels of a laptop's screens without a picture, a table or an explorer


@pytest.fixture(scope="session")  # a process is handed tests of several modules in turn
def look(visit, axe):
    """Look at a page on one screen, everything on it opened; each is looked at once for all tests."""

    @cache
    def looked(page: str, screen: str) -> dict:
        width, scheme = SCREENS[screen]
        with visit(page, width=width, scheme=scheme) as visited:
            here = visited.page
            here.evaluate(LOAD_PICTURES)
            stretch = here.evaluate(STRETCH)
            here.evaluate(OPEN_ALL)
            here.wait_for_timeout(200)
            told = {
                "dead": "() => document.querySelectorAll('[type=\"application/vnd.jupyter.widget-view+json\"]').length",
                "loaded": LOADED,
                "description": DESCRIPTION,
                "links": "() => [...document.links].map((a) => a.href)",
            }
            looks = {**told, "images": BAD_IMAGES, "math": MATH, "wide": TOO_WIDE, "cut": CUT, "repainted": REPAINTED}
            found = {"stretch": stretch, **{name: here.evaluate(script) for name, script in looks.items()}}
            here.evaluate(axe)
            barriers = here.evaluate(AXE)
            return {**found, "barriers": barriers, "unmarked": here.evaluate(UNMARKED), "problems": visited.problems}

    return looked


def test_page_loads_without_errors_and_without_the_network(look, page, screen):
    assert look(page, screen)["problems"] == []


def test_pictures_load_and_say_what_they_show(look, page):
    assert look(page, "light")["images"] == []


def test_formulas_are_drawn(look, page):
    math = look(page, "light")["math"]
    assert math["errors"] == []
    assert math["drawn"] == math["spoken"] == math["sources"]
    assert not math["fonts"], "a font of formulas does not load"
    assert not math["raw"], "TeX is left as text"


def test_nothing_is_wider_than_the_screen(look, page, screen):
    assert look(page, screen)["wide"] == []


def test_no_code_is_cut_off(look, page, screen):
    assert look(page, screen)["cut"] == []


def test_there_is_something_to_look_at_in_every_few_screens(look, chapter):
    longest, heading = look(chapter, "light")["stretch"]
    assert longest <= FEW_SCREENS, f"{longest} px of text and code from {heading!r} on"


@pytest.mark.parametrize("some", one_in(4, toc_pages()))
def test_pictures_look_in_the_dark_as_they_are(look, some):
    assert look(some, "dark telephone")["repainted"] == []


def test_page_has_no_barriers(look, page, screen):
    assert look(page, screen)["barriers"] == []


def test_no_page_holds_a_widget_that_only_a_kernel_could_move(look, page):
    assert not look(page, "light")["dead"]


def test_who_goes_by_keys_sees_where(look, page, screen):
    assert look(page, screen)["unmarked"] == []


@pytest.mark.parametrize("some", ["book/intro", "book/07_gram"])
def test_nothing_moves_where_less_motion_is_asked_for(visit, some):
    with visit(some, reduced_motion="reduce") as visited:
        assert visited.page.evaluate(MOVING) == []


@pytest.mark.parametrize("some", one_in(5, chapters()))
def test_quizzes_hints_and_solutions_open_with_the_keyboard(visit, some):
    with visit(some) as visited:
        for block in ("details.quiz-option", "details.exercise-hint", ".tag_exercise details"):
            first = visited.page.locator(block).first
            if not visited.page.locator(block).count():
                continue  # the first chapter has nothing to solve
            first.locator("summary").first.press("Enter")
            assert first.get_attribute("open") is not None, f"{block} stays closed"


LIGHT = 360  # kB of styles and scripts on every page, what explorers need apart
COLD = {"book/intro": 620}  # kB of a page that nobody has been to, uncompressed, before an explorer is begun
COLD_CHAPTER = 950


def test_a_page_is_light(look, page):
    loaded = look(page, "light")["loaded"]
    names = " ".join(loaded)
    assert "fontawesome.js" not in names
    assert "searchindex" not in names or page == "search"
    own = {name: size for name, size in loaded.items() if "/_static/" in name and "/vendor/" not in name}
    chrome = {name: size for name, size in own.items() if not re.search("/(explorers|held|layers)/", name)}
    assert sum(chrome.values()) < 1000 * LIGHT, chrome


@pytest.mark.parametrize("some", one_in(5, ["book/intro", *chapters()]))
def test_a_page_that_is_only_opened_loads_little_and_nothing_of_its_explorers(visit, some):
    with visit(some, start=False) as visited:
        visited.page.wait_for_timeout(500)
        loaded = visited.page.evaluate(LOADED)
        page = visited.page.evaluate("() => performance.getEntriesByType('navigation')[0].decodedBodySize")
        begun = visited.page.locator(".nst-page[data-live]").count()
        assert begun == 0
        assert [name for name in loaded if re.search(r"/held/.*\.json|_static/layers/|\.onnx|\.wasm", name)] == []
        assert page + sum(loaded.values()) < 1000 * COLD.get(some, COLD_CHAPTER), sorted(loaded.items())


def test_an_explorer_begins_when_it_comes_near_and_not_before(visit):
    with visit("book/03_features", start=False) as visited:
        place = visited.page.locator(".nst-page")
        assert place.get_attribute("data-live") is None
        assert place.locator(".nst-still img").get_attribute("alt")
        visited.page.mouse.wheel(0, 100)
        place.locator(".nst-still").scroll_into_view_if_needed()
        visited.page.locator(".nst-page[data-live=yes]").wait_for()
        assert visited.problems == []


def test_what_an_explorer_begins_with_can_be_fetched_again(visit):
    with visit("book/03_features", start=False) as visited:
        visited.page.route("**/held/*.json", lambda route: route.abort())
        place = visited.page.locator(".nst-page")
        place.locator(".nst-still").scroll_into_view_if_needed()
        again = place.get_by_role("button", name="Load the explorer again")
        again.wait_for()
        assert place.locator(".nst-still").is_visible()
        visited.page.unroute("**/held/*.json")
        again.click()
        visited.page.locator(".nst-page[data-live=yes] .nst-explorer").wait_for()
        assert place.locator(".nst-still").is_hidden()
        assert again.count() == 0


def test_a_page_says_what_it_is_about(look, page):
    made_by_sphinx = page in ("search", "genindex", "py-modindex")
    assert made_by_sphinx or len(look(page, "light")["description"]) > 20


def test_the_divider_of_the_first_page_follows_the_mouse_and_the_keys(visit):
    at = "(box) => getComputedStyle(box).getPropertyValue('--at')"
    with visit("book/intro") as visited:
        box = visited.page.locator(".before-after")
        frame = box.bounding_box()
        visited.page.mouse.move(frame["x"] + frame["width"] / 4, frame["y"] + 50)
        assert box.evaluate(at) == "25%"
        box.locator("input").press("ArrowRight")
        assert box.evaluate(at) == "26%"
        before, after = box.locator("img").all()
        assert before.bounding_box() == after.bounding_box(), "the two lie on each other"


def test_a_chapter_that_was_read_to_its_recap_is_ticked(visit):
    with visit("book/12_frequency") as visited:
        here, mark = visited.page, ".bd-sidebar-primary a.is-read"
        assert here.locator(mark).count() == 0
        here.locator("section#recap").scroll_into_view_if_needed()
        here.locator(mark).first.wait_for()
        assert "12" in here.locator(mark).first.inner_text()
        here.goto(here.url.replace("12_frequency", "intro"))
        assert here.locator(".course-card.is-read .course-card-title").all_inner_texts()[0].startswith("12")


def test_nothing_leads_to_an_address_that_nobody_has_set(look, page):
    """The course is shipped with a placeholder; a button to it would be a dead one."""
    assert [link for link in look(page, "light")["links"] if "example/nst-course" in link] == []


GROUPS = "() => [...document.querySelectorAll('#search-results h2')].map((e) => e.textContent.replace(/ \\(.*/, ''))"
FOUND = 600  # kB that a query loads, the page itself apart; before, the pages of all hits: 7600


@pytest.fixture
def asking(visit):
    """Ask the search of the book, and wait until its excerpts are there."""

    @contextmanager
    def asked(query: str):
        with visit(f"search?q={quote(query)}") as visited:
            visited.page.wait_for_selector("#search-results li", timeout=10_000)
            visited.page.wait_for_timeout(500)
            yield visited

    return asked


def first_of(visited, group: str) -> list[str]:
    """Return the titles of the results that a group shows."""
    return visited.page.locator(f"#search-results section:has(h2:text('{group}')) li > a").all_inner_texts()


@pytest.mark.parametrize(
    ("query", "number"), [("gram", "07"), ("style loss", "09"), ("phase", "23"), ("DeepDream", "15")]
)
def test_a_search_finds_the_chapter_first_and_the_library_last(asking, query, number):
    with asking(query) as visited:
        groups = visited.page.evaluate(GROUPS)
        assert visited.page.locator("#search-results h2").first.is_visible()
        assert groups[0] == "Chapters"
        assert "The library" not in groups[:-1]
        assert number in [title[:2] for title in first_of(visited, "Chapters")[:3]]
        assert visited.problems == []


def test_a_search_loads_texts_not_pages(asking):
    with asking("gram") as visited:
        loaded = visited.page.evaluate(LOADED)
        assert [name for name in loaded if name.endswith(".html") or "searchindex" in name] == []
        assert sum(size for name, size in loaded.items() if "/find/" in name) < 1000 * FOUND


def test_an_excerpt_shows_the_words_in_their_sentence_and_leads_to_their_section(asking):
    with asking("shuffle positions") as visited:
        first = visited.page.locator("#search-results li").first
        marked = " ".join(first.locator("mark").all_inner_texts()).lower()
        assert "shuffl" in marked
        assert "position" in marked
        assert len(first.locator(".search-excerpt").inner_text()) > 60
        first.locator(".search-section a").click()
        visited.page.wait_for_load_state()
        assert "#" in visited.page.url
        assert visited.page.locator(visited.page.url.partition("#")[2].join(("[id='", "']"))).count() == 1


def test_more_results_come_when_one_asks_and_the_keyboard_goes_on_there(asking):
    with asking("style") as visited:
        group = visited.page.locator("#search-results section").first
        shown = group.locator("li").count()
        group.locator("button").press("Enter")
        assert group.locator("li").count() > shown
        assert group.locator("li").nth(shown).locator("a").first.evaluate("(e) => e === document.activeElement")


def test_a_search_that_finds_nothing_says_so(visit):
    with visit("search?q=qqqzzz") as visited:
        assert "Nothing is found for “qqqzzz”" in visited.page.locator("#search-results [role=status]").inner_text()


def test_what_is_found_has_no_barriers(asking, axe):
    with asking("gram") as visited:
        visited.page.evaluate(axe)
        assert visited.page.evaluate(AXE) == []


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("book/api.html#module-nstlib.gram", "book/api/gram.html#module-nstlib.gram"),
        ("book/api.html#nstlib.gram.gram_matrix", "book/api/gram.html#nstlib.gram.gram_matrix"),
        (
            "book/api_inside.html#module-nstlib.engine.tiles",
            "book/api_inside/engine.tiles.html#module-nstlib.engine.tiles",
        ),
    ],
)
def test_an_address_within_the_long_page_leads_to_the_modules_own(visit, site, before, now):
    with visit("book/intro") as visited:
        visited.page.goto(f"{site}/{before}")
        visited.page.wait_for_url(f"{site}/{now}")
        # The page that leads on may still have been loading its icons.
        assert [problem for problem in visited.problems if "ERR_ABORTED" not in problem] == []


def test_the_list_of_pages_names_modules_only_within_the_reference(visit):
    modules = ".bd-sidebar-primary a[href$='gram.html']:text-is('gram')"
    for page, count in (("book/07_gram", 0), ("book/api", 1), ("book/api/images", 1)):
        with visit(page) as visited:
            assert visited.page.locator(modules).count() == count, page
