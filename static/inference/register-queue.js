/** Sends the members one after another; goes on by itself after a lost connection. */
import { persistently, Refusal } from '../site/persistent-requests.js';
import { digestOf } from './register-digest.js';

/**
 * @typedef {{path: string, run: number, fold: number, size: number, file: File | null}} Item
 * A file without `file` lies on the server.
 * @typedef {{
 *   onState: (item: Item, state: string, detail: string) => void,
 *   onBytes: (done: number, total: number) => void,
 *   onStored: () => Promise<void>,
 *   onWaiting: (seconds: number) => void,
 * }} Told
 */

/** @param {Item} item @param {{size_bytes: number, sha256: string, problem: string}} [known] */
async function isThere(item, known) {
  if (!item.file || !known || known.problem || known.size_bytes !== item.size) {
    return false;
  }
  return (await digestOf(item.file)) === known.sha256;
}

/**
 * @param {ReturnType<typeof import('./register-api.js').uploadAt>} server
 * @param {Item[]} items
 * @param {AbortSignal} signal
 * @param {Told} told
 * @returns {Promise<{sent: number, skipped: number, refused: string[]}>}
 */
export async function sendAll(server, items, signal, told) {
  const total = items.reduce((sum, { size }) => sum + size, 0);
  const { places } = await persistently(() => server.inventory(signal), signal, told.onWaiting);
  const known = new Map(places.flatMap(({ file }) => (file ? [[file.path, file]] : [])));
  const result = { sent: 0, skipped: 0, refused: [] };
  let before = 0;

  /** @param {Item} item */
  function attempt(item) {
    if (!item.file) {
      told.onState(item, 'checking', '');
      return server.post('server-files/', { path: item.path }, signal);
    }
    return server.send(item, {
      signal,
      onProgress(sent, bytes) {
        told.onBytes(before + Math.min(sent, item.size), total);
        const state = sent >= bytes ? 'checking' : 'sending';
        told.onState(item, state, `${Math.floor((100 * sent) / bytes)} %`);
      },
    });
  }

  for (const item of items) {
    signal.throwIfAborted();
    told.onState(item, 'comparing', '');
    if (await isThere(item, known.get(item.path))) {
      result.skipped += 1;
    } else {
      try {
        const stored = await persistently(() => attempt(item), signal, told.onWaiting);
        result.sent += 1;
        if (stored.problem) {
          result.refused.push(stored.problem);
        }
      } catch (error) {
        if (!(error instanceof Refusal) || error.again) {
          throw error;
        }
        result.refused.push(error.message);
      }
    }
    before += item.size;
    told.onBytes(before, total);
    await persistently(told.onStored, signal, told.onWaiting);
  }
  return result;
}
