/** Requests that are made again when the network or the server fails for a while. */

const WAITS_S = [1, 2, 4, 8, 15, 30];

/** Why a request did not succeed; `again` says that trying again may help. */
export class Refusal extends Error {
  /**
   * @param {string} sentence
   * @param {{again?: boolean, status?: number, code?: string}} [how]
   */
  constructor(sentence, { again = false, status = 0, code = '' } = {}) {
    super(sentence);
    this.name = 'Refusal';
    this.again = again;
    this.status = status;
    this.code = code;
  }
}

/** @param {number} status 0 when no answer came. @param {string} text @returns {Refusal} */
export function refusalOf(status, text) {
  if (status === 0 || status === 429 || status >= 500) {
    const why = status === 0 ? 'The connection was lost' : `The server answered with ${status}`;
    return new Refusal(`${why}.`, { again: true, status });
  }
  let answer = {};
  try {
    answer = JSON.parse(text);
  } catch {
    // Not ours: a proxy's page, for example.
  }
  const sentence = answer.message || `The server answered with status ${status}.`;
  return new Refusal(sentence, { status, code: answer.code ?? '' });
}

/** @param {number} seconds @param {AbortSignal} signal */
export function waited(seconds, signal) {
  return new Promise((resolve, reject) => {
    function end() {
      clearTimeout(timer);
      window.removeEventListener('online', end);
      signal.removeEventListener('abort', end);
      if (signal.aborted) {
        reject(signal.reason);
      } else {
        resolve();
      }
    }
    const timer = setTimeout(end, seconds * 1000);
    // No need to wait longer once the network is back.
    window.addEventListener('online', end);
    signal.addEventListener('abort', end);
  });
}

/**
 * @template T
 * @param {() => Promise<T>} attempt
 * @param {AbortSignal} signal
 * @param {(seconds: number) => void} onWaiting
 * @returns {Promise<T>}
 */
export async function persistently(attempt, signal, onWaiting) {
  for (const seconds of WAITS_S) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Refusal) || !error.again) {
        throw error;
      }
      onWaiting(seconds);
      await waited(seconds, signal);
    }
  }
  return attempt();
}
