// Values of a figure's marks: shown at once on hover and touch, and with the arrow keys.

const REACH = 6;
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

const tip = document.createElement("div");
tip.className = "figure-tip";
tip.setAttribute("role", "status");
tip.hidden = true;

/** @type {Element | null} */
let shown = null;
const words = new WeakMap();

/**
 * Take over what the browser would show late and without the keyboard.
 * @param {HTMLElement} plot
 */
function adopt(plot) {
  const svg = plot.querySelector("svg");
  if (!svg) return;
  const name = svg.querySelector(":scope > title");
  if (name) {
    // Kept as its name, but no longer shown over every mark.
    svg.setAttribute("aria-label", name.textContent || "");
    svg.setAttribute("aria-describedby", svg.querySelector(":scope > desc")?.id || "");
    svg.removeAttribute("aria-labelledby");
    name.remove();
  }
  const marks = [...svg.querySelectorAll("title")].map((title) => {
    const mark = /** @type {Element} */ (title.parentElement);
    words.set(mark, title.textContent || "");
    title.remove();
    return mark;
  });
  if (!marks.length) return;
  plot.tabIndex = 0;
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", "Values of the figure: go through them with the arrow keys");
  plot.addEventListener("pointermove", (event) => show(markAt(event.clientX, event.clientY)));
  plot.addEventListener("pointerdown", (event) => show(markAt(event.clientX, event.clientY)));
  plot.addEventListener("pointerleave", () => show(null));
  plot.addEventListener("blur", () => show(null));
  plot.addEventListener("keydown", (event) => walk(event, marks));
}

/**
 * The mark at a point, or one that is missed by a few pixels only.
 * @param {number} x @param {number} y
 */
function markAt(x, y) {
  for (const reach of [0, REACH / 2, REACH]) {
    for (const [right, down] of [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]]) {
      const found = document.elementFromPoint(x + right * reach, y + down * reach);
      if (found && words.has(found)) return found;
    }
  }
  return null;
}

/** @param {KeyboardEvent} event @param {Element[]} marks */
function walk(event, marks) {
  const place = shown ? marks.indexOf(shown) : -1;
  const step = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
  if (event.key === "Escape") show(null);
  else if (event.key === "Home") show(marks[0]);
  else if (event.key === "End") show(marks[marks.length - 1]);
  else if (step && place < 0) show(marks[step > 0 ? 0 : marks.length - 1]);
  else if (step) show(marks[(place + step + marks.length) % marks.length]);
  else return;
  event.preventDefault();
}

/** @param {Element | null} mark */
function show(mark) {
  if (mark === shown) return;
  shown?.classList.remove("is-shown");
  shown = mark;
  tip.hidden = !mark;
  if (!mark) return;
  mark.classList.add("is-shown");
  tip.textContent = words.get(mark);
  const box = mark.getBoundingClientRect();
  const middle = box.left + box.width / 2 - tip.offsetWidth / 2;
  const left = Math.max(8, Math.min(middle, document.documentElement.clientWidth - tip.offsetWidth - 8));
  const above = box.top - tip.offsetHeight - 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${above < 8 ? box.bottom + 8 : above}px`;
}

document.body.append(tip);
document.querySelectorAll("[data-plot]").forEach((plot) => adopt(/** @type {HTMLElement} */ (plot)));
document.addEventListener("scroll", () => show(null), { passive: true });
