/**
 * What is written around the picture: slice, window, orientation letters, scale bar.
 */
import { directionLetter } from './series.js';

const BAR_LENGTHS_MM = [100, 50, 20, 10, 5, 2, 1];
const LONGEST_BAR_PX = 160;

/** @param {number[]} direction */
function opposite(direction) {
  return direction.map((value) => -value);
}

export class CornerText {
  /** @param {(part: string) => HTMLElement} find */
  constructor(find) {
    this.find = find;
  }

  /** @param {import('./series.js').Geometry} geometry */
  orient({ row_direction: row, column_direction: column }) {
    this.find('letter-right').textContent = directionLetter(row);
    this.find('letter-left').textContent = directionLetter(opposite(row));
    this.find('letter-bottom').textContent = directionLetter(column);
    this.find('letter-top').textContent = directionLetter(opposite(column));
  }

  /**
   * @param {number} slice
   * @param {import('./series.js').Geometry} geometry
   * @param {number} loaded
   */
  showSlice(slice, geometry, loaded) {
    const { slices } = geometry;
    this.find('slice-text').textContent = `Slice ${slices - slice} / ${slices}`;
    const text = loaded < slices ? `Loading ${loaded} of ${slices}` : '';
    this.find('loading-text').textContent = text;
  }

  /** @param {{centreHu: number, widthHu: number}} window @param {boolean} inverted */
  showWindow({ centreHu, widthHu }, inverted) {
    const text = `W ${widthHu} · L ${centreHu}${inverted ? ' · inverted' : ''}`;
    this.find('window-text').textContent = text;
  }

  /** @param {number} pixelsPerMm CSS pixels. */
  showScale(pixelsPerMm) {
    const fitting = BAR_LENGTHS_MM.find((mm) => mm * pixelsPerMm <= LONGEST_BAR_PX) ?? 1;
    this.find('scale-bar').style.width = `${fitting * pixelsPerMm}px`;
    this.find('scale-text').textContent = `${fitting} mm`;
  }
}
