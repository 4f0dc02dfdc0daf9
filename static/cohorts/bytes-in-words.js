const MEGABYTE = 1024 ** 2;
const GIGABYTE = 1024 ** 3;

/** @param {number} bytes @returns {string} */
export function inWords(bytes) {
  return bytes < GIGABYTE
    ? `${(bytes / MEGABYTE).toFixed(1)} MB`
    : `${(bytes / GIGABYTE).toFixed(1)} GB`;
}
