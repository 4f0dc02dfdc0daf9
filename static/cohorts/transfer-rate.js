/** How fast bytes go, and how long the rest takes, from the last seconds. */

const WINDOW_MS = 10_000;

/** @param {() => number} [now] Milliseconds. */
export function transferRate(now = () => performance.now()) {
  /** @type {{at: number, bytes: number}[]} */
  let seen = [];

  return {
    /** @param {number} bytes Here by now. */
    note(bytes) {
      const at = now();
      seen = seen.filter((mark) => at - mark.at < WINDOW_MS);
      seen.push({ at, bytes });
    },

    /** @returns {number} Bytes per second; 0 while unknown. */
    perSecond() {
      const [first] = seen;
      const last = seen.at(-1);
      if (!first || last.at - first.at < 500) {
        return 0;
      }
      return Math.max(0, (1000 * (last.bytes - first.bytes)) / (last.at - first.at));
    },
  };
}

/** @param {number} seconds @returns {string} */
export function timeLeft(seconds) {
  if (seconds < 60) {
    return 'less than a minute left';
  }
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `about ${minutes} min left` : `about ${Math.ceil(minutes / 60)} h left`;
}
