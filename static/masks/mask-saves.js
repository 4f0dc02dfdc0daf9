/**
 * Sends one save and repeats it under the same id until the server has answered: a save is never
 * doubled, and never lost while the page is open.
 */
import { ConnectionLost, Refusal, postJson } from '../viewer/http.js';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30000;
const TRY_AGAIN_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);

/** @typedef {'idle' | 'saving' | 'waiting'} SavingState */

/** @param {unknown} error @returns {boolean} Whether the same request may succeed later. */
function isPassing(error) {
  return (
    error instanceof ConnectionLost ||
    (error instanceof Refusal && TRY_AGAIN_STATUS.has(error.status))
  );
}

export class MaskSaves {
  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {SavingState} */
    this.state = 'idle';
    this.givenUp = false;
    this.wake = () => {};
    window.addEventListener('online', () => this.wake());
  }

  /**
   * @param {string} url @param {object} body
   * @returns {Promise<any>} The server's answer; rejects with its refusal, or with the lost
   *   connection where the save was given up.
   */
  async send(url, body) {
    const whole = { ...body, client_id: crypto.randomUUID() };
    this.givenUp = false;
    try {
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
        this.#become('saving');
        try {
          return await postJson(url, whole);
        } catch (error) {
          await this.#waitOrThrow(error, pause);
        }
      }
    } finally {
      this.#become('idle');
    }
  }

  retryNow() {
    this.wake();
  }

  /** Stop repeating; the server may have stored the save all the same. */
  giveUp() {
    this.givenUp = true;
    this.wake();
  }

  async #waitOrThrow(error, pause) {
    if (!isPassing(error)) {
      throw error;
    }
    this.#become('waiting');
    await new Promise((resolve) => {
      this.wake = () => resolve(undefined);
      setTimeout(resolve, pause);
    });
    if (this.givenUp) {
      throw error;
    }
  }

  /** @param {SavingState} state */
  #become(state) {
    this.state = state;
    this.onChange();
  }
}
