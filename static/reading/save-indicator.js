/**
 * Says at any moment whether every call is saved.
 */

/** @param {number} count @param {string} noun */
function counted(count, noun) {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

/** @type {Record<string, (things: string, message: string, noun: string) => string>} */
const TEXTS = {
  saved: (_things, _message, noun) => `All ${noun}s saved`,
  saving: () => 'Saving …',
  waiting: (things) => `${things} waiting for the connection, kept in this browser`,
  conflict: (things) => `${things} not saved: the case was changed elsewhere`,
  refused: (things, message) => `${things} not saved: ${message}`,
  'signed-out': (things) => `${things} kept in this browser: sign in again, then retry`,
};

export class SaveIndicator {
  /**
   * @param {HTMLElement} root `data-noun` says what is saved, where it is not calls.
   * @param {{onRetry: () => void, onDiscard: () => void}} actions
   */
  constructor(root, { onRetry, onDiscard }) {
    this.root = root;
    this.noun = root.dataset.noun || 'call';
    this.text = root.querySelector('[data-part="save-text"]');
    this.retry = root.querySelector('[data-part="save-retry"]');
    this.discard = root.querySelector('[data-part="save-discard"]');
    this.retry.addEventListener('click', onRetry);
    this.discard.addEventListener('click', onDiscard);
  }

  /** @param {import('./save-queue.js').SaveQueue} queue */
  show(queue) {
    const { state, waiting, message } = queue;
    const things = counted(waiting.length, this.noun);
    let text = TEXTS[state](things, message, this.noun);
    if (queue.needsTab && state === 'waiting') {
      text = `${things} not saved yet: keep this tab open`;
    }
    this.root.dataset.state = state;
    if (this.text.textContent !== text) {
      this.text.textContent = text;
    }
    this.retry.hidden = !['waiting', 'refused', 'signed-out'].includes(state);
    this.discard.hidden = state !== 'refused';
  }
}
