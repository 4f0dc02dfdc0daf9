/**
 * One attribution map: fetched, checked against its digest, and coloured slice by slice.
 */
import { getBytes } from '../viewer/http.js';

/** Orange and blue are told apart with every kind of colour vision. */
export const RAISES = Object.freeze([255, 140, 26]);
export const LOWERS = Object.freeze([61, 139, 255]);

/**
 * @typedef {object} MapDescription
 * @property {string} values_url
 * @property {{sha256: string, bytes: number, scale: number, limit: number}} values
 * @property {{start_zyx: number[], shape_zyx: number[]}} box
 */

/** @param {ArrayBuffer} bytes @returns {Promise<string>} */
async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Colour and opacity of a value. The opacity grows with the square root, so that weak attribution
 * beside strong one is still seen.
 *
 * @param {number} value
 * @param {number} limit Where the scale ends.
 * @returns {[number, number, number, number]} Red, green, blue, opacity: 0 to 255.
 */
export function colourOf(value, limit) {
  const part = limit > 0 ? Math.min(1, Math.abs(value) / limit) : 0;
  const [red, green, blue] = value > 0 ? RAISES : LOWERS;
  return [red, green, blue, Math.round(255 * Math.sqrt(part))];
}

export class AttributionMap {
  /**
   * @param {MapDescription} description
   * @param {Int16Array} units
   */
  constructor({ values, box }, units) {
    this.units = units;
    this.scale = values.scale;
    this.limit = values.limit;
    [this.firstSlice, this.top, this.left] = box.start_zyx;
    [this.slices, this.rows, this.columns] = box.shape_zyx;
    /** @type {Map<number, HTMLCanvasElement>} */
    this.pictures = new Map();
  }

  /** @param {MapDescription} description @returns {Promise<AttributionMap>} */
  static async fetch(description) {
    const bytes = await getBytes(description.values_url);
    const { sha256: digest, bytes: length } = description.values;
    if (bytes.byteLength !== length || (await sha256(bytes)) !== digest) {
      throw new Error('The map was damaged on its way, or belongs to another node. Try again.');
    }
    const view = new DataView(bytes);
    const units = Int16Array.from({ length: length / 2 }, (_, at) => view.getInt16(2 * at, true));
    return new AttributionMap(description, units);
  }

  /** @param {number} slice Of the series. @returns {Int16Array} Its units; empty outside the map. */
  unitsOf(slice) {
    const size = this.rows * this.columns;
    const at = slice - this.firstSlice;
    return at < 0 || at >= this.slices
      ? new Int16Array(0)
      : this.units.subarray(at * size, (at + 1) * size);
  }

  /** @param {number} slice @returns {{raises: number, lowers: number}} Sums in logits. */
  sumsOf(slice) {
    let [raises, lowers] = [0, 0];
    this.unitsOf(slice).forEach((unit) => {
      raises += Math.max(0, unit);
      lowers += Math.min(0, unit);
    });
    return { raises: raises * this.scale, lowers: lowers * this.scale };
  }

  /** @returns {number} The slice with the most attribution, of either sign. */
  strongestSlice() {
    const sizes = Array.from({ length: this.slices }, (_, at) => {
      const { raises, lowers } = this.sumsOf(this.firstSlice + at);
      return raises - lowers;
    });
    return this.firstSlice + sizes.indexOf(Math.max(...sizes));
  }

  /** @param {number} slice @returns {HTMLCanvasElement | null} One pixel per voxel. */
  pictureOf(slice) {
    const units = this.unitsOf(slice);
    if (units.length === 0) {
      return null;
    }
    const found = this.pictures.get(slice) ?? this.#paint(units);
    this.pictures.set(slice, found);
    return found;
  }

  /** @param {Int16Array} units */
  #paint(units) {
    const canvas = document.createElement('canvas');
    canvas.width = this.columns;
    canvas.height = this.rows;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const image = context.createImageData(this.columns, this.rows);
    units.forEach((unit, at) => {
      image.data.set(colourOf(unit * this.scale, this.limit), 4 * at);
    });
    context.putImageData(image, 0, 0);
    return canvas;
  }
}
