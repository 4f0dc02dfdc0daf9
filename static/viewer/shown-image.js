/**
 * Safety: a picture that is not provably the current case and slice is covered.
 *
 * After a failed frame the viewport keeps the previous image while it reports the new one. So an
 * image counts as shown only when the viewport announced it by its id and then drew.
 */
import { Enums, eventTarget } from './cornerstone.js';
import { failureReason } from './frame-check.js';

/** The cover itself is immediate; its words wait, so that scrolling does not flicker. */
const WORDS_AFTER_MS = 250;

/**
 * @typedef {object} ShieldParts
 * @property {HTMLElement} cover
 * @property {HTMLElement} message
 * @property {HTMLButtonElement} retry
 */

export class ShownImage {
  /**
   * @param {HTMLElement} element The viewport's element.
   * @param {ShieldParts} parts
   * @param {object} options
   * @param {number} options.timeOutMs
   * @param {() => void} options.onChange
   * @param {() => void} options.onRetry
   * @param {(imageId: string) => void} options.onLate
   */
  constructor(element, parts, { timeOutMs, onChange, onRetry, onLate }) {
    this.parts = parts;
    this.timeOutMs = timeOutMs;
    this.onChange = onChange;
    this.onLate = onLate;
    /** @type {string | null} */
    this.expected = null;
    /** @type {string | null} */
    this.announced = null;
    /** @type {string | null} */
    this.shown = null;
    this.label = '';
    /** @type {string | null} Why no picture can be trusted any more on this page. */
    this.lost = null;
    this.timers = [];
    element.addEventListener(Enums.Events.STACK_NEW_IMAGE, (event) => this.#announce(event));
    element.addEventListener(Enums.Events.IMAGE_RENDERED, () => this.#drawn());
    eventTarget.addEventListener(Enums.Events.IMAGE_LOAD_ERROR, (event) => this.#error(event));
    parts.retry.addEventListener('click', onRetry);
  }

  /**
   * Cover the picture until this image is drawn.
   *
   * @param {string} imageId
   * @param {string} label What a reader would call it: "Slice 12".
   */
  expect(imageId, label) {
    if (this.lost !== null) {
      this.fail(this.lost, false);
      return;
    }
    this.expected = imageId;
    this.announced = null;
    this.label = label;
    this.cover('');
    this.timers = [
      setTimeout(() => this.#say(`Loading ${label} …`), WORDS_AFTER_MS),
      setTimeout(() => this.#late(imageId), this.timeOutMs),
    ];
  }

  /** Cover whatever comes from now on. @param {string} message */
  failForGood(message) {
    this.lost = message;
    this.expected = null;
    this.fail(message, false);
  }

  /** Cover the picture, with a reason. @param {string} message @param {boolean} retry */
  fail(message, retry = true) {
    this.announced = null;
    this.cover(message, { failed: true, retry });
  }

  /** @param {string} message @param {{failed?: boolean, retry?: boolean}} [state] */
  cover(message, { failed = false, retry = false } = {}) {
    this.#stopTimers();
    this.shown = null;
    this.parts.cover.hidden = false;
    this.parts.cover.dataset.failed = String(failed);
    this.parts.retry.hidden = !retry;
    this.#say(message);
    this.onChange();
  }

  /** @returns {boolean} */
  get failed() {
    return this.parts.cover.dataset.failed === 'true';
  }

  #announce(event) {
    if (!this.failed && event.detail.imageId === this.expected) {
      this.announced = event.detail.imageId;
    }
  }

  #drawn() {
    if (this.announced === null || this.announced !== this.expected) {
      return;
    }
    if (this.shown !== this.announced) {
      this.#stopTimers();
      this.shown = this.announced;
      this.parts.cover.hidden = true;
    }
    this.onChange();
  }

  #error(event) {
    const imageId = event.detail?.imageId;
    if (imageId !== undefined && imageId === this.expected && !this.failed) {
      const reason = failureReason(imageId) || 'the image could not be decoded';
      this.fail(`${this.label} cannot be shown: ${reason}.`);
    }
  }

  #late(imageId) {
    if (this.expected === imageId && this.shown !== imageId) {
      const seconds = Math.round(this.timeOutMs / 1000);
      this.fail(`${this.label} cannot be shown: it did not arrive within ${seconds} s.`);
      this.onLate(imageId);
    }
  }

  #say(message) {
    this.parts.message.textContent = message;
  }

  #stopTimers() {
    this.timers.forEach((timer) => clearTimeout(timer));
    this.timers = [];
  }
}
