/**
 * Node masks as delta-coded run lengths, and their outlines along pixel edges.
 */

/**
 * @typedef {object} Runs
 * @property {[number, number, number]} shape Slices, rows, columns.
 * @property {[number, number[]][]} slices Slice index, then gap, length, gap, length …
 */

/**
 * @typedef {object} RowRun
 * @property {number} row
 * @property {number} start First column of the run.
 * @property {number} end The column after its last.
 */

/**
 * @param {number[]} coded Gaps and lengths in row-major order; the first gap counts from 0.
 * @param {number} columns
 * @returns {RowRun[]} Runs cut at the ends of rows.
 */
export function decodeRuns(coded, columns) {
  const runs = [];
  let position = 0;
  for (let item = 0; item < coded.length; item += 2) {
    let start = position + coded[item];
    const end = start + coded[item + 1];
    position = end;
    while (start < end) {
      const row = Math.floor(start / columns);
      const stop = Math.min(end, (row + 1) * columns);
      runs.push({ row, start: start - row * columns, end: stop - row * columns });
      start = stop;
    }
  }
  return runs;
}

/** @param {RowRun[]} runs @returns {number[]} The sorted columns where a row changes. */
function bordersOf(runs) {
  return runs.flatMap(({ start, end }) => [start, end]);
}

/**
 * The stretches covered by exactly one of two rows: where the outline runs between them.
 *
 * @param {number[]} above
 * @param {number[]} below
 * @returns {[number, number][]}
 */
function differences(above, below) {
  const borders = [...above, ...below].sort((a, b) => a - b);
  const stretches = [];
  for (let item = 0; item < borders.length; item += 2) {
    if (borders[item] < borders[item + 1]) {
      stretches.push([borders[item], borders[item + 1]]);
    }
  }
  return stretches;
}

/**
 * @param {RowRun[]} runs One slice of one node.
 * @returns {[number, number, number, number][]} Line segments x1, y1, x2, y2 in pixel corners:
 *   pixel (0, 0) reaches from corner (0, 0) to corner (1, 1).
 */
export function outlineSegments(runs) {
  /** @type {Map<number, RowRun[]>} */
  const rows = new Map();
  runs.forEach((run) => rows.set(run.row, [...(rows.get(run.row) || []), run]));
  const segments = [];
  for (const [row, inRow] of rows) {
    for (const border of bordersOf(inRow)) {
      segments.push([border, row, border, row + 1]);
    }
    const edges = [[row - 1, row], ...(rows.has(row + 1) ? [] : [[row, row + 1]])];
    for (const [above, below] of edges) {
      const upper = bordersOf(rows.get(above) || []);
      const lower = bordersOf(rows.get(below) || []);
      differences(upper, lower).forEach(([x1, x2]) => segments.push([x1, below, x2, below]));
    }
  }
  return segments;
}
