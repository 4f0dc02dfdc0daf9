/**
 * A mask being changed: strokes that keep off what is protected, steps that can be undone, and
 * whether anything differs from what is stored.
 */
import { EditHistory } from './edit-history.js';
import { Mask } from './mask.js';

/** @typedef {import('./mask.js').Voxels} Voxels */

export class Drawing {
  /**
   * @param {Mask} stored What the drawing starts from.
   * @param {import('./protection.js').MayDraw} may Where voxels may be added.
   */
  constructor(stored, may) {
    this.stored = stored;
    this.may = may;
    this.mask = stored.copy();
    this.history = new EditHistory();
    /** Voxels that differ from the stored mask. */
    this.differing = 0;
    /** @type {Voxels} The step under way. */
    this.step = new Map();
  }

  /** @returns {boolean} */
  get isChanged() {
    return this.differing > 0;
  }

  /**
   * Add voxels to the step under way, or take them away.
   *
   * @param {Voxels} voxels @param {boolean} isAdded
   * @returns {number} How many were left out because they are protected.
   */
  draw(voxels, isAdded) {
    let leftOut = 0;
    const turned = new Map();
    voxels.forEach((pixels, slice) => {
      const wanted = pixels.filter((pixel) => this.mask.has(slice, pixel) !== isAdded);
      const allowed = isAdded ? wanted.filter((pixel) => this.may(slice, pixel)) : wanted;
      leftOut += wanted.length - allowed.length;
      if (allowed.length > 0) {
        turned.set(slice, allowed);
      }
    });
    this.#turn(turned);
    turned.forEach((pixels, slice) => {
      this.step.set(slice, [...(this.step.get(slice) ?? []), ...pixels]);
    });
    return leftOut;
  }

  /** End the step: what was drawn since the last one is undone as one. */
  finish() {
    if (this.step.size > 0) {
      this.history.add(this.step);
      this.step = new Map();
    }
  }

  /** Make the drawing another mask, as one step. @param {Mask} mask @returns {number} Left out. */
  replaceWith(mask) {
    this.finish();
    const surplus = without(this.mask, mask);
    this.draw(surplus, false);
    const leftOut = this.draw(mask.voxels(), true);
    this.finish();
    return leftOut;
  }

  /** Nothing before now can be undone. */
  forgetSteps() {
    this.history = new EditHistory();
  }

  /** @returns {boolean} Whether there was anything to undo. */
  undo() {
    this.finish();
    return this.#repeat(this.history.undo());
  }

  /** @returns {boolean} */
  redo() {
    this.finish();
    return this.#repeat(this.history.redo());
  }

  /** @param {Voxels | null} step */
  #repeat(step) {
    this.#turn(step ?? new Map());
    return step !== null;
  }

  /** Turn voxels into their opposite: doing it twice changes nothing. @param {Voxels} voxels */
  #turn(voxels) {
    voxels.forEach((pixels, slice) => {
      const plane = this.mask.planeOf(slice);
      const stored = this.stored.planes.get(slice);
      pixels.forEach((pixel) => {
        plane[pixel] ^= 1;
        this.differing += plane[pixel] === (stored?.[pixel] ?? 0) ? -1 : 1;
      });
    });
  }
}

/** @param {Mask} mask @param {Mask} other @returns {Voxels} The voxels of one but not the other. */
function without(mask, other) {
  const left = new Map();
  mask.voxels().forEach((pixels, slice) => {
    left.set(slice, pixels.filter((pixel) => !other.has(slice, pixel)));
  });
  return left;
}
