// Small behaviours of every page, attached by data attributes.

/** @param {Event} event */
function toggleTheme(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (!target.closest("[data-theme-toggle]")) return;
  const root = document.documentElement;
  root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
  localStorage.setItem("nodewise-theme", root.dataset.bsTheme);
  root.dispatchEvent(new CustomEvent("nodewise:theme", { detail: root.dataset.bsTheme }));
}

/** Ask before a form that cannot be undone. @param {SubmitEvent} event */
function confirmSubmit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const question = form.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
}

/** Copy the text of the element named by data-copy. @param {MouseEvent} event */
async function copyText(event) {
  const button = /** @type {HTMLElement} */ (event.target).closest("[data-copy]");
  if (!(button instanceof HTMLElement)) return;
  const source = document.querySelector(button.dataset.copy || "");
  if (!source) return;
  const text = source instanceof HTMLInputElement ? source.value : source.textContent || "";
  await navigator.clipboard.writeText(text.trim());
  button.textContent = "Copied";
}

document.addEventListener("click", toggleTheme);
document.addEventListener("click", copyText);
document.addEventListener("submit", confirmSubmit);
