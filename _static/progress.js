// Which chapters were read to their recap: kept in this browser, shown in the list of chapters and on the map.
document.addEventListener("DOMContentLoaded", () => {
  const KEY = "nst-course-read";
  const load = () => {
    try {
      return new Set(JSON.parse(localStorage.getItem(KEY)) ?? []);
    } catch {
      return new Set(); // no storage, or somebody else's content in it
    }
  };
  const chapter = (address) => address.match(/\/(\d\d_\w+)\.html(?:$|[?#])/)?.[1];
  const read = load();
  const show = () => {
    for (const link of document.querySelectorAll(".bd-sidebar-primary a[href], .course-card-title a[href]")) {
      const done = read.has(chapter(link.href));
      link.classList.toggle("is-read", done);
      link.closest(".course-card")?.classList.toggle("is-read", done);
    }
  };
  show();

  const here = chapter(location.href);
  const end = document.querySelector("section#recap");
  if (!here || !end || read.has(here)) return;
  new IntersectionObserver((seen, watcher) => {
    if (!seen.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    read.add(here);
    try {
      localStorage.setItem(KEY, JSON.stringify([...load(), here]));
    } catch {
      return; // shown on this page only
    }
    show();
  }).observe(end);
});
