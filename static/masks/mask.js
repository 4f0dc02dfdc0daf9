/**
 * The voxels of one node: a plane of bytes (row by row) for each slice that has any.
 */

/**
 * @typedef {Map<number, number[]>} Voxels Slice, and pixel numbers in it: row × columns + column.
 */

/** @param {Uint8Array} plane @returns {number[]} Gap, length, gap … as node-runs.js has it. */
export function codedPlane(plane) {
  const coded = [];
  let end = 0;
  let start = plane.indexOf(1);
  while (start !== -1) {
    const zero = plane.indexOf(0, start);
    const stop = zero === -1 ? plane.length : zero;
    coded.push(start - end, stop - start);
    end = stop;
    start = plane.indexOf(1, stop);
  }
  return coded;
}

/** @param {number[]} coded @param {Uint8Array} plane Filled where the runs are. */
function paintRuns(coded, plane) {
  let position = 0;
  for (let item = 0; item < coded.length; item += 2) {
    const start = position + coded[item];
    position = start + coded[item + 1];
    plane.fill(1, start, position);
  }
}

export class Mask {
  /** @param {[number, number, number]} shape Slices, rows, columns of the CT. */
  constructor(shape) {
    this.shape = shape;
    /** @type {Map<number, Uint8Array>} */
    this.planes = new Map();
  }

  /** @param {import('../viewer/node-runs.js').Runs} runs @returns {Mask} */
  static fromRuns({ shape, slices }) {
    const mask = new Mask(shape);
    slices.forEach(([slice, coded]) => paintRuns(coded, mask.planeOf(slice)));
    return mask;
  }

  /** @returns {import('../viewer/node-runs.js').Runs} One mask has exactly one such form. */
  toRuns() {
    const slices = this.slices().map((slice) => [slice, codedPlane(this.planes.get(slice))]);
    return { shape: this.shape, slices: /** @type {any} */ (slices) };
  }

  /** @param {number} slice @returns {Uint8Array} Made where there is none yet. */
  planeOf(slice) {
    const [, rows, columns] = this.shape;
    if (!this.planes.has(slice)) {
      this.planes.set(slice, new Uint8Array(rows * columns));
    }
    return this.planes.get(slice);
  }

  /** @param {number} slice @param {number} pixel @returns {boolean} */
  has(slice, pixel) {
    return this.planes.get(slice)?.[pixel] === 1;
  }

  /** @returns {number[]} Slices with a voxel, ascending. */
  slices() {
    const found = [...this.planes].filter(([, plane]) => plane.indexOf(1) !== -1);
    return found.map(([slice]) => slice).sort((a, b) => a - b);
  }

  /** @returns {boolean} */
  get isEmpty() {
    return this.slices().length === 0;
  }

  /** @returns {Mask} */
  copy() {
    const mask = new Mask(this.shape);
    this.planes.forEach((plane, slice) => mask.planes.set(slice, plane.slice()));
    return mask;
  }

  /** @returns {Voxels} */
  voxels() {
    return new Map(this.slices().map((slice) => [slice, pixelsOf(this.planes.get(slice))]));
  }
}

/** @param {Uint8Array} plane @returns {number[]} */
function pixelsOf(plane) {
  const pixels = [];
  for (let at = plane.indexOf(1); at !== -1; at = plane.indexOf(1, at + 1)) {
    pixels.push(at);
  }
  return pixels;
}
