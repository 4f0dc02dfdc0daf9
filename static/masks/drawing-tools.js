/**
 * What the left button does on the picture: brush, eraser, sphere, and a click that has a node
 * proposed; with the size of the brush and the proposal until it is taken.
 */
import { brush, sphere } from './brush.js';
import { ClickProposal } from './click-proposal.js';
import { DrawingLayer, STYLES } from './drawing-layer.js';
import { filledGaps } from './interpolation.js';
import { PointerStrokes } from './pointer-strokes.js';

const TOOLS = ['brush', 'eraser', 'sphere', 'click'];

/** Sizes are diameters, as a brush is spoken of. */
const [SMALLEST_MM, LARGEST_MM] = [1, 30];
const COARSE_FROM_MM = 10;

/** A pointer that moved no further on the screen was meant to stay. */
const CLICK_PX = 4;

/**
 * @typedef {object} Page What the tools need of the page around them.
 * @property {() => import('./mask-editor.js').MaskEditor | null} editor
 * @property {() => [import('./mask.js').Mask | undefined, import('./drawing-layer.js').Style][]} outlined
 *   What is only looked at.
 * @property {() => boolean} mayDraw
 * @property {(text: string) => void} say
 * @property {(error: unknown) => void} fail
 * @property {<T>(text: string, work: Promise<T>) => Promise<T>} wait
 * @property {() => void} onChange
 */

export class DrawingTools {
  /**
   * @param {import('../viewer/viewer.js').Viewer} viewer
   * @param {HTMLElement} root
   * @param {string} proposeUrl
   * @param {Page} page
   */
  constructor(viewer, root, proposeUrl, page) {
    Object.assign(this, { viewer, root, proposeUrl, page });
    this.tool = 'brush';
    this.sizeMm = 5;
    /** @type {ClickProposal | null} */
    this.proposal = null;
    /** @type {import('./click-proposal.js').Correction | null} The stroke under way. */
    this.stroke = null;
    this.leftOut = 0;
    this.cursor = null;
    this.layer = new DrawingLayer(root.querySelector('.nw-picture'), () => this.#shown());
    this.strokes = new PointerStrokes(root.querySelector('[data-part="viewport"]'), viewer, {
      begin: (slice, place, event) => this.#begin(slice, place, event),
      move: (from, to) => this.#move(from, to),
      end: () => this.#end(),
      hover: (place, event) => this.#hover(place, event),
    });
    this.sizeInput = root.querySelector('[data-part="size"]');
    this.sizeInput.addEventListener('input', () => this.resize(Number(this.sizeInput.value)));
    this.resize(this.sizeMm);
  }

  /** @returns {Record<string, () => void>} */
  actions() {
    const coarse = (size) => (size >= COARSE_FROM_MM ? 2 : 1);
    return {
      ...Object.fromEntries(TOOLS.map((tool) => [tool, () => this.choose(tool)])),
      smaller: () => this.resize(this.sizeMm - coarse(this.sizeMm - 1)),
      larger: () => this.resize(this.sizeMm + coarse(this.sizeMm)),
      fill: () => this.fill(),
      take: () => this.take(),
    };
  }

  /** @param {string} tool */
  choose(tool) {
    if (this.page.mayDraw()) {
      this.tool = tool;
      this.viewer.chooseTool('draw');
      this.page.onChange();
    }
  }

  /** @returns {string | null} The chosen tool; null where the left button is the viewer's. */
  get chosen() {
    return this.viewer.mouse.active === 'draw' ? this.tool : null;
  }

  /** @param {number} sizeMm */
  resize(sizeMm) {
    this.sizeMm = Math.min(LARGEST_MM, Math.max(SMALLEST_MM, sizeMm));
    this.sizeInput.value = String(this.sizeMm);
    this.root.querySelector('[data-part="size-text"]').textContent = `${this.sizeMm} mm`;
    if (this.cursor) {
      this.cursor.radiusMm = this.sizeMm / 2;
    }
    this.layer.redraw();
  }

  fill() {
    const editor = this.page.editor();
    if (!this.page.mayDraw() || editor === null) {
      return;
    }
    const gaps = filledGaps(editor.active.mask, editor.grid);
    this.leftOut = editor.active.draw(gaps, true);
    editor.active.finish();
    const none = 'No slices lie empty between drawn ones.';
    this.page.say(gaps.size > 0 ? `Slices filled: ${gaps.size}.` : none);
    this.#changed();
  }

  /** Put the proposal in the place of the drawing; it can be undone. */
  take() {
    if (this.proposal?.mask && this.page.mayDraw()) {
      this.leftOut = this.page.editor().active.replaceWith(this.proposal.mask);
      this.proposal = null;
      this.#changed();
    }
  }

  /** @returns {boolean} Whether there was a proposal. */
  discardProposal() {
    const had = this.proposal !== null;
    this.proposal = null;
    this.#changed();
    return had;
  }

  /** The last stroke of correction, else the last step of the drawing. */
  undo() {
    this.strokes.stop();
    const strokes = this.proposal?.strokes ?? [];
    if (strokes.length > 0) {
      this.#ask(this.proposal, strokes.slice(0, -1));
    } else {
      this.page.editor()?.active.undo();
      this.#changed();
    }
  }

  redo() {
    this.strokes.stop();
    this.page.editor()?.active.redo();
    this.#changed();
  }

  #changed() {
    if (this.leftOut > 0) {
      this.page.say(`${this.leftOut} voxels left out: ${this.#protectedWords()}.`);
      this.leftOut = 0;
    }
    this.layer.redraw();
    this.page.onChange();
  }

