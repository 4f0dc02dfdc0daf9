/** SHA-256 of a file, where the browser can take it. */

/** Larger files would have to be held in memory whole. */
const MOST_BYTES = 512 * 1024 ** 2;

/**
 * @param {File} file
 * @returns {Promise<string | null>} Null where it cannot be taken: the file is then sent again.
 */
export async function digestOf(file) {
  // Absent on pages that came neither over HTTPS nor from this very machine.
  if (!globalThis.crypto?.subtle || file.size > MOST_BYTES) {
    return null;
  }
  try {
    const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  } catch {
    return null;
  }
}
