/**
 * Where a drawing may not go.
 */

/** @typedef {import('./mask.js').Mask} Mask */
/** @typedef {(slice: number, pixel: number) => boolean} MayDraw */

/**
 * Other nodes are never overwritten. Voxels that a node shared with another one in its stored
 * version stay its own: the server allows them, too.
 *
 * @param {Mask[]} others @param {Mask} stored
 * @returns {MayDraw}
 */
export function besideOthers(others, stored) {
  return (slice, pixel) =>
    stored.has(slice, pixel) || !others.some((other) => other.has(slice, pixel));
}

/** A part of a node lies within it. @param {Mask} whole @returns {MayDraw} */
export function withinNode(whole) {
  return (slice, pixel) => whole.has(slice, pixel);
}
