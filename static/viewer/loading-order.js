/**
 * What is fetched when: the current node's slice, outward from every node, then the rest.
 */
import { imageLoader } from './cornerstone.js';

/** Of a browser's six connections two stay free: for the slice being looked at and for saving. */
const CURRENT_CASE_AT_ONCE = 4;
const NEXT_CASE_AT_ONCE = 2;

/**
 * @param {number} length Number of slices.
 * @param {number} first The slice shown first.
 * @param {number[]} centres The nodes' central slices.
 * @returns {number[]} Every slice once: the first, then by distance to the nearest node.
 */
export function loadingOrder(length, first, centres) {
  const around = centres.length > 0 ? centres : [first];
  const distance = (slice) => Math.min(...around.map((centre) => Math.abs(centre - slice)));
  const rest = Array.from({ length }, (_, slice) => slice).filter((slice) => slice !== first);
  return [first, ...rest.sort((a, b) => distance(a) - distance(b) || a - b)];
}

export class LoadQueue {
  /** @param {() => void} onLoaded Called after each slice. */
  constructor(onLoaded) {
    this.onLoaded = onLoaded;
    this.running = 0;
    this.stop();
  }

  /** @param {string[]} imageIds The current case's slices; whatever waited before is dropped. */
  start(imageIds) {
    /** @type {string[]} */
    this.current = [...imageIds];
    this.next = [];
    this.#fill();
  }

  /** @param {string[]} imageIds The next case's slices, fetched when the current one is here. */
  startNext(imageIds) {
    /** @type {string[]} */
    this.next = [...imageIds];
    this.#fill();
  }

  stop() {
    this.current = [];
    this.next = [];
  }

  #fill() {
    while (this.current.length > 0 && this.running < CURRENT_CASE_AT_ONCE) {
      this.#load(this.current.shift());
    }
    while (this.current.length === 0 && this.next.length > 0 && this.running < NEXT_CASE_AT_ONCE) {
      this.#load(this.next.shift());
    }
  }

  /** @param {string} imageId */
  async #load(imageId) {
    this.running += 1;
    try {
      await imageLoader.loadAndCacheImage(imageId, { priority: 0, requestType: 'prefetch' });
    } catch {
      // Not an error yet: the slice is asked for again, and explained, when it is to be shown.
    } finally {
      this.running -= 1;
      this.onLoaded();
      this.#fill();
    }
  }
}
