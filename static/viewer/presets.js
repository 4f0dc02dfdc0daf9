/**
 * Window presets of the neck and the DICOM arithmetic behind them.
 */

/**
 * @typedef {object} Preset
 * @property {string} name
 * @property {string} label
 * @property {number} centreHu
 * @property {number} widthHu
 */

/** @type {readonly Preset[]} The first one is the window in which a case opens. */
export const PRESETS = Object.freeze([
  { name: 'soft-tissue', label: 'Soft tissue', centreHu: 50, widthHu: 400 },
  { name: 'bone', label: 'Bone', centreHu: 500, widthHu: 2000 },
  { name: 'lung', label: 'Lung', centreHu: -600, widthHu: 1500 },
  { name: 'wide', label: 'Wide', centreHu: 50, widthHu: 1000 },
]);

export const NARROWEST_HU = 2;
export const WIDEST_HU = 6000;

/**
 * The values drawn black and white (DICOM PS3.3 C.11.2.1.2.1, linear): 50/400 gives -150…249.
 *
 * @param {number} centreHu
 * @param {number} widthHu
 * @returns {{lower: number, upper: number}}
 */
export function windowRange(centreHu, widthHu) {
  const half = (widthHu - 1) / 2;
  return { lower: centreHu - 0.5 - half, upper: centreHu - 0.5 + half };
}

/**
 * A window changed by dragging: to the right wider, downwards higher in HU.
 *
 * @param {{centreHu: number, widthHu: number}} from
 * @param {number} deltaX
 * @param {number} deltaY
 * @returns {{centreHu: number, widthHu: number}}
 */
export function draggedWindow(from, deltaX, deltaY) {
  // Wide windows move faster, so that a bone window needs no longer a drag than soft tissue.
  const huPerPixel = Math.max(0.5, from.widthHu / 400);
  const widthHu = Math.round(from.widthHu + deltaX * huPerPixel);
  return {
    centreHu: Math.round(from.centreHu + deltaY * huPerPixel),
    widthHu: Math.min(WIDEST_HU, Math.max(NARROWEST_HU, widthHu)),
  };
}
