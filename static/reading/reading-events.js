/**
 * Tells the server what was looked at: best effort, never in the way of the reading.
 */
import { postJson } from '../viewer/http.js';

const SEND_EVERY_MS = 5000;
/** A slice counts as looked at when the reader stayed on it this long. */
const SETTLED_MS = 150;
const MOST_KEPT = 500;
/** Browsers refuse to let more than 64 KB outlive a page. */
const MOST_AT_ONCE = 100;

export class ReadingEvents {
  constructor() {
    this.url = '';
    this.events = [];
    this.lastSlice = -1;
    this.settling = 0;
    this.sending = false;
    setInterval(() => this.flush(), SEND_EVERY_MS);
    document.addEventListener('visibilitychange', () => {
      this.record(document.visibilityState === 'hidden' ? 'hidden' : 'visible');
      this.flush({ keepalive: true });
    });
    window.addEventListener('pagehide', () => {
      this.record('closed');
      this.flush({ keepalive: true });
    });
  }

  /** @param {string} url The case's address for events. */
  open(url) {
    this.url = url;
    this.events = [];
    this.lastSlice = -1;
    this.record('opened');
  }

  async close() {
    const { url } = this;
    clearTimeout(this.settling);
    this.record('closed');
    await this.flush({ keepalive: true });
    // The next case may have been opened meanwhile: its diary goes on.
    if (this.url === url) {
      this.url = '';
    }
  }

  /** @param {number} slice @param {string | null} node */
  sliceShown(slice, node) {
    if (slice === this.lastSlice) {
      return;
    }
    this.lastSlice = slice;
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.record('slice', { slice, node }), SETTLED_MS);
  }

  /** @param {string} kind @param {{slice?: number | null, node?: string | null}} [about] */
  record(kind, { slice = null, node = null } = {}) {
    if (this.url && this.events.length < MOST_KEPT) {
      this.events.push({ kind, slice, node, at_ms: Date.now() });
    }
  }

  /** @param {{keepalive?: boolean}} [options] */
  async flush({ keepalive = false } = {}) {
    if (!this.url || this.events.length === 0 || (this.sending && !keepalive)) {
      return;
    }
    const { url } = this;
    const events = this.events.splice(0, MOST_AT_ONCE);
    this.sending = true;
    try {
      await postJson(url, { events }, { keepalive });
    } catch {
      // Kept for the next attempt; a reading never waits for its diary.
      if (url === this.url) {
        this.events.unshift(...events);
      }
    } finally {
      this.sending = false;
    }
  }
}
