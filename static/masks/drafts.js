/**
 * A drawing that is not saved stays in this browser: a closed tab or a crash loses nothing. The page
 * that wrote it holds a lock while it lives; what a page that is gone has left is offered by the next.
 */
import { Mask } from './mask.js';

const NAME = 'nodewise-draft';
const WRITTEN_AFTER_MS = 300;
const KEPT_MS = 14 * 24 * 3600 * 1000;

/**
 * @typedef {object} Draft
 * @property {string | null} node Null: of a new node.
 * @property {number | null} version Of the mask that was drawn on.
 * @property {string | null} candidate Address of the candidate that was edited.
 * @property {Mask} mask
 * @property {Date} since
 */

export class Drafts {
  /** @param {string} place Which case is drawn on, and by whom; others do not see it. */
  constructor(place) {
    // Locks, and with them drafts, are there in secure contexts only: https, or this machine.
    this.isPossible = Boolean(navigator.locks && crypto.randomUUID);
    this.prefix = `${NAME} ${place} `;
    this.own = this.isPossible ? `${NAME} ${crypto.randomUUID()}` : '';
    /** @type {import('./mask-editor.js').MaskEditor | null} */
    this.editor = null;
    this.timer = 0;
    if (this.isPossible) {
      navigator.locks.request(this.own, () => new Promise(() => {}));
      window.addEventListener('pagehide', () => this.#write());
    }
  }

  /** Keep what the editor holds, soon. @param {import('./mask-editor.js').MaskEditor} editor */
  follow(editor) {
    this.editor = editor;
    if (this.timer === 0) {
      this.timer = window.setTimeout(() => this.#write(), WRITTEN_AFTER_MS);
    }
  }

  /**
   * The newest drawing that a page has left; it is this page's now.
   *
   * @param {string | null} candidate Address of the one that this page shows: drawings of others
   *   wait for their own page.
   * @returns {Promise<Draft | null>}
   */
  async take(candidate) {
    try {
      return this.isPossible ? await this.#taken(candidate) : null;
    } catch {
      return null; // storage is forbidden or damaged: the page must open all the same
    }
  }

  async #taken(candidate) {
    const { held } = await navigator.locks.query();
    const living = new Set(held.map(({ name }) => name));
    const isOurs = (draft) => draft.candidate === null || draft.candidate === candidate;
    const left = kept(this.prefix).filter((draft) => !living.has(draft.page) && isOurs(draft));
    const [newest] = left.sort((a, b) => b.at - a.at);
    if (newest === undefined) {
      return null;
    }
    const draft = { ...newest, mask: Mask.fromRuns(newest.runs), since: new Date(newest.at) };
    localStorage.removeItem(newest.key);
    return draft;
  }

  #write() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (!this.isPossible || this.editor === null) {
      return;
    }
    const key = this.prefix + this.own;
    const mask = drawn(this.editor);
    try {
      if (mask === null) {
        localStorage.removeItem(key);
      } else {
        const draft = { ...described(this.editor), page: this.own, runs: mask.toRuns() };
        localStorage.setItem(key, JSON.stringify(draft));
      }
    } catch {
      // No room, or storage is forbidden: leaving the page still asks.
    }
  }
}

/** @param {import('./mask-editor.js').MaskEditor} editor @returns {Mask | null} */
function drawn(editor) {
  if (editor.part !== null) {
    return null; // what is being split off is not kept
  }
  return editor.kept ?? (editor.isUnsaved && editor.isDrawnOn ? editor.drawing.mask : null);
}

/** @param {import('./mask-editor.js').MaskEditor} editor */
function described({ target, candidate, keptDraft }) {
  if (keptDraft !== null) {
    const { node, version, since } = keptDraft;
    return { node, version, candidate: keptDraft.candidate, at: since.getTime() };
  }
  return {
    node: target?.node ?? null,
    version: target?.mask_version ?? null,
    candidate: candidate?.acceptUrl ?? null,
    at: Date.now(),
  };
}

/** The drafts of a place; what is too old or unreadable, of any place, goes. @param {string} prefix */
function kept(prefix) {
  const found = [];
  Object.keys(localStorage)
    .filter((key) => key.startsWith(`${NAME} `))
    .forEach((key) => {
      const draft = parsed(localStorage.getItem(key));
      if (draft === null || Date.now() - draft.at > KEPT_MS) {
        localStorage.removeItem(key);
      } else if (key.startsWith(prefix)) {
        found.push({ ...draft, key });
      }
    });
  return found;
}

/** @param {string} text @returns {any} Null where it is no draft. */
function parsed(text) {
  try {
    const draft = JSON.parse(text);
    return Number.isFinite(draft.at) && draft.runs && draft.page ? draft : null;
  } catch {
    return null;
  }
}
