/**
 * The comment of the current node: kept while it is typed, saved together with the node's label.
 */

const PAUSE_MS = 1000;
const AGAIN_MS = 500;

export class NodeComment {
  /**
   * @param {HTMLTextAreaElement} field
   * @param {HTMLElement} hint
   * @param {{canSave: () => boolean, save: (node: string, comment: string) => void}} owner
   *   `canSave` says whether the picture is shown; `save` is called for labelled nodes only.
   */
  constructor(field, hint, { canSave, save }) {
    Object.assign(this, { field, hint, canSave, save });
    /** @type {Map<string, string>} What the server has, or is about to have. */
    this.kept = new Map();
    /** @type {Map<string, string>} What was typed and is not on its way yet. */
    this.drafts = new Map();
    /** @type {Set<string>} */
    this.labelled = new Set();
    /** @type {string | null} */
    this.node = null;
    this.timer = 0;
    field.addEventListener('input', () => this.#typed());
    field.addEventListener('blur', () => this.flush());
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        field.blur();
      }
    });
  }

  /** @param {Iterable<[string, string]>} comments By node, as the server has them. */
  open(comments) {
    this.kept = new Map(comments);
    this.#fill();
  }

  /** @param {string | null} node @param {Set<string>} labelled @param {boolean} locked */
  show(node, labelled, locked) {
    this.labelled = labelled;
    this.field.disabled = locked || node === null;
    if (node !== this.node) {
      this.node = node;
      this.#fill();
    }
    this.#explain(locked);
  }

  /** @param {string} node @returns {string} The comment that goes with the node's next label. */
  take(node) {
    const comment = this.drafts.get(node) ?? this.kept.get(node) ?? '';
    this.drafts.delete(node);
    this.kept.set(node, comment);
    return comment;
  }

  /** @returns {boolean} Whether something typed is not on its way yet. */
  get isDirty() {
    return this.drafts.size > 0;
  }

  /** Send what was typed on labelled nodes; what cannot be sent now is tried again. */
  flush() {
    clearTimeout(this.timer);
    const due = [...this.drafts.keys()].filter((node) => this.labelled.has(node));
    if (due.length > 0 && !this.canSave()) {
      this.timer = setTimeout(() => this.flush(), AGAIN_MS);
      return;
    }
    due.forEach((node) => this.save(node, this.take(node)));
  }

  #typed() {
    if (this.node === null) {
      return;
    }
    if (this.field.value.trim() === (this.kept.get(this.node) ?? '')) {
      this.drafts.delete(this.node);
    } else {
      this.drafts.set(this.node, this.field.value.trim());
    }
    this.#explain(false);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), PAUSE_MS);
  }

  #fill() {
    const { node } = this;
    this.field.value = node === null ? '' : (this.drafts.get(node) ?? this.kept.get(node) ?? '');
  }

  #explain(locked) {
    const unlabelled = this.node !== null && !this.labelled.has(this.node);
    const waits = unlabelled && this.drafts.has(this.node) && !locked;
    this.hint.textContent = waits ? 'Saved together with the label: choose one.' : '';
  }
}
