/**
 * Zoom, pan and the map from image pixels to the canvas, alike with and without WebGL.
 */
import { drawsWithoutWebGl } from './cornerstone.js';

const CLOSEST = 0.02;
const FARTHEST = 4;

/** How near to the border, in parts of the view, a node may lie before the view is moved. */
const MARGIN = 0.12;

export class Camera {
  /** @param {any} viewport A stack viewport. @param {HTMLElement} element */
  constructor(viewport, element) {
    this.viewport = viewport;
    this.element = element;
    /** @type {import('./series.js').Geometry | null} */
    this.geometry = null;
    this.kept = { x: 0, y: 0, parallelScale: 1 };
  }

  /** Remember the view before the slice changes. */
  keep() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const middle = this.toCanvas().inverse().transformPoint({ x: width / 2, y: height / 2 });
    const { parallelScale } = this.viewport.getCamera();
    this.kept = { x: middle.x, y: middle.y, parallelScale };
  }

  /** With WebGL a new slice moves the view by half a pixel: put it back before it is drawn. */
  restore() {
    if (!drawsWithoutWebGl()) {
      this.#centre(this.kept.x, this.kept.y, { parallelScale: this.kept.parallelScale });
    }
  }

  /** The whole slice in the view. Cornerstone's own fit is half a pixel off the middle. */
  fit() {
    const { rows, columns } = this.geometry;
    this.viewport.resetCamera();
    this.#centre(columns / 2, rows / 2, { parallelScale: this.#fitScale() });
  }

  /** @param {number} factor Above 1 is closer. */
  zoomBy(factor) {
    const { parallelScale } = this.viewport.getCamera();
    const [nearest, farthest] = [this.#fitScale() * CLOSEST, this.#fitScale() * FARTHEST];
    this.#move({ parallelScale: Math.min(farthest, Math.max(nearest, parallelScale / factor)) });
  }

  /** One image pixel on one screen pixel, the slice's middle in the middle. */
  actualPixels() {
    const { rows, columns, pixel_spacing_mm: spacing } = this.geometry;
    const heightPixels = this.element.clientHeight * (window.devicePixelRatio || 1);
    this.#centre(columns / 2, rows / 2, { parallelScale: (heightPixels * spacing[0]) / 2 });
  }

  /** Move the view only if a place lies outside or close to its border. @param {number[]} zyx */
  reveal(zyx) {
    const at = this.toCanvas().transformPoint({ x: zyx[2] + 0.5, y: zyx[1] + 0.5 });
    const { clientWidth: width, clientHeight: height } = this.element;
    const inside = (value, size) => value > size * MARGIN && value < size * (1 - MARGIN);
    if (!inside(at.x, width) || !inside(at.y, height)) {
      this.centreOn(zyx);
    }
  }

  /** @param {number[]} zyx */
  centreOn(zyx) {
    this.#centre(zyx[2] + 0.5, zyx[1] + 0.5);
  }

  /** @returns {DOMMatrix} From pixel corners (columns, rows) to CSS pixels. */
  toCanvas() {
    const { rows, columns } = this.geometry;
    const [x0, y0] = this.#canvasOf(0, 0);
    const [x1, y1] = this.#canvasOf(columns, 0);
    const [x2, y2] = this.#canvasOf(0, rows);
    const column = [(x1 - x0) / columns, (y1 - y0) / columns];
    const row = [(x2 - x0) / rows, (y2 - y0) / rows];
    return new DOMMatrix([column[0], column[1], row[0], row[1], x0, y0]);
  }

  #canvasOf(x, y) {
    return this.viewport.worldToCanvas(this.#worldOf(x, y));
  }

  /** A pixel corner in millimetres. */
  #worldOf(x, y) {
    const { pixel_spacing_mm: spacing, row_direction: row } = this.geometry;
    const column = this.geometry.column_direction;
    const { origin } = this.viewport.getImageData();
    // Cornerstone without WebGL takes whole numbers for pixel corners, with WebGL for centres.
    const half = drawsWithoutWebGl() ? 0 : 0.5;
    return [0, 1, 2].map(
      (axis) =>
        origin[axis] +
        row[axis] * (x - half) * spacing[1] +
        column[axis] * (y - half) * spacing[0],
    );
  }

  /** Half the height in millimetres that shows the whole slice. */
  #fitScale() {
    const { rows, columns, pixel_spacing_mm: spacing } = this.geometry;
    const { clientWidth: width, clientHeight: height } = this.element;
    const forWidth = (columns * spacing[1] * height) / width;
    return Math.max(rows * spacing[0], forWidth) / 2;
  }

  /** Put a pixel corner in the middle of the view. */
  #centre(x, y, more = {}) {
    const { focalPoint, position, viewPlaneNormal: normal } = this.viewport.getCamera();
    const shift = this.#worldOf(x, y).map((value, axis) => value - focalPoint[axis]);
    // Only within the slice: the camera's depth belongs to the slice shown.
    const depth = shift.reduce((sum, value, axis) => sum + value * normal[axis], 0);
    const moved = (from) =>
      from.map((value, axis) => value + shift[axis] - depth * normal[axis]);
    this.#move({ focalPoint: moved(focalPoint), position: moved(position), ...more });
  }

  /** Without WebGL a camera handed back whole would undo the change: only what moves is set. */
  #move(camera) {
    this.viewport.setCamera(camera);
    this.viewport.render();
  }
}
