/**
 * What stands beside the current node's label: level, basis, certainty, matted group, comment. Kept
 * while it is entered, saved together with the node's label.
 */

const PAUSE_MS = 1000;
const AGAIN_MS = 500;

/**
 * @typedef {object} Details
 * @property {string} place Side and level, such as "left IIa".
 * @property {string} matched
 * @property {string} basis
 * @property {number | null} certainty
 * @property {string} matted
 * @property {string} comment
 */

/** @type {Details} */
const NOTHING = Object.freeze({
  place: '',
  matched: '',
  basis: '',
  certainty: null,
  matted: '',
  comment: '',
});
const NAMES = Object.keys(NOTHING);
const NEEDED = Object.freeze({ place: 'level', basis: 'basis', certainty: 'certainty' });

/** @param {any} given @returns {Details} Only what belongs here. */
function detailsOf(given) {
  const told = NAMES.filter((name) => given[name] !== undefined);
  return { ...NOTHING, ...Object.fromEntries(told.map((name) => [name, given[name]])) };
}

export class LabelDetails {
  /**
   * @param {HTMLElement} root Holds one field per detail, named by `data-detail`.
   * @param {HTMLElement} hint
   * @param {object} owner
   * @param {() => boolean} owner.canSave Whether the picture is shown.
   * @param {(node: string, details: Details) => void} owner.save Called for labelled nodes only.
   * @param {() => void} owner.onChange Something was entered.
   */
  constructor(root, hint, { canSave, save, onChange }) {
    Object.assign(this, { hint, canSave, save, onChange });
    /** @type {Map<string, HTMLInputElement>} */
    this.fields = new Map();
    /** @type {Map<string, Details>} What the server has, or is about to have. */
    this.kept = new Map();
    /** @type {Map<string, Details>} What was entered and is not on its way yet. */
    this.drafts = new Map();
    /** @type {Set<string>} */
    this.labelled = new Set();
    /** @type {string | null} */
    this.node = null;
    this.timer = 0;
    NAMES.forEach((name) => this.#bind(name, root.querySelector(`[data-detail="${name}"]`)));
  }

  #bind(name, field) {
    this.fields.set(name, field);
    field.addEventListener('input', () => this.#entered(name));
    field.addEventListener('blur', () => this.flush());
    field.addEventListener('keydown', (event) => {
      const leaves = event.key === 'Escape' || (event.key === 'Enter' && name !== 'comment');
      if (leaves) {
        event.preventDefault();
        field.blur();
      }
    });
  }

  /** @param {Iterable<any>} given What the server has, by node; later entries win. */
  open(given) {
    this.kept = new Map([...given].map((entry) => [entry.node, detailsOf(entry)]));
    this.#fill();
  }

  /** @param {string | null} node @param {Map<string, number>} labels @param {boolean} locked */
  show(node, labels, locked) {
    this.labelled = new Set(labels.keys());
    this.fields.forEach((field) => {
      field.disabled = locked || node === null;
    });
    this.#offerBases(node === null ? undefined : labels.get(node));
    if (node !== this.node) {
      this.node = node;
      this.#fill();
    }
    this.#explain(locked);
  }

  /** @param {string | null} node @returns {Details} As entered. */
  of(node) {
    return this.drafts.get(node) ?? this.kept.get(node) ?? NOTHING;
  }

  /** @param {string} node @returns {string[]} What the rules need and is not there, in words. */
  missing(node) {
    const details = this.of(node);
    return Object.keys(NEEDED).flatMap((name) => (details[name] ? [] : [NEEDED[name]]));
  }

  /** @param {string} node @param {number} label @returns {string} Why it cannot have it, if so. */
  obstacle(node, label) {
    const { basis } = this.of(node);
    const option = this.#option(basis);
    return basis === '' || allows(option, label)
      ? ''
      : `“${option.dataset.label}” does not go with this label: change the basis (B) first.`;
  }

  /** @param {string} node @returns {Details} What goes with the node's next label. */
  take(node) {
    const details = this.of(node);
    this.drafts.delete(node);
    this.kept.set(node, details);
    return details;
  }

  /** Enter one detail of the current node. @param {string} name @param {string} value */
  set(name, value) {
    const field = this.fields.get(name);
    if (this.node !== null && !field.disabled && field.value !== value) {
      field.value = value;
      this.#entered(name);
    }
  }

  /** @param {string} name */
  focus(name) {
    this.fields.get(name).focus();
  }

  /** @returns {boolean} Whether something entered is not on its way yet. */
  get isDirty() {
    return this.drafts.size > 0;
  }

  /** Send what was entered on labelled nodes; what cannot be sent now is tried again. */
  flush() {
    clearTimeout(this.timer);
    const due = [...this.drafts.keys()].filter((node) => this.labelled.has(node));
    if (due.length > 0 && !this.canSave()) {
      this.timer = setTimeout(() => this.flush(), AGAIN_MS);
      return;
    }
    due.forEach((node) => this.save(node, this.take(node)));
  }

  #entered(name) {
    if (this.node === null) {
      return;
    }
    const entered = { ...this.of(this.node), [name]: this.#valueOf(name) };
    const kept = this.kept.get(this.node) ?? NOTHING;
    if (NAMES.every((each) => entered[each] === kept[each])) {
      this.drafts.delete(this.node);
    } else {
      this.drafts.set(this.node, entered);
    }
    this.onChange();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), PAUSE_MS);
  }

  /** @param {string} name @returns {string | number | null} As the server will keep it. */
  #valueOf(name) {
    const text = this.fields.get(name).value.trim();
    if (name === 'certainty') {
      return Number(text) || null;
    }
    return name === 'matted' ? text.toUpperCase() : text;
  }

  #fill() {
    const details = this.of(this.node);
    this.fields.forEach((field, name) => {
      field.value = String(details[name] ?? '');
    });
  }

  /** A whole negative level speaks for benign nodes only, and so on. */
  #offerBases(label) {
    [...this.fields.get('basis').querySelectorAll('option[data-labels]')].forEach((option) => {
      option.disabled = label !== undefined && !allows(option, label);
    });
  }

  #option(basis) {
    return this.fields.get('basis').querySelector(`option[value="${CSS.escape(basis)}"]`);
  }

  #explain(locked) {
    const unlabelled = this.node !== null && !this.labelled.has(this.node);
    const waits = unlabelled && this.drafts.has(this.node) && !locked;
    this.hint.textContent = waits ? 'Saved together with the label: choose one.' : '';
  }
}

/** @param {HTMLOptionElement} option @param {number} label @returns {boolean} */
function allows(option, label) {
  return option.dataset.labels.split(' ').includes(String(label));
}
