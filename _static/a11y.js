// Names for what the theme leaves without one (checked with axe-core).
document.addEventListener("DOMContentLoaded", () => {
  const all = (selector, act) => document.querySelectorAll(selector).forEach(act);

  all("button.search-button-field", (b) => b.setAttribute("aria-label", b.textContent.replace(/\s+/g, " ").trim()));
  // Font Awesome turns <i title> into <svg><title>; the button already has its name.
  all("button.theme-switch-button", (b) => {
    const hide = () =>
      b.querySelectorAll("i, svg").forEach((e) => {
        ["title", "role", "aria-labelledby"].forEach((a) => e.removeAttribute(a));
        e.setAttribute("aria-hidden", "true");
        e.querySelectorAll("title").forEach((t) => t.remove());
      });
    hide();
    new MutationObserver(hide).observe(b, { childList: true, subtree: true });
  });
  all("details.hide > summary[aria-label]", (e) => e.removeAttribute("aria-label"));
  // The arrow that folds a part of the list of pages out.
  all(".bd-sidebar-primary li.has-children > details > summary", (e) => {
    const name = e.closest("li").querySelector("a")?.textContent.trim();
    e.setAttribute("aria-label", `Pages below ${name}`);
  });
  // The roles promise a list that the markup does not have.
  all(".citation-list[role], .citation[role]", (e) => e.removeAttribute("role"));
  const side = document.querySelector(".bd-sidebar-primary");
  if (side && !side.getAttribute("role")) {
    side.setAttribute("role", "complementary");
    side.setAttribute("aria-label", "Book");
  }
  // What scrolls sideways must be reachable with the keyboard.
  const reachable = () =>
    all("div.math, .cell_output .output, .pst-scrollable-table-container, pre", (e) => {
      if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible")
        e.setAttribute("tabindex", "0");
    });
  window.addEventListener("load", () => setTimeout(reachable, 500));
  window.addEventListener("resize", reachable);
});
