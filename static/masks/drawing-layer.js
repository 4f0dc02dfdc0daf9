/**
 * What is being drawn, on a canvas of its own above the node outlines: along pixel edges, so that
 * what is seen is what is saved.
 */
import { decodeRuns, outlineSegments } from '../viewer/node-runs.js';
import { emptied } from '../viewer/sharp-canvas.js';
import { codedPlane } from './mask.js';

/** @typedef {{colour: string, fill: number, dash: number[], width: number}} Style */

/** @type {Record<string, Style>} */
export const STYLES = Object.freeze({
  version: { colour: '#c3b1ff', fill: 0, dash: [2, 3], width: 2 },
  candidate: { colour: '#ffffff', fill: 0, dash: [4, 3], width: 1.5 },
  drawing: { colour: '#ffd24a', fill: 0.18, dash: [], width: 2 },
  part: { colour: '#f08cff', fill: 0.35, dash: [], width: 2 },
  proposal: { colour: '#6ee89a', fill: 0.22, dash: [6, 4], width: 2 },
  kept: { colour: '#ff9a5c', fill: 0, dash: [3, 3], width: 2 },
});
const HALO = 'rgba(0, 0, 0, 0.55)';
const STROKES = { added: '#6ee89a', removed: '#ff6b5e' };

/**
 * @typedef {object} Shown
 * @property {[import('./mask.js').Mask, Style][]} masks The last one lies on top.
 * @property {{slice: number, places: import('./brush.js').Place[], isAdded: boolean}[]} strokes
 * @property {{place: import('./brush.js').Place, radiusMm: number, isAdded: boolean} | null} cursor
 */

export class DrawingLayer {
  /**
   * @param {HTMLElement} picture The element that holds the viewer's own canvases.
   * @param {() => Shown} shown
   */
  constructor(picture, shown) {
    this.shown = shown;
    this.canvas = document.createElement('canvas');
    this.canvas.className = 'nw-overlay';
    this.canvas.setAttribute('aria-hidden', 'true');
    picture.querySelector('[data-part="overlay"]').after(this.canvas);
    this.visible = true;
    /** @type {[number, number] | null} Millimetres between rows, between columns. */
    this.spacing = null;
    /** @type {{slice: number, toCanvas: DOMMatrix} | null} */
    this.last = null;
  }

  /** @param {number | null} slice @param {DOMMatrix | null} toCanvas */
  draw(slice, toCanvas) {
    this.last = slice === null ? null : { slice, toCanvas };
    this.redraw();
  }

  redraw() {
    const context = emptied(this.canvas);
    if (this.last === null) {
      return;
    }
    const { masks, strokes, cursor } = this.shown();
    if (this.visible) {
      masks.forEach(([mask, style]) => this.#drawMask(context, mask, style));
      strokes
        .filter(({ slice }) => slice === this.last.slice)
        .forEach((stroke) => this.#drawStroke(context, stroke));
    }
    if (cursor !== null) {
      this.#drawCursor(context, cursor);
    }
  }

  #drawMask(context, mask, { colour, fill, dash, width }) {
    const plane = mask.planes.get(this.last.slice);
    const runs = plane ? decodeRuns(codedPlane(plane), mask.shape[2]) : [];
    const [area, outline] = [new Path2D(), new Path2D()];
    runs.forEach(({ row, start, end }) => area.rect(start, row, end - start, 1));
    outlineSegments(runs).forEach(([x1, y1, x2, y2]) => {
      outline.moveTo(x1, y1);
      outline.lineTo(x2, y2);
    });
    context.globalAlpha = fill;
    context.fillStyle = colour;
    context.fill(this.#placed(area));
    context.globalAlpha = 1;
    this.#trace(context, this.#placed(outline), { colour, dash, width });
  }

  #drawStroke(context, { places, isAdded }) {
    const line = new Path2D();
    places.forEach(({ x, y }) => line.lineTo(x, y));
    const colour = isAdded ? STROKES.added : STROKES.removed;
    this.#trace(context, this.#placed(line), { colour, dash: [], width: 3 });
  }

  #drawCursor(context, { place, radiusMm, isAdded }) {
    const [high, wide] = this.spacing;
    const circle = new Path2D();
    circle.ellipse(place.x, place.y, radiusMm / wide, radiusMm / high, 0, 0, 2 * Math.PI);
    const dash = isAdded ? [] : [4, 3];
    this.#trace(context, this.#placed(circle), { colour: '#ffffff', dash, width: 1 });
  }

  #placed(path) {
    const placed = new Path2D();
    placed.addPath(path, this.last.toCanvas);
    return placed;
  }

  #trace(context, path, { colour, dash, width }) {
    context.lineCap = dash.length > 0 ? 'butt' : 'square';
    context.setLineDash([]);
    context.strokeStyle = HALO;
    context.lineWidth = width + 1.5;
    context.stroke(path);
    context.setLineDash(dash);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke(path);
    context.setLineDash([]);
  }
}