  #protectedWords() {
    const { part } = this.page.editor();
    return part ? 'a part lies within its node' : 'other nodes are protected';
  }

  /** @returns {import('./drawing-layer.js').Shown} */
  #shown() {
    const editor = this.page.editor();
    if (editor === null) {
      return { masks: [], strokes: [], cursor: null };
    }
    this.layer.spacing = editor.columnSpacing;
    const layers = [
      [editor.drawing.mask, STYLES.drawing],
      [editor.part?.mask, STYLES.part],
      [editor.kept, STYLES.kept],
      [this.proposal?.mask, STYLES.proposal],
      ...this.page.outlined(),
    ];
    const isLine = this.stroke !== null && this.tool === 'click';
    const strokes = [...(this.proposal?.strokes ?? []), ...(isLine ? [this.stroke] : [])];
    const masks = layers.filter(([mask]) => mask);
    return { masks: /** @type {any} */ (masks), strokes, cursor: this.cursor };
  }

  #hover(place, event) {
    const hasSize = this.chosen !== null && this.chosen !== 'click';
    const isAdded = (this.tool !== 'eraser') !== event.shiftKey;
    const cursor = place && hasSize ? { place, radiusMm: this.sizeMm / 2, isAdded } : null;
    if (cursor !== null || this.cursor !== null || this.stroke !== null) {
      this.cursor = cursor;
      this.layer.redraw();
    }
  }

  #begin(slice, place, event) {
    if (this.chosen === null || !this.page.mayDraw()) {
      return false;
    }
    const isAdded = (this.tool !== 'eraser') !== event.shiftKey;
    this.stroke = { slice, places: [place], isAdded };
    this.page.say('');
    return true;
  }

  #move(from, to) {
    this.stroke.places.push(to);
    if (this.tool !== 'click') {
      const { active, grid } = this.page.editor();
      const area = this.tool === 'sphere' ? sphere : brush;
      const voxels = area(this.stroke.slice, from, to, this.sizeMm / 2, grid);
      this.leftOut += active.draw(voxels, this.stroke.isAdded);
    }
    this.layer.redraw();
  }

  #end() {
    const { stroke } = this;
    this.stroke = null;
    if (this.tool === 'click') {
      this.#clicked(stroke);
    } else {
      this.page.editor().active.finish();
    }
    this.#changed();
  }

  /** @param {import('./click-proposal.js').Correction} stroke */
  #clicked(stroke) {
    const [first] = stroke.places;
    const scale = this.layer.last?.toCanvas.a ?? 1;
    const farthest = Math.max(
      ...stroke.places.map(({ x, y }) => Math.hypot(x - first.x, y - first.y) * scale),
    );
    if (this.proposal === null || farthest <= CLICK_PX) {
      const click = [stroke.slice, Math.floor(first.y), Math.floor(first.x)];
      const editor = this.page.editor();
      const node = editor.target?.node ?? null;
      this.#ask(new ClickProposal(this.proposeUrl, editor.grid, click, node), []);
    } else if (this.proposal.hasRoom) {
      this.#ask(this.proposal, [...this.proposal.strokes, stroke]);
    } else {
      this.page.say('No more strokes are taken: take the proposal, and go on with the brush.');
    }
  }

  /** @param {ClickProposal} proposal @param {import('./click-proposal.js').Correction[]} strokes */
  async #ask(proposal, strokes) {
    const limit = Number(this.root.querySelector('[data-part="limit"]').value) || null;
    try {
      await this.page.wait('Proposing …', proposal.ask(limit, strokes));
      this.proposal = proposal;
    } catch (error) {
      this.page.fail(error);
    }
    this.#changed();
  }
}
