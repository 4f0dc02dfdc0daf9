/**
 * Shape-based interpolation: slices left empty between drawn ones are filled.
 *
 * Each drawn slice becomes a map of signed distances to its outline; between two of them the maps
 * are mixed, and what is positive is inside (Raya & Udupa, IEEE Trans Med
 * Imaging 1990;9:32-42, doi:10.1109/42.52980).
 * The two shapes are laid with their centres on the line between them first, so that a node that
 * runs obliquely through the slices does not vanish halfway.
 */

/** @typedef {import('./mask.js').Mask} Mask */

const FAR = 1e20;

/**
 * Squared distances along one line to the nearest sample, given what each sample starts with
 * (Felzenszwalb & Huttenlocher, Theory of Computing 2012;8:415-428, doi:10.4086/toc.2012.v008a019).
 *
 * @param {Float64Array} start @param {number} step Distance of neighbours in mm.
 * @returns {Float64Array}
 */
function lowerEnvelope(start, step) {
  const { length } = start;
  const [result, borders] = [new Float64Array(length), new Float64Array(length + 1)];
  const roots = new Int32Array(length);
  const square = step * step;
  const meets = (a, b) => (start[b] - start[a] + square * (b * b - a * a)) / (2 * square * (b - a));
  let last = 0;
  borders[0] = -Infinity;
  borders[1] = Infinity;
  for (let at = 1; at < length; at += 1) {
    let border = meets(roots[last], at);
    while (border <= borders[last]) {
      last -= 1;
      border = meets(roots[last], at);
    }
    last += 1;
    roots[last] = at;
    borders[last] = border;
    borders[last + 1] = Infinity;
  }
  for (let at = 0, piece = 0; at < length; at += 1) {
    while (borders[piece + 1] < at) {
      piece += 1;
    }
    result[at] = square * (at - roots[piece]) ** 2 + start[roots[piece]];
  }
  return result;
}

/**
 * @param {Uint8Array} plane @param {number} wanted 0 or 1. @param {Box} box
 * @param {[number, number, number]} spacing
 * @returns {Float64Array} Distance in mm to the nearest pixel of that value, within the box.
 */
function distances(plane, wanted, { height, width }, [, high, wide]) {
  const field = Float64Array.from(plane, (value) => (value === wanted ? 0 : FAR));
  for (let column = 0; column < width; column += 1) {
    const line = Float64Array.from({ length: height }, (_, row) => field[row * width + column]);
    lowerEnvelope(line, high).forEach((value, row) => {
      field[row * width + column] = value;
    });
  }
  for (let row = 0; row < height; row += 1) {
    const line = field.subarray(row * width, (row + 1) * width);
    line.set(lowerEnvelope(line, wide));
  }
  return field.map(Math.sqrt);
}

/**
 * @typedef {object} Box
 * @property {number} top @property {number} left @property {number} height @property {number} width
 */

/** A slice's shape within a box. */
class Shape {
  /** @param {Mask} mask @param {number} slice @param {Box} box @param {any} spacing */
  constructor(mask, slice, box, spacing) {
    const columns = mask.shape[2];
    const { top, left, height, width } = box;
    const plane = mask.planes.get(slice);
    const cut = new Uint8Array(height * width);
    const sum = { row: 0, column: 0, count: 0 };
    for (let row = 0; row < height; row += 1) {
      const start = (top + row) * columns + left;
      cut.set(plane.subarray(start, start + width), row * width);
    }
    cut.forEach((value, at) => {
      sum.row += value * Math.floor(at / width);
      sum.column += value * (at % width);
      sum.count += value;
    });
    const [outside, inside] = [0, 1].map((wanted) => distances(cut, wanted, box, spacing));
    this.box = box;
    this.centre = { row: sum.row / sum.count, column: sum.column / sum.count };
    /** Positive inside. */
    this.depth = outside.map((value, at) => value - inside[at]);
  }

  /** @param {number} row @param {number} column Within the box; the nearest place in it counts. */
  depthAt(row, column) {
    const { height, width } = this.box;
    const y = Math.min(height - 1, Math.max(0, Math.round(row)));
    const x = Math.min(width - 1, Math.max(0, Math.round(column)));
    return this.depth[y * width + x];
  }
}

/** @param {Mask} mask @param {number[]} slices @returns {Box} Around them, one pixel wider. */
function boxAround(mask, slices) {
  const [, rows, columns] = mask.shape;
  let [top, bottom, left, right] = [rows, 0, columns, 0];
  slices.forEach((slice) => {
    mask.planes.get(slice).forEach((value, pixel) => {
      if (value === 1) {
        const [row, column] = [Math.floor(pixel / columns), pixel % columns];
        [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
        [left, right] = [Math.min(left, column), Math.max(right, column)];
      }
    });
  });
  [top, left] = [Math.max(0, top - 1), Math.max(0, left - 1)];
  [bottom, right] = [Math.min(rows - 1, bottom + 1), Math.min(columns - 1, right + 1)];
  return { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/**
 * @param {Shape} before @param {Shape} after @param {number} part From 0 (before) to 1 (after).
 * @param {number} columns
 * @returns {number[]} Pixels.
 */
function between(before, after, part, columns) {
  const { top, left, height, width } = before.box;
  const mixed = (a, b) => a + part * (b - a);
  const row = mixed(before.centre.row, after.centre.row);
  const column = mixed(before.centre.column, after.centre.column);
  const depthOf = (shape, y, x) =>
    shape.depthAt(y + shape.centre.row - row, x + shape.centre.column - column);
  const pixels = [];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (mixed(depthOf(before, y, x), depthOf(after, y, x)) > 0) {
        pixels.push((top + y) * columns + left + x);
      }
    }
  }
  return pixels;
}

/**
 * @param {Mask} mask @param {import('./brush.js').Grid} grid
 * @returns {import('./mask.js').Voxels} What fills the slices without a voxel between drawn ones.
 */
export function filledGaps(mask, { spacing }) {
  const drawn = mask.slices();
  const voxels = new Map();
  drawn.slice(1).forEach((after, index) => {
    const before = drawn[index];
    if (after - before < 2) {
      return;
    }
    const box = boxAround(mask, [before, after]);
    const [one, other] = [before, after].map((slice) => new Shape(mask, slice, box, spacing));
    for (let slice = before + 1; slice < after; slice += 1) {
      const part = (slice - before) / (after - before);
      voxels.set(slice, between(one, other, part, mask.shape[2]));
    }
  });
  return voxels;
}
