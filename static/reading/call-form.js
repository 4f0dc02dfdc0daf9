/**
 * The three choices for the current node; keys 1, 2, 3.
 */

/** @typedef {{value: number, label: string, key: string}} Category */

export class CallForm {
  /**
   * @param {HTMLElement} root
   * @param {(category: number) => void} onCall
   */
  constructor(root, onCall) {
    this.root = root;
    this.heading = root.querySelector('[data-part="node-heading"]');
    this.hint = root.querySelector('[data-part="call-hint"]');
    this.choices = root.querySelector('[data-part="choices"]');
    this.choices.addEventListener('click', (event) => {
      const button = event.target.closest('button');
      if (button) {
        onCall(Number(button.value));
        // After a click, Enter and Space must not press the same choice for the next node.
        if (event.detail > 0) {
          button.blur();
        }
      }
    });
  }

  /** @param {Category[]} categories */
  open(categories) {
    const buttons = categories.map(({ value, label, key }) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'nw-choice';
      button.value = String(value);
      button.dataset.category = String(value);
      button.setAttribute('aria-keyshortcuts', key);
      const keyCap = document.createElement('kbd');
      keyCap.textContent = key;
      keyCap.setAttribute('aria-hidden', 'true');
      button.append(keyCap, label);
      return button;
    });
    this.choices.replaceChildren(...buttons);
  }

  /**
   * @param {object} view
   * @param {string} view.heading
   * @param {number | null} view.category The node's call so far.
   * @param {string} view.hint Why nothing can be called now; empty where it can.
   */
  show({ heading, category, hint }) {
    this.heading.textContent = heading;
    this.hint.textContent = hint;
    this.choices.querySelectorAll('button').forEach((button) => {
      button.disabled = hint !== '';
      button.setAttribute('aria-pressed', String(Number(button.value) === category));
    });
  }
}
