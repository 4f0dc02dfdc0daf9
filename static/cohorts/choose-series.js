/** Narrows a list of series to lines with some words, chooses all that are shown, and counts. */

// The form appears when its search is over: everything hangs on the document.

/** @param {HTMLFormElement} form @returns {HTMLTableRowElement[]} */
function linesOf(form) {
  return [...form.querySelectorAll('tbody tr')];
}

/** @param {HTMLTableRowElement} line @returns {HTMLInputElement} */
function boxOf(line) {
  return line.querySelector('input[name="positions"]');
}

/** @param {HTMLFormElement} form */
function narrow(form) {
  const words = form.querySelector('[data-find]').value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const line of linesOf(form)) {
    const text = line.textContent.toLowerCase();
    line.hidden = !words.every((word) => text.includes(word));
  }
}

/** @param {HTMLFormElement} form */
function count(form) {
  const lines = linesOf(form);
  const shown = lines.filter(({ hidden }) => !hidden);
  const chosen = lines.filter((line) => boxOf(line).checked);
  const unseen = chosen.filter(({ hidden }) => hidden).length;
  const instances = chosen.reduce((sum, line) => sum + Number(boxOf(line).dataset.instances), 0);
  const all = form.querySelector('[data-choose-all]');
  const chosenAndShown = chosen.length - unseen;
  all.checked = shown.length > 0 && chosenAndShown === shown.length;
  all.indeterminate = chosenAndShown > 0 && !all.checked;
  form.querySelector('[data-chosen]').textContent =
    `${chosen.length} of ${lines.length} series chosen` +
    (unseen ? `, ${unseen} of them not shown` : '') +
    (instances ? `: ${instances.toLocaleString('en')} instances` : '');
}

/** @param {Event} event */
function onInput(event) {
  const form = event.target.closest('form[data-choose-series]');
  if (!form) {
    return;
  }
  if (event.target.matches('[data-find]')) {
    narrow(form);
  }
  if (event.target.matches('[data-choose-all]')) {
    for (const line of linesOf(form)) {
      boxOf(line).checked = line.hidden ? boxOf(line).checked : event.target.checked;
    }
  }
  count(form);
}

function countAll() {
  document.querySelectorAll('form[data-choose-series]').forEach(count);
}

document.addEventListener('input', onInput);
document.addEventListener('keydown', (event) => {
  // Enter in the field narrows, which has happened; it must not send the form.
  if (event.key === 'Enter' && event.target.matches('[data-find]')) {
    event.preventDefault();
  }
});
document.addEventListener('htmx:after:swap', countAll);
countAll();
