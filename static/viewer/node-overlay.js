/**
 * Node outlines on the slice, drawn on a canvas of our own above the picture.
 */
import { decodeRuns, outlineSegments } from './node-runs.js';
import { emptied } from './sharp-canvas.js';

/**
 * @typedef {object} OverlayNode
 * @property {string} node
 * @property {number} number
 * @property {[number, number, number]} centroid_zyx
 * @property {[number, number]} slices First and last slice.
 * @property {import('./node-runs.js').Runs} runs
 */

const CURRENT = { colour: '#ffd24a', width: 2.5 };
const OTHER = { colour: '#4fc3f7', width: 1.25 };
const HALO = 'rgba(0, 0, 0, 0.55)';

/** @typedef {{path: Path2D, right: number, top: number}} Outline */

/** @param {OverlayNode} node @returns {Map<number, Outline>} Its outline on every slice. */
function outlinesOf(node) {
  const columns = node.runs.shape[2];
  return new Map(
    node.runs.slices.map(([slice, coded]) => {
      const path = new Path2D();
      const runs = decodeRuns(coded, columns);
      outlineSegments(runs).forEach(([x1, y1, x2, y2]) => {
        path.moveTo(x1, y1);
        path.lineTo(x2, y2);
      });
      const right = Math.max(...runs.map((run) => run.end));
      return [slice, { path, right, top: Math.min(...runs.map((run) => run.row)) }];
    }),
  );
}

export class NodeOverlay {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.visible = true;
    /** @type {string | null} */
    this.current = null;
    this.nodes = [];
  }

  /** @param {OverlayNode[]} nodes */
  setNodes(nodes) {
    this.nodes = nodes.map((node) => ({ ...node, outlines: outlinesOf(node) }));
  }

  clear() {
    emptied(this.canvas);
  }

  /**
   * @param {number} slice
   * @param {DOMMatrix} toCanvas From pixel corners to CSS pixels of the canvas.
   */
  draw(slice, toCanvas) {
    const context = emptied(this.canvas);
    if (!this.visible) {
      return;
    }
    // The current node is drawn last, so that a neighbour never hides its line.
    const ordered = [...this.nodes].sort(
      (a, b) => Number(a.node === this.current) - Number(b.node === this.current),
    );
    for (const node of ordered) {
      const outline = node.outlines.get(slice);
      if (outline) {
        this.#drawNode(context, node, outline, toCanvas);
      }
    }
  }

  #drawNode(context, node, outline, toCanvas) {
    const { colour, width } = node.node === this.current ? CURRENT : OTHER;
    const path = new Path2D();
    path.addPath(outline.path, toCanvas);
    context.lineCap = 'square';
    context.strokeStyle = HALO;
    context.lineWidth = width + 1.5;
    context.stroke(path);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke(path);
    const at = toCanvas.transformPoint({ x: outline.right, y: outline.top });
    context.font = `${node.node === this.current ? 600 : 400} 13px system-ui, sans-serif`;
    context.lineWidth = 3;
    context.strokeStyle = HALO;
    context.strokeText(String(node.number), at.x + 4, at.y - 2);
    context.fillStyle = colour;
    context.fillText(String(node.number), at.x + 4, at.y - 2);
  }
}
