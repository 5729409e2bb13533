"""Every page of the built book, as a reader meets it: offline, on a desk or a telephone, by keyboard or screen reader."""

from __future__ import annotations

from functools import cache

import pytest

pytestmark = pytest.mark.browser
SCREENS = {
    "light": (1280, "light"),
    "dark telephone": (360, "dark"),
    "dark": (1280, "dark"),
    "telephone": (360, "light"),
}
# Both widths and both schemes are seen in the first two; what goes wrong only where they cross is rare.
EACH_SCREEN = [*list(SCREENS)[:2], *(pytest.param(name, marks=pytest.mark.exhaustive) for name in list(SCREENS)[2:])]

OPEN_ALL = """async () => {
  document.querySelectorAll('article details').forEach((d) => { d.open = true; });
  const waiting = [...document.querySelectorAll('img[loading=lazy]')];
  waiting.forEach((i) => { i.loading = 'eager'; });
  await Promise.all(waiting.map((i) => i.decode().catch(() => null)));
}"""
CUT = """() => [...document.querySelectorAll('.cell_input pre')].filter((e) => e.scrollWidth > e.clientWidth + 1)
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
    drawn: document.querySelectorAll('main .math mjx-container').length,
    errors: [...document.querySelectorAll('mjx-merror, [data-mjx-error]')].map((e) => e.outerHTML.slice(0, 200)),
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
SHOWN = """(output) => [...output.querySelectorAll('img, canvas, figcaption, .widget-html-content, .progress-bar, svg')]
  .filter((e) => e.getClientRects().length)
  .map((e) => e.currentSrc || (e.toDataURL ? e.toDataURL() : e.outerHTML)).join('|')"""


@pytest.fixture(scope="session")  # a process is handed tests of several modules in turn
def look(visit, axe):
    """Look at a page on one screen, everything on it opened; each is looked at once for all tests."""

    @cache
    def looked(page: str, screen: str) -> dict:
        width, scheme = SCREENS[screen]
        with visit(page, width=width, scheme=scheme) as visited:
            here = visited.page
            here.evaluate(OPEN_ALL)
            here.wait_for_timeout(200)
            told = {
                "loaded": LOADED,
                "description": DESCRIPTION,
                "links": "() => [...document.links].map((a) => a.href)",
            }
            looks = {**told, "images": BAD_IMAGES, "math": MATH, "wide": TOO_WIDE, "cut": CUT, "repainted": REPAINTED}
            found = {name: here.evaluate(script) for name, script in looks.items()}
            here.evaluate(axe)
            barriers = here.evaluate(AXE)
            return {**found, "barriers": barriers, "unmarked": here.evaluate(UNMARKED), "problems": visited.problems}

    return looked


@pytest.mark.parametrize("screen", EACH_SCREEN)
def test_page_loads_without_errors_and_without_the_network(look, page, screen):
    assert look(page, screen)["problems"] == []


def test_pictures_load_and_say_what_they_show(look, page):
    assert look(page, "light")["images"] == []


def test_formulas_are_drawn(look, page):
    math = look(page, "light")["math"]
    assert math["errors"] == []
    assert math["drawn"] >= math["sources"]
    assert not math["raw"], "TeX is left as text"


@pytest.mark.parametrize("screen", EACH_SCREEN)
def test_nothing_is_wider_than_the_screen(look, page, screen):
    assert look(page, screen)["wide"] == []


@pytest.mark.parametrize("screen", EACH_SCREEN)
def test_no_code_is_cut_off(look, page, screen):
    assert look(page, screen)["cut"] == []


def test_pictures_look_in_the_dark_as_they_are(look, page):
    assert look(page, "dark telephone")["repainted"] == []


@pytest.mark.parametrize("screen", EACH_SCREEN)
def test_page_has_no_barriers(look, page, screen):
    assert look(page, screen)["barriers"] == []


@pytest.mark.parametrize("screen", EACH_SCREEN)
def test_who_goes_by_keys_sees_where(look, page, screen):
    assert look(page, screen)["unmarked"] == []


@pytest.mark.parametrize("some", ["book/intro", "book/07_gram"])
def test_nothing_moves_where_less_motion_is_asked_for(visit, some):
    with visit(some, reduced_motion="reduce") as visited:
        assert visited.page.evaluate(MOVING) == []


def test_every_control_changes_what_is_shown(visit, chapter):
    with visit(chapter) as visited:
        here = visited.page
        views = here.locator('script[type="application/vnd.jupyter.widget-view+json"]').count()
        outputs = here.locator(".cell_output").filter(has=here.locator(".jupyter-widgets")).all()
        assert bool(outputs) == bool(views), "widgets are in the page but were not drawn"
        for output in outputs:
            controls = output.locator(".noUi-handle, select, input:not([type=hidden]), button")
            assert controls.count() or not output.locator(".nst-explore").count()
            for index in range(controls.count()):
                control = controls.nth(index)
                if control.is_visible():
                    before = output.evaluate(SHOWN)
                    operate(control)
                    here.wait_for_timeout(250)
                    name = control.get_attribute("aria-label") or control.evaluate("(e) => e.outerHTML.slice(0, 120)")
                    assert output.evaluate(SHOWN) != before, f"a control that does nothing: {name}"
        assert visited.problems == []


def operate(control) -> None:
    """Move a control with the keyboard, as somebody without a mouse does."""
    kind = control.evaluate("(e) => e.tagName === 'INPUT' ? e.type : e.tagName.toLowerCase()")
    control.focus()
    if kind == "select":
        count, now = control.evaluate("(e) => [e.options.length, e.selectedIndex]")
        control.select_option(index=(now + 1) % count)
    elif kind in ("checkbox", "radio", "button"):
        control.press("Space")
    else:
        at_end = control.get_attribute("aria-valuenow") == control.get_attribute("aria-valuemax") is not None
        control.press("ArrowLeft" if at_end else "ArrowRight")


def test_quizzes_hints_and_solutions_open_with_the_keyboard(visit, chapter):
    with visit(chapter) as visited:
        for block in ("details.quiz-option", "details.exercise-hint", ".tag_exercise details"):
            first = visited.page.locator(block).first
            if not visited.page.locator(block).count():
                continue  # the first chapter has nothing to solve
            first.locator("summary").first.press("Enter")
            assert first.get_attribute("open") is not None, f"{block} stays closed"


LIGHT = 650  # kB of styles and scripts on every page, MathJax and what explorers need apart


def test_a_page_is_light(look, page):
    loaded = look(page, "light")["loaded"]
    names = " ".join(loaded)
    assert "fontawesome.js" not in names
    assert "searchindex" not in names or page == "search"
    own = {name: size for name, size in loaded.items() if "/_static/" in name and "/vendor/" not in name}
    assert sum(size for name, size in own.items() if "/explorers/" not in name) < 1000 * LIGHT, own


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


def test_search_finds_a_word_without_the_network(visit):
    with visit("search?q=image") as visited:
        visited.page.wait_for_selector("#search-results li", timeout=10_000)
        assert visited.problems == []
