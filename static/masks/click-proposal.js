/**
 * Click-to-segment: asks the server for the node at a click, and again after each correction.
 */
import { postJson } from '../viewer/http.js';
import { lineThrough } from './brush.js';
import { Mask } from './mask.js';

/** What the server takes of one request. */
const MOST_STROKES = 20;
const MOST_STROKE_VOXELS = 2000;

/**
 * @typedef {object} Correction
 * @property {number} slice
 * @property {import('./brush.js').Place[]} places
 * @property {boolean} isAdded
 */

export class ClickProposal {
  /**
   * @param {string} url
   * @param {import('./brush.js').Grid} grid
   * @param {[number, number, number]} click
   * @param {string | null} node The node that is drawn anew.
   */
  constructor(url, grid, click, node) {
    Object.assign(this, { url, grid, click, node });
    /** @type {Correction[]} */
    this.strokes = [];
    /** @type {Mask | null} Null until the server has answered. */
    this.mask = null;
    /** @type {any} What the server answered. */
    this.found = null;
  }

  /** @returns {boolean} Whether another stroke is taken. */
  get hasRoom() {
    return this.strokes.length < MOST_STROKES;
  }

  /**
   * Ask with these strokes; a refusal leaves the proposal as it was.
   *
   * @param {number | null} limitMm Of the short axis.
   * @param {Correction[]} strokes
   */
  async ask(limitMm, strokes) {
    const before = this.strokes;
    this.strokes = strokes;
    try {
      this.found = await postJson(this.url, {
        click_zyx: this.click,
        node: this.node,
        short_axis_limit_mm: limitMm,
        strokes: strokes.map((stroke) => this.#sent(stroke)),
      });
    } catch (error) {
      this.strokes = before;
      throw error;
    }
    this.mask = Mask.fromRuns(this.found.runs);
  }

  /** @param {Correction} stroke */
  #sent({ slice, places, isAdded }) {
    const [, , columns] = this.grid.shape;
    const pixels = lineThrough(places, this.grid).slice(0, MOST_STROKE_VOXELS);
    const voxels = pixels.map((pixel) => [slice, Math.floor(pixel / columns), pixel % columns]);
    return { add: isAdded, voxels_zyx: voxels };
  }
}
