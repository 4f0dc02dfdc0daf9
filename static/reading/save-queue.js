/**
 * Sends calls to the server one after the other and never forgets one before it is acknowledged.
 */
import { ConnectionLost, Refusal, postJson } from '../viewer/http.js';

/** @typedef {import('./call-store.js').WaitingCall} WaitingCall */

/**
 * saved: nothing waits. saving: on its way. waiting: no connection, tries again by itself.
 * conflict: the case changed elsewhere. refused: the server will not take it. signed-out.
 *
 * @typedef {'saved' | 'saving' | 'waiting' | 'conflict' | 'refused' | 'signed-out'} SaveState
 */

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30000;
const TRY_AGAIN_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);

/** @param {WaitingCall} entry @returns {object} */
function callBody({ case_id: _, ...body }) {
  return body;
}

export class SaveQueue {
  /**
   * @param {object} options
   * @param {import('./call-store.js').CallStore} options.store
   * @param {string} options.caseId
   * @param {string} options.url Where calls are posted.
   * @param {number} options.version The case's version as the server last told it.
   * @param {() => void} options.onChange
   * @param {(saved: {node: string, category: number}, answer: any) => void} options.onSaved Given
   *   the entry and the server's answer.
   * @param {(entry: WaitingCall) => object} [options.toBody] The request of an entry.
   */
  constructor({ store, caseId, url, version, onChange, onSaved, toBody = callBody }) {
    Object.assign(this, { store, caseId, url, version, onChange, onSaved, toBody });
    /** @type {WaitingCall[]} */
    this.waiting = [];
    /** @type {SaveState} */
    this.state = 'saved';
    this.message = '';
    /** @type {{version: number, calls: Record<string, number>} | null} */
    this.conflict = null;
    /** @type {Set<string>} Calls that are not on the disk yet. */
    this.unkept = new Set();
    this.pause = FIRST_PAUSE_MS;
    this.sending = false;
    this.stopped = false;
    this.timer = 0;
    this.wake = () => this.retryNow();
    window.addEventListener('online', this.wake);
  }

  /** Take up what an earlier visit left behind. */
  async restore() {
    this.waiting = await this.store.waitingFor(this.caseId);
    this.#send();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    window.removeEventListener('online', this.wake);
  }

  /** @returns {boolean} */
  get isEmpty() {
    return this.waiting.length === 0;
  }

  /** @returns {boolean} Whether closing the tab now would lose a call. */
  get needsTab() {
    return !this.isEmpty && (!this.store.isDurable || this.unkept.size > 0);
  }

  /** @returns {Map<string, number>} The category each node will have once all is saved. */
  waitingCategories() {
    return new Map(this.waiting.map(({ node, category }) => [node, category]));
  }

  /**
   * @param {{node: string, category: number, shownCase: string, shownSlice: number}} call
   */
  async add({ node, category, shownCase, shownSlice, ...rest }) {
    const entry = {
      call: crypto.randomUUID(),
      case_id: this.caseId,
      node,
      category,
      // Each accepted call raises the version by one, so what waits ahead is already counted.
      base_version: (this.waiting.at(-1)?.base_version ?? this.version - 1) + 1,
      shown_case: shownCase,
      shown_slice: shownSlice,
      ...rest,
    };
    this.waiting.push(entry);
    this.unkept.add(entry.call);
    this.#become(this.state, this.message);
    await this.#keep({ add: [entry] });
    this.#send();
  }

  retryNow() {
    clearTimeout(this.timer);
    this.pause = FIRST_PAUSE_MS;
    if (this.state !== 'conflict') {
      this.#send();
    }
  }

  /** Settle a conflict: the server's calls stay, the waiting ones go. */
  async keepServerCalls() {
    const remove = this.waiting.map(({ call }) => call);
    this.waiting = [];
    this.#settle();
    await this.#keep({ remove });
    this.onChange();
  }

  /** Settle a conflict or a refusal: the waiting calls are made anew on the case as it is now. */
  async keepOwnCalls() {
    const remove = this.waiting.map(({ call }) => call);
    const version = this.conflict?.version ?? this.version;
    this.waiting = this.waiting.map((entry, position) => ({
      ...entry,
      call: crypto.randomUUID(),
      base_version: version + position,
    }));
    this.#settle();
    await this.#keep({ remove, add: this.waiting });
    this.#send();
  }

  /** Give up the call the server refused; those behind it are tried. */
  async discardRefused() {
    const [refused] = this.waiting;
    this.waiting = this.waiting.slice(1);
    await this.#keep({ remove: [refused.call] });
    await this.keepOwnCalls();
  }

  #settle() {
    this.version = this.conflict?.version ?? this.version;
    this.conflict = null;
    this.#become('saved');
  }

  async #send() {
    if (this.sending || this.stopped || this.conflict) {
      return;
    }
    clearTimeout(this.timer);
    this.sending = true;
    try {
      while (this.waiting.length > 0 && !this.stopped) {
        this.#become('saving');
        await this.#sendFirst();
      }
      this.#become('saved');
    } catch (error) {
      this.#failed(error);
    } finally {
      this.sending = false;
    }
  }

  async #sendFirst() {
    const [entry] = this.waiting;
    const answer = await postJson(this.url, this.toBody(entry));
    this.version = Math.max(this.version, answer.version);
    this.waiting = this.waiting.filter(({ call }) => call !== entry.call);
    this.pause = FIRST_PAUSE_MS;
    this.onSaved(entry, answer);
    await this.#keep({ remove: [entry.call] });
  }

  #failed(error) {
    const again =
      error instanceof ConnectionLost ||
      (error instanceof Refusal && TRY_AGAIN_STATUS.has(error.status));
    if (again) {
      this.#become('waiting', error.message);
      this.timer = setTimeout(() => this.#send(), this.pause * (0.8 + 0.4 * Math.random()));
      this.pause = Math.min(LONGEST_PAUSE_MS, this.pause * 2);
      return;
    }
    if (!(error instanceof Refusal)) {
      throw error;
    }
    if (error.code === 'stale_version' && error.body.current) {
      this.conflict = error.body.current;
      this.#become('conflict', error.message);
      return;
    }
    const signedOut = error.status === 401 || error.status === 403;
    this.#become(signedOut ? 'signed-out' : 'refused', error.message);
  }

  /** @param {{remove?: string[], add?: WaitingCall[]}} change */
  async #keep(change) {
    try {
      await this.store.change(change);
      change.add?.forEach(({ call }) => this.unkept.delete(call));
    } catch {
      // A full disk must not stop the saving itself; the page says that the tab has to stay open.
      this.store.database = null;
    }
    this.onChange();
  }

  /** @param {SaveState} state */
  #become(state, message = '') {
    // "Saved" is said of everything or not at all.
    this.state = state === 'saved' && !this.isEmpty ? 'saving' : state;
    this.message = message;
    this.onChange();
  }
}
