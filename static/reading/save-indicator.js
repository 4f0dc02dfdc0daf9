/**
 * Says at any moment whether every call is saved.
 */

/** @param {number} count */
function calls(count) {
  return count === 1 ? '1 call' : `${count} calls`;
}

/** @type {Record<string, (count: number, message: string) => string>} */
const TEXTS = {
  saved: () => 'All calls saved',
  saving: () => 'Saving …',
  waiting: (count) => `${calls(count)} waiting for the connection, kept in this browser`,
  conflict: (count) => `${calls(count)} not saved: the case was changed elsewhere`,
  refused: (count, message) => `${calls(count)} not saved: ${message}`,
  'signed-out': (count) => `${calls(count)} kept in this browser: sign in again, then retry`,
};

export class SaveIndicator {
  /**
   * @param {HTMLElement} root
   * @param {{onRetry: () => void, onDiscard: () => void}} actions
   */
  constructor(root, { onRetry, onDiscard }) {
    this.root = root;
    this.text = root.querySelector('[data-part="save-text"]');
    this.retry = root.querySelector('[data-part="save-retry"]');
    this.discard = root.querySelector('[data-part="save-discard"]');
    this.retry.addEventListener('click', onRetry);
    this.discard.addEventListener('click', onDiscard);
  }

  /** @param {import('./save-queue.js').SaveQueue} queue */
  show(queue) {
    const { state, waiting, message } = queue;
    let text = TEXTS[state](waiting.length, message);
    if (!queue.store.isDurable && waiting.length > 0) {
      text = `${calls(waiting.length)} not saved yet: keep this tab open`;
    }
    this.root.dataset.state = state;
    if (this.text.textContent !== text) {
      this.text.textContent = text;
    }
    this.retry.hidden = !['waiting', 'refused', 'signed-out'].includes(state);
    this.discard.hidden = state !== 'refused';
  }
}
