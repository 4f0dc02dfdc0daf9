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
  }

  fit() {
    this.viewport.resetCamera();
    this.viewport.render();
  }

  /** @param {number} factor Above 1 is closer. */
  zoomBy(factor) {
    const { parallelScale } = this.viewport.getCamera();
    const [nearest, farthest] = [this.#fitScale() * CLOSEST, this.#fitScale() * FARTHEST];
    this.#move({ parallelScale: Math.min(farthest, Math.max(nearest, parallelScale / factor)) });
  }

  /** One image pixel on one screen pixel. */
  actualPixels() {
    const spacing = this.geometry.pixel_spacing_mm[0];
    const heightPixels = this.element.clientHeight * (window.devicePixelRatio || 1);
    this.#move({ parallelScale: (heightPixels * spacing) / 2 });
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
    const { focalPoint, position } = this.viewport.getCamera();
    const target = this.#worldOf(zyx[2] + 0.5, zyx[1] + 0.5);
    const shift = target.map((value, axis) => value - focalPoint[axis]);
    // Only within the slice: the camera's depth belongs to the slice shown.
    const normal = position.map((value, axis) => value - focalPoint[axis]);
    const length = Math.hypot(...normal);
    const unit = normal.map((value) => value / length);
    const depth = shift.reduce((sum, value, axis) => sum + value * unit[axis], 0);
    const within = shift.map((value, axis) => value - depth * unit[axis]);
    const moved = (from) => from.map((value, axis) => value + within[axis]);
    this.#move({ focalPoint: moved(focalPoint), position: moved(position) });
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
    const canvas = this.viewport.worldToCanvas(this.#worldOf(x, y));
    // Without WebGL the canvas is addressed in screen pixels, with it in CSS pixels.
    const ratio = drawsWithoutWebGl() ? window.devicePixelRatio || 1 : 1;
    return canvas.map((value) => value / ratio);
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

  #fitScale() {
    return (this.geometry.rows * this.geometry.pixel_spacing_mm[0]) / 2;
  }

  #move(camera) {
    this.viewport.setCamera({ ...this.viewport.getCamera(), ...camera });
    this.viewport.render();
  }
}
