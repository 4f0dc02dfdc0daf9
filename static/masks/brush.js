/**
 * Which voxels a brush passes: measured in millimetres, whatever the distances of the voxels.
 *
 * Places are pixel corners, as the viewer has them: the middle of pixel (0, 0) is at (0.5, 0.5).
 */

/** @typedef {{x: number, y: number}} Place Columns, rows. */

/**
 * @typedef {object} Grid
 * @property {[number, number, number]} shape Slices, rows, columns.
 * @property {[number, number, number]} spacing Between slices, rows, columns, in millimetres.
 */

/**
 * @param {import('../viewer/series.js').Geometry} geometry
 * @returns {Grid}
 */
export function gridOf({ slices, rows, columns, slice_spacing_mm: between, pixel_spacing_mm }) {
  return { shape: [slices, rows, columns], spacing: [between, ...pixel_spacing_mm] };
}

/** @param {number} value @param {number} size */
function inside(value, size) {
  return Math.min(size - 1, Math.max(0, value));
}

/** @param {Place} place @param {Grid} grid @returns {number | null} Null outside the slice. */
export function pixelAt({ x, y }, { shape: [, rows, columns] }) {
  const [row, column] = [Math.floor(y), Math.floor(x)];
  const isInside = row >= 0 && row < rows && column >= 0 && column < columns;
  return isInside ? row * columns + column : null;
}

/**
 * The squared distance in mm from a pixel's middle to the stretch between two places.
 *
 * @param {number} column @param {number} row @param {Place} from @param {Place} to
 * @param {[number, number, number]} spacing
 */
function squaredDistance(column, row, from, to, [, high, wide]) {
  const [across, down] = [(to.x - from.x) * wide, (to.y - from.y) * high];
  const [right, below] = [(column + 0.5 - from.x) * wide, (row + 0.5 - from.y) * high];
  const length = across * across + down * down;
  const along = length === 0 ? 0 : (right * across + below * down) / length;
  const part = Math.min(1, Math.max(0, along));
  return (right - part * across) ** 2 + (below - part * down) ** 2;
}

/**
 * @param {Place} from @param {Place} to @param {number} radiusMm @param {Grid} grid
 * @returns {number[]} Pixels whose middle is at most the radius away from the stretch.
 */
export function brushed(from, to, radiusMm, { shape: [, rows, columns], spacing }) {
  const [, high, wide] = spacing;
  const range = (a, b, step, size) => [
    inside(Math.floor(Math.min(a, b) - radiusMm / step), size),
    inside(Math.ceil(Math.max(a, b) + radiusMm / step), size),
  ];
  const [top, bottom] = range(from.y, to.y, high, rows);
  const [left, right] = range(from.x, to.x, wide, columns);
  const pixels = [];
  for (let row = top; row <= bottom; row += 1) {
    for (let column = left; column <= right; column += 1) {
      if (squaredDistance(column, row, from, to, spacing) <= radiusMm * radiusMm) {
        pixels.push(row * columns + column);
      }
    }
  }
  return pixels;
}

/**
 * @param {number} slice @param {Place} from @param {Place} to @param {number} radiusMm
 * @param {Grid} grid
 * @returns {import('./mask.js').Voxels} The brush in one slice; never less than the pixel touched.
 */
export function brush(slice, from, to, radiusMm, grid) {
  const touched = pixelAt(to, grid);
  const pixels = new Set(brushed(from, to, radiusMm, grid));
  if (touched !== null) {
    pixels.add(touched);
  }
  return new Map([[slice, [...pixels]]]);
}

/**
 * @param {number} slice @param {Place} from @param {Place} to @param {number} radiusMm
 * @param {Grid} grid
 * @returns {import('./mask.js').Voxels} The ball: smaller discs in the slices beside this one.
 */
export function sphere(slice, from, to, radiusMm, grid) {
  const [between] = grid.spacing;
  const [slices] = grid.shape;
  const reach = Math.floor(radiusMm / between);
  const voxels = brush(slice, from, to, radiusMm, grid);
  for (let beside = -reach; beside <= reach; beside += 1) {
    const radius = Math.sqrt(radiusMm ** 2 - (beside * between) ** 2);
    const at = slice + beside;
    if (beside !== 0 && at >= 0 && at < slices) {
      voxels.set(at, brushed(from, to, radius, grid));
    }
  }
  return voxels;
}

/**
 * @param {Place[]} places @param {Grid} grid
 * @returns {number[]} The pixels that a line through the places passes, each once.
 */
export function lineThrough(places, grid) {
  const pixels = new Set();
  places.forEach((to, index) => {
    const from = places[Math.max(0, index - 1)];
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(to.x - from.x, to.y - from.y)));
    for (let step = 0; step <= steps; step += 1) {
      const part = step / steps;
      const place = { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) };
      pixels.add(pixelAt(place, grid));
    }
  });
  pixels.delete(null);
  return [...pixels];
}
