// The contents beside the report tell which section is being read.

const links = new Map(
  [...document.querySelectorAll(".report-contents a")].map((link) => [
    (link.getAttribute("href") || "").slice(1),
    link,
  ]),
);
const sections = [...links.keys()].flatMap((key) => document.getElementById(key) || []);

function mark() {
  const line = window.innerHeight / 4;
  const above = sections.filter((section) => section.getBoundingClientRect().top <= line);
  const current = above.length ? above[above.length - 1] : sections[0];
  links.forEach((link, key) => {
    if (key !== current?.id) return link.removeAttribute("aria-current");
    if (link.hasAttribute("aria-current")) return;
    link.setAttribute("aria-current", "location");
    keepInView(link);
  });
}

/** Scroll the contents alone: the page is where the reader wants it. @param {Element} link */
function keepInView(link) {
  const frame = link.closest(".report-contents");
  if (!frame || frame.scrollHeight <= frame.clientHeight) return;
  const [outer, inner] = [frame.getBoundingClientRect(), link.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) {
    frame.scrollTop += inner.top - outer.top - outer.height / 3;
  }
}

let waiting = false;
function soon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    mark();
  });
}

document.addEventListener("scroll", soon, { passive: true });
window.addEventListener("resize", soon);
mark();
