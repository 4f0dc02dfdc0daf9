/**
 * The attribution map beneath the node's outline, on the same canvas above the picture.
 */
import { NodeOverlay } from '../viewer/node-overlay.js';

export class AttributionOverlay extends NodeOverlay {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    super(canvas);
    /** @type {import('./attribution-map.js').AttributionMap | null} */
    this.map = null;
    this.shown = true;
    this.opacity = 0.7;
  }

  /**
   * @param {number} slice
   * @param {DOMMatrix} toCanvas From pixel corners to CSS pixels of the canvas.
   */
  draw(slice, toCanvas) {
    super.draw(slice, toCanvas);
    const picture = this.shown ? this.map?.pictureOf(slice) : null;
    if (!picture) {
      return;
    }
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext('2d'));
    const ratio = window.devicePixelRatio || 1;
    context.save();
    context.setTransform(new DOMMatrix([ratio, 0, 0, ratio, 0, 0]).multiply(toCanvas));
    context.globalAlpha = this.opacity;
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    // The outlines are there already and stay on top.
    context.globalCompositeOperation = 'destination-over';
    context.drawImage(picture, this.map.left, this.map.top);
    context.restore();
  }
}
