/**
 * When a case was changed elsewhere: shows both states and asks which to keep.
 */

export class ConflictDialog {
  /**
   * @param {HTMLDialogElement} dialog
   * @param {{onKeepServer: () => void, onKeepOwn: () => void}} answers
   */
  constructor(dialog, { onKeepServer, onKeepOwn }) {
    this.dialog = dialog;
    this.rows = dialog.querySelector('[data-part="conflict-rows"]');
    // Leaving without an answer would leave calls that are neither saved nor given up.
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    this.#answer('keep-server', onKeepServer);
    this.#answer('keep-own', onKeepOwn);
  }

  /** @param {{number: number, saved: string, own: string}[]} rows One per node that differs. */
  ask(rows) {
    if (this.dialog.open) {
      return;
    }
    this.rows.replaceChildren(
      ...rows.map(({ number, saved, own }) => {
        const row = document.createElement('tr');
        [`Node ${number}`, saved, own].forEach((text) => {
          const cell = document.createElement('td');
          cell.textContent = text;
          row.append(cell);
        });
        return row;
      }),
    );
    this.dialog.showModal();
  }

  #answer(part, act) {
    this.dialog.querySelector(`[data-part="${part}"]`).addEventListener('click', () => {
      this.dialog.close();
      act();
    });
  }
}
