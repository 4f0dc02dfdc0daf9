/** Moving in the grid of one side by keys, and what a count says of its level. */

const COUNTS = new Set(['examined', 'positive', 'ene_positive']);

/** @typedef {HTMLInputElement | HTMLSelectElement} Cell */

export class LevelGrid {
  /** @param {HTMLElement} side */
  constructor(side) {
    this.side = side;
    /** @type {Cell[][]} Rows of levels, each with its cells. */
    this.rows = [...side.querySelectorAll('[data-level]')].map((row) => [
      .../** @type {NodeListOf<Cell>} */ (row.querySelectorAll('[data-cell]')),
    ]);
    side.addEventListener('keydown', (event) => this.#moved(event));
    side.addEventListener('input', (event) => this.#typed(/** @type {Cell} */ (event.target)));
    side.addEventListener('focusin', ({ target }) => {
      if (target instanceof HTMLInputElement) {
        target.select();
      }
    });
    side.querySelector('[data-part="rest"]')?.addEventListener('click', () => this.#rest());
  }

  /** @returns {Record<string, string>[]} The texts of each level by field. */
  texts() {
    return this.rows.map((cells) =>
      Object.fromEntries(cells.map((cell) => [cell.dataset.cell, cell.value])),
    );
  }

  /** @param {KeyboardEvent} event */
  #moved(event) {
    const cell = /** @type {Cell} */ (event.target);
    const row = this.rows.findIndex((cells) => cells.includes(cell));
    if (row < 0 || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const [down, right] = step(event, cell);
    if (down === 0 && right === 0) {
      return;
    }
    event.preventDefault();
    this.rows[row + down]?.[this.rows[row].indexOf(cell) + right]?.focus();
  }

  /** A count says that the level was dissected. @param {Cell} cell */
  #typed(cell) {
    const cells = this.rows.find((row) => row.includes(cell));
    const dissected = cells?.find(({ dataset }) => dataset.cell === 'dissected');
    if (dissected?.value === 'unknown' && COUNTS.has(cell.dataset.cell) && cell.value.trim()) {
      dissected.value = 'yes';
    }
  }

  #rest() {
    for (const [dissected] of this.rows) {
      if (dissected.value === 'unknown') {
        dissected.value = 'no';
      }
    }
    this.side.dispatchEvent(new Event('input', { bubbles: true }));
  }
}

/**
 * @param {KeyboardEvent} event
 * @param {Cell} cell
 * @returns {[number, number]} Rows down and cells to the right; a list keeps its own arrows.
 */
function step(event, cell) {
  if (event.key === 'Enter') {
    return [event.shiftKey ? -1 : 1, 0];
  }
  if (!(cell instanceof HTMLInputElement) || event.shiftKey) {
    return [0, 0];
  }
  const { value, selectionStart: start, selectionEnd: end } = cell;
  const isWhole = start === 0 && end === value.length;
  switch (event.key) {
    case 'ArrowDown':
      return [1, 0];
    case 'ArrowUp':
      return [-1, 0];
    case 'ArrowLeft':
      return [0, isWhole || (start === 0 && end === 0) ? -1 : 0];
    case 'ArrowRight':
      return [0, isWhole || start === value.length ? 1 : 0];
    default:
      return [0, 0];
  }
}
