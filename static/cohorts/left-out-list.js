/** Tells which of the chosen files will not be used, and why. */

/** @typedef {import('./first-look.js').LookedAt} LookedAt */

const MOST_SHOWN = 50;

/** @param {HTMLElement} place @param {LookedAt[]} files */
export function showLeftOut(place, files) {
  const leftOut = files.filter(({ reason }) => reason);
  place.hidden = leftOut.length === 0;
  place.querySelector('summary').textContent =
    `${leftOut.length} of ${files.length} files will not be used`;
  const lines = leftOut.slice(0, MOST_SHOWN).map(({ path, reason }) => `${path}: ${reason}`);
  if (leftOut.length > MOST_SHOWN) {
    lines.push(`and ${leftOut.length - MOST_SHOWN} more`);
  }
  place.querySelector('ul').replaceChildren(
    ...lines.map((line) => {
      const entry = document.createElement('li');
      entry.textContent = line;
      return entry;
    }),
  );
}
