/**
 * Steps that can be undone and done again. A step is the voxels that it turned into their opposite,
 * so doing it and undoing it are the same.
 */

/** @typedef {import('./mask.js').Voxels} Voxels */

export class EditHistory {
  constructor() {
    /** @type {Voxels[]} */
    this.done = [];
    /** @type {Voxels[]} */
    this.undone = [];
  }

  /** @param {Voxels} step A new one ends what could be done again. */
  add(step) {
    this.done.push(step);
    this.undone = [];
  }

  /** @returns {Voxels | null} What to turn round, or null where nothing was done. */
  undo() {
    const step = this.done.pop() ?? null;
    if (step !== null) {
      this.undone.push(step);
    }
    return step;
  }

  /** @returns {Voxels | null} */
  redo() {
    const step = this.undone.pop() ?? null;
    if (step !== null) {
      this.done.push(step);
    }
    return step;
  }
}
