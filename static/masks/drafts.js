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
 * @property {Mask} mask
 * @property {Date} at
 */

export class Drafts {
  /** @param {string} place What the drawing is of, and whose; others do not see it. */
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

  /** Keep what the editor holds now. @param {import('./mask-editor.js').MaskEditor} editor */
  follow(editor) {
    this.editor = editor;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#write(), WRITTEN_AFTER_MS);
  }

  /** @returns {Promise<Draft | null>} The newest that a page has left; it is this page's now. */
  async take() {
    if (!this.isPossible) {
      return null;
    }
    const { held } = await navigator.locks.query();
    const living = new Set(held.map(({ name }) => name));
    const left = this.#entries().filter(({ page }) => !living.has(page));
    const [newest] = left.sort((a, b) => b.at - a.at);
    if (newest === undefined) {
      return null;
    }
    const { node, runs, at } = newest;
    localStorage.removeItem(newest.key);
    return { node, mask: Mask.fromRuns(runs), at: new Date(at) };
  }

  /** @returns {{key: string, page: string, node: string | null, runs: any, at: number}[]} */
  #entries() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
    const entries = keys.map((key) => ({ key, ...JSON.parse(localStorage.getItem(key)) }));
    const isOld = ({ at }) => Date.now() - at > KEPT_MS;
    entries.filter(isOld).forEach(({ key }) => localStorage.removeItem(key));
    return entries.filter((entry) => !isOld(entry));
  }

  #write() {
    clearTimeout(this.timer);
    const { editor } = this;
    if (!this.isPossible || editor === null || editor.part !== null) {
      return; // a part that is being split off is not kept
    }
    const key = this.prefix + this.own;
    const mask = editor.kept ?? (editor.isUnsaved && editor.isDrawnOn ? editor.drawing.mask : null);
    try {
      if (mask === null) {
        localStorage.removeItem(key);
      } else {
        const draft = { page: this.own, node: editor.target?.node ?? null, at: Date.now() };
        localStorage.setItem(key, JSON.stringify({ ...draft, runs: mask.toRuns() }));
      }
    } catch {
      // No room, or storage is forbidden: leaving the page still asks.
    }
  }
}
