/**
 * Packs files into one stored (uncompressed) zip without a second copy of their bytes.
 *
 * The zip is a Blob of small headers and of references to the files on disk. A file is read here
 * slice by slice for its checksum only; the browser reads it again while it sends.
 */
import { Zip, ZipPassThrough } from '../vendor/fflate-0.8.3/zip.js';
import { unreadable } from './upload-problem.js';

/** @typedef {import('./dropped-items.js').FolderFile} FolderFile */

const SLICE_BYTES = 4 * 1024 ** 2;
/** Local header, data descriptor and directory entry of one file; its name comes twice. */
const ENTRY_BYTES = 30 + 16 + 46;
const END_BYTES = 22;
/** Without the ZIP64 extension, which fflate does not write. */
export const MOST_BYTES = 2 ** 32 - 1;
export const MOST_FILES = 2 ** 16 - 2;

/** @param {FolderFile[]} files @returns {number} Size of the zip that `packFolder` makes. */
export function packedBytes(files) {
  const encoder = new TextEncoder();
  return files.reduce(
    (sum, { path, file }) => sum + file.size + ENTRY_BYTES + 2 * encoder.encode(path).length,
    END_BYTES,
  );
}

/**
 * @param {FolderFile[]} files
 * @param {{signal: AbortSignal, onProgress: (done: number, total: number) => void}} options
 * @returns {Promise<Blob>}
 * @throws {UploadProblem} When a file cannot be read.
 */
export async function packFolder(files, { signal, onProgress }) {
  /** @type {BlobPart[]} */
  const parts = [];
  let pushed = { bytes: null, slice: null };
  const zip = new Zip((error, chunk) => {
    if (error) {
      throw error;
    }
    parts.push(chunk === pushed.bytes ? pushed.slice : chunk);
  });
  for (const [index, { path, file }] of files.entries()) {
    onProgress(index, files.length);
    const entry = new ZipPassThrough(path);
    zip.add(entry);
    for await (const piece of piecesOf(path, file, signal)) {
      pushed = piece;
      entry.push(piece.bytes, piece.isLast);
    }
  }
  onProgress(files.length, files.length);
  zip.end();
  return new Blob(parts, { type: 'application/zip' });
}

/** @param {string} path @param {File} file @param {AbortSignal} signal */
async function* piecesOf(path, file, signal) {
  let start = 0;
  do {
    signal.throwIfAborted();
    const slice = file.slice(start, start + SLICE_BYTES);
    start += SLICE_BYTES;
    yield { slice, bytes: await bytesOf(path, slice), isLast: start >= file.size };
  } while (start < file.size);
}

/** @param {string} path @param {Blob} slice @returns {Promise<Uint8Array>} */
async function bytesOf(path, slice) {
  try {
    return new Uint8Array(await slice.arrayBuffer());
  } catch (error) {
    throw unreadable(path, error);
  }
}
