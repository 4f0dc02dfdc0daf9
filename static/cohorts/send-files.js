/** Sends the files of an upload: a few requests at once, again and again until all is there. */
import { persistently, Refusal } from '../site/persistent-requests.js';
import { BATCH_BYTES, BATCH_PIECES, bodyOf, piecesOf } from './piece-batches.js';

/** @typedef {import('./first-look.js').LookedAt} LookedAt */
/** @typedef {import('./piece-batches.js').Item} Item */
/** @typedef {import('./piece-batches.js').Piece} Piece */
/** @typedef {ReturnType<typeof import('./arrival-api.js').arrivalsAt>} Server */
/** @typedef {import('./arrival-api.js').State} State */

const AT_ONCE = 3;
const ANNOUNCEMENTS = 5;

/**
 * @param {Server} server
 * @param {{name: string, files: LookedAt[], decisions: object}} upload
 * @param {AbortSignal} signal
 * @param {{
 *   onStart: (state: State) => void,
 *   onBytes: (here: number, total: number) => void,
 *   onWaiting: (seconds: number) => void,
 * }} told
 * @returns {Promise<string>} The page of the upload.
 */
export async function sendFiles(server, { name, files, decisions }, signal, told) {
  const announced = {
    ...decisions,
    name,
    files: files.map(({ path, file }) => ({
      path,
      size: file.size,
      modified: Math.floor(file.lastModified),
    })),
  };
  for (let attempt = 1; ; attempt += 1) {
    const start = () => server.start(announced, signal);
    const state = await persistently(start, signal, told.onWaiting);
    told.onStart(state);
    try {
      await sendMissing(server, state, files, signal, told);
      const end = () => server.finish(state, signal);
      return (await persistently(end, signal, told.onWaiting)).page;
    } catch (error) {
      // Something else sent or removed files meanwhile: ask what is there, and go on.
      const isStale = error instanceof Refusal && (error.status === 409 || error.status === 404);
      if (!isStale || attempt >= ANNOUNCEMENTS) {
        throw error;
      }
    }
  }
}

/**
 * @param {Server} server
 * @param {State} state
 * @param {LookedAt[]} files
 * @param {AbortSignal} signal
 * @param {{onBytes: (here: number, total: number) => void, onWaiting: (s: number) => void}} told
 */
async function sendMissing(server, state, files, signal, told) {
  const items = files.map((file, index) => {
    const number = state.numbers[index];
    return { ...file, number, here: state.arrived[number - 1] };
  });
  const total = items.reduce((sum, { file }) => sum + file.size, 0);
  let here = items.reduce((sum, item) => sum + item.here, 0);
  const underWay = new Map();
  const tell = () =>
    told.onBytes(here + [...underWay.values()].reduce((sum, bytes) => sum + bytes, 0), total);
  tell();

  /** @param {Piece[]} batch */
  async function send(batch) {
    const body = await bodyOf(batch);
    const bytes = batch.reduce((sum, { start, end }) => sum + end - start, 0);
    const onSent = (sent) => {
      underWay.set(batch, Math.min(sent, bytes));
      tell();
    };
    const attempt = () =>
      server.sendPieces(state, body, { signal, onSent }).catch((error) => {
        underWay.delete(batch);
        throw error.code === 'piece_damaged' ? new Refusal(error.message, { again: true }) : error;
      });
    await persistently(attempt, signal, told.onWaiting);
    underWay.delete(batch);
    here += gained(batch, bytes);
    tell();
  }

  const queue = items.filter((item) => item.here < item.file.size).values();
  const lanes = Array.from({ length: AT_ONCE }, () => sendFrom(queue, send));
  await Promise.all(lanes);
}

/** @param {Piece[]} batch @param {number} bytes @returns {number} A file left out counts whole. */
function gained(batch, bytes) {
  return batch.reduce(
    (sum, { item, end }) => sum + (item.reason ? item.file.size - end : 0),
    bytes,
  );
}

/**
 * Takes file after file from the common queue. The server adds pieces at the end of a file, so all
 * pieces of one file go through one lane, in order.
 *
 * @param {Iterator<Item>} queue
 * @param {(batch: Piece[]) => Promise<void>} send
 */
async function sendFrom(queue, send) {
  let batch = [];
  let bytes = 0;
  for (let next = queue.next(); !next.done; next = queue.next()) {
    for (const piece of piecesOf(next.value)) {
      batch.push(piece);
      bytes += piece.end - piece.start;
      if (bytes >= BATCH_BYTES || batch.length >= BATCH_PIECES) {
        await send(batch);
        batch = [];
        bytes = 0;
      }
    }
  }
  if (batch.length) {
    await send(batch);
  }
}
