/** Keys of the list of candidates: J and K go through those that are open, A and R decide one, E edits. */

/** @returns {HTMLTableRowElement[]} */
function openRows() {
  return [...document.querySelectorAll('tr[data-candidate]')];
}

/** @returns {HTMLTableRowElement | null} The row in which the keyboard is. */
function currentRow() {
  return document.activeElement.closest('tr[data-candidate]');
}

/** @param {number} step */
function go(step) {
  const rows = openRows();
  const at = rows.indexOf(currentRow());
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), rows.length - 1);
  rows[next]?.focus();
}

/** @param {string} key */
function press(key) {
  currentRow()?.querySelector(`[data-key="${key}"]`)?.click();
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  const key = event.key.toLowerCase();
  const typing = event.target.matches('input, select, textarea');
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) {
    return;
  }
  if (key === 'j' || key === 'k') {
    event.preventDefault();
    go(key === 'j' ? 1 : -1);
  } else if (['a', 'e', 'r'].includes(key)) {
    press(key);
  }
}

document.addEventListener('keydown', onKey);
if (location.hash === '#next') {
  go(0);
}
