/**
 * The state of the page: the patient's nodes as the server told them, and what is drawn on one of
 * them. Knows nothing of the page.
 */
import { gridOf } from './brush.js';
import { Drawing } from './drawing.js';
import { Mask } from './mask.js';
import { besideOthers, withinNode } from './protection.js';

/**
 * @typedef {object} EditedNode A node of the case.
 * @property {string} node
 * @property {number} number
 * @property {string} url Its masks are at this address + "masks/".
 * @property {number} mask_version The version of the mask that `runs` is.
 * @property {number} short_axis_mm
 * @property {[number, number, number]} centroid_zyx
 * @property {[number, number]} slices
 * @property {import('../viewer/node-runs.js').Runs} runs
 */

export class MaskEditor {
  /** @param {any} payload The patient's case. */
  constructor(payload) {
    this.grid = gridOf(payload.geometry);
    this.columnSpacing = payload.geometry.pixel_spacing_mm;
    /** @type {EditedNode | null} Null while a new node is drawn. */
    this.target = null;
    /** @type {Drawing | null} The part that is split off the target, while it is drawn. */
    this.part = null;
    /** @type {Mask | null} An own drawing on an older version, until it is decided upon. */
    this.kept = null;
    /** @type {import('./drafts.js').Draft | null} Of what is kept, where a page that is gone left it. */
    this.keptDraft = null;
    /** @type {import('./candidate-panel.js').Candidate | null} What the drawing began with. */
    this.candidate = null;
    this.take(payload);
    this.open(null);
  }

  /** Take the nodes as they are now; what is drawn stays. @param {any} payload */
  take(payload) {
    /** @type {EditedNode[]} */
    this.nodes = [...payload.nodes].sort((a, b) => a.number - b.number);
    this.masks = new Map(this.nodes.map(({ node, runs }) => [node, Mask.fromRuns(runs)]));
  }

  /** @param {string | null} node @returns {EditedNode | null} */
  find(node) {
    return this.nodes.find((candidate) => candidate.node === node) ?? null;
  }

  /** @param {number} step @returns {EditedNode | null} */
  neighbour(step) {
    const { length } = this.nodes;
    const at = this.nodes.findIndex(({ node }) => node === this.target?.node);
    const next = at === -1 && step < 0 ? length - 1 : (at + step + length) % length;
    return length === 0 ? null : this.nodes[next];
  }

  /** @returns {EditedNode[]} The nodes that the drawing must not touch. */
  others() {
    return this.nodes.filter(({ node }) => node !== this.target?.node);
  }

  /** Begin on a node, or on a new one; what was drawn is gone. @param {string | null} node */
  open(node) {
    this.candidate = null;
    this.#begin(node);
  }

  /**
   * Draw a candidate in the place of what is stored; it is not saved, and undo ends at it.
   *
   * @param {import('./candidate-panel.js').Candidate} candidate
   * @param {string | null} node Null: it becomes a new node.
   * @returns {number} Voxels left out: they are of other nodes.
   */
  openCandidate(candidate, node) {
    this.open(node);
    this.candidate = candidate;
    const leftOut = this.drawing.replaceWith(candidate.mask);
    this.drawing.forgetSteps();
    return leftOut;
  }

  /** @param {string | null} node */
  #begin(node) {
    this.target = this.find(node);
    const stored = this.masks.get(this.target?.node) ?? new Mask(this.grid.shape);
    const others = this.others().map((other) => this.masks.get(other.node));
    this.drawing = new Drawing(stored, besideOthers(others, stored));
    this.part = null;
    this.keepBeside(null);
  }

  /**
   * @param {Mask | null} mask
   * @param {import('./drafts.js').Draft | null} draft Null: it was drawn on this page.
   */
  keepBeside(mask, draft = null) {
    this.kept = mask;
    this.keptDraft = draft;
  }

  /** @returns {Drawing} What strokes go to. */
  get active() {
    return this.part ?? this.drawing;
  }

  /** @returns {boolean} Something here is not saved. */
  get isUnsaved() {
    const isPartDrawn = this.part !== null && !this.part.mask.isEmpty;
    const isBegun = this.candidate !== null || this.kept !== null;
    return this.drawing.isChanged || isPartDrawn || isBegun;
  }

  /** @returns {boolean} There is a step that undo would take back. */
  get isDrawnOn() {
    return this.active.history.done.length > 0;
  }

  startPart() {
    this.part = new Drawing(new Mask(this.grid.shape), withinNode(this.drawing.stored));
  }

  endPart() {
    this.part = null;
  }

  /** Begin on the stored version of the same node; the own drawing is kept beside it. */
  openNewer() {
    const own = this.drawing.mask;
    const part = this.part?.mask ?? null;
    this.#begin(this.target?.node ?? null);
    if (part === null) {
      this.keepBeside(own);
      return;
    }
    this.startPart();
    this.part.replaceWith(part);
  }

  /** Draw what was kept over the newer version. @returns {number} Voxels that are protected. */
  useKept() {
    const { kept } = this;
    this.keepBeside(null);
    return this.drawing.replaceWith(kept);
  }

  /** The node that was drawn on is gone: go on with the drawing as a new node. */
  becomeNew() {
    const own = this.active.mask;
    this.#begin(null);
    this.drawing.replaceWith(own);
  }
}
