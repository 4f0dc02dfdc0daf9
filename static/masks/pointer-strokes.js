/**
 * Turns the pointer on the picture into strokes on one slice, in pixel corners.
 *
 * A stroke belongs to the slice that was provably shown when it began; it ends when another one is
 * asked for, so that nothing is drawn on a slice nobody saw.
 */

/** @typedef {import('./brush.js').Place} Place */

export class PointerStrokes {
  /**
   * @param {HTMLElement} element The viewport's element.
   * @param {import('../viewer/viewer.js').Viewer} viewer
   * @param {object} acts
   * @param {(slice: number, place: Place, event: PointerEvent) => boolean} acts.begin Whether the
   *   stroke is wanted.
   * @param {(from: Place, to: Place) => void} acts.move
   * @param {() => void} acts.end
   * @param {(place: Place | null, event: PointerEvent) => void} acts.hover Null: it left.
   */
  constructor(element, viewer, acts) {
    Object.assign(this, { element, viewer, acts });
    /** @type {{slice: number, at: Place, pointer: number} | null} */
    this.stroke = null;
    element.addEventListener('pointerdown', (event) => this.#down(event));
    element.addEventListener('pointermove', (event) => this.#move(event));
    element.addEventListener('pointerleave', (event) => this.acts.hover(null, event));
    ['pointerup', 'pointercancel'].forEach((name) => {
      element.addEventListener(name, () => this.stop());
    });
  }

  /** End the stroke under way, if any. */
  stop() {
    if (this.stroke !== null) {
      this.stroke = null;
      this.acts.end();
    }
  }

  /** @param {PointerEvent} event @returns {Place} */
  #placeOf({ clientX, clientY }) {
    const { left, top } = this.element.getBoundingClientRect();
    const { x, y } = this.viewer.camera
      .toCanvas()
      .inverse()
      .transformPoint({ x: clientX - left, y: clientY - top });
    return { x, y };
  }

  #down(event) {
    const shown = this.viewer.shown();
    if (event.button !== 0 || shown === null) {
      return;
    }
    const at = this.#placeOf(event);
    if (this.acts.begin(shown.slice, at, event)) {
      this.element.setPointerCapture(event.pointerId);
      this.stroke = { slice: shown.slice, at, pointer: event.pointerId };
      this.acts.move(at, at);
    }
  }

  #move(event) {
    const shown = this.viewer.shown();
    if (shown === null) {
      this.stop();
      this.acts.hover(null, event);
      return;
    }
    const to = this.#placeOf(event);
    if (this.stroke?.pointer === event.pointerId) {
      if (shown.slice !== this.stroke.slice) {
        this.stop();
      } else {
        this.acts.move(this.stroke.at, to);
        this.stroke.at = to;
      }
    }
    this.acts.hover(to, event);
  }
}
