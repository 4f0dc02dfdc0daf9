/** Cuts what is missing of a file into pieces, and makes the body of a request of some of them. */
import { crc32 } from './crc32.js';
import { HEAD_BYTES } from './first-look.js';
import { unreadable } from './upload-problem.js';

/**
 * @typedef {{path: string, file: File, number: number, here: number, reason: string}} Item
 * `here` bytes have arrived; of a file with a `reason` only the first bytes are sent.
 * @typedef {{item: Item, start: number, end: number}} Piece
 */

export const BATCH_BYTES = 6 * 1024 ** 2;
export const BATCH_PIECES = 500;
const PIECE_BYTES = 4 * 1024 ** 2;
const HEAD_OF_PIECE = 20;

/** @param {Item} item @returns {Generator<Piece>} */
export function* piecesOf(item) {
  const end = item.reason ? Math.min(item.file.size, HEAD_BYTES) : item.file.size;
  for (let start = item.here; start < end; start += PIECE_BYTES) {
    yield { item, start, end: Math.min(start + PIECE_BYTES, end) };
  }
}

/**
 * @param {Piece[]} pieces
 * @returns {Promise<Blob>} The body that the server's `pieces/` describes.
 */
export async function bodyOf(pieces) {
  const parts = [];
  for (const { item, start, end } of pieces) {
    const bytes = await bytesOf(item, start, end);
    const head = new DataView(new ArrayBuffer(HEAD_OF_PIECE));
    head.setUint32(0, item.number);
    head.setBigUint64(4, BigInt(start));
    head.setUint32(12, bytes.length);
    head.setUint32(16, crc32(bytes));
    parts.push(head, bytes);
  }
  return new Blob(parts, { type: 'application/octet-stream' });
}

/** @param {Item} item @param {number} start @param {number} end @returns {Promise<Uint8Array>} */
async function bytesOf({ path, file }, start, end) {
  try {
    return new Uint8Array(await file.slice(start, end).arrayBuffer());
  } catch (error) {
    throw unreadable(path, error);
  }
}
