/**
 * One case as the server told it, with what was called since: which node is next, what is missing.
 */

/**
 * @typedef {object} CaseNode
 * @property {string} node
 * @property {number} number
 * @property {[number, number, number]} centroid_zyx
 * @property {[number, number]} slices
 * @property {import('../viewer/node-runs.js').Runs} runs
 * @property {{category: number, version: number} | null} call
 */

/**
 * @typedef {object} ReadingCase
 * @property {string} case
 * @property {string} study
 * @property {number} position
 * @property {number} total
 * @property {'draft' | 'submitted' | 'reopened'} state
 * @property {number} version
 * @property {string} protocol
 * @property {import('./call-form.js').Category[]} categories
 * @property {string} frames_url
 * @property {import('../viewer/series.js').Geometry} geometry
 * @property {{index: number, sha256: string, bytes: number}[]} frames
 * @property {CaseNode[]} nodes
 * @property {string | null} next_case
 */

export class CaseState {
  /** @param {ReadingCase} payload */
  constructor(payload) {
    this.payload = payload;
    this.nodes = [...payload.nodes].sort((a, b) => a.number - b.number);
    this.saved = new Map(
      this.nodes.flatMap(({ node, call }) => (call ? [[node, call.category]] : [])),
    );
    this.locked = payload.state === 'submitted';
    /** @type {string | null} */
    this.current = null;
  }

  /** @param {Record<string, number>} calls The server's calls, node by node. */
  replaceSaved(calls) {
    this.saved = new Map(Object.entries(calls));
  }

  /** @param {string | null} node @returns {CaseNode | undefined} */
  find(node) {
    return this.nodes.find((candidate) => candidate.node === node);
  }

  /** @param {Map<string, number>} waiting @returns {Map<string, number>} */
  calls(waiting) {
    return new Map([...this.saved, ...waiting]);
  }

  /** @param {Map<string, number>} waiting @returns {CaseNode[]} */
  missing(waiting) {
    const calls = this.calls(waiting);
    return this.nodes.filter(({ node }) => !calls.has(node));
  }

  /**
   * The first node without a call after the current one, going round; else the current one.
   *
   * @param {Map<string, number>} waiting
   * @returns {CaseNode}
   */
  nextMissing(waiting) {
    const at = this.nodes.findIndex(({ node }) => node === this.current);
    const round = [...this.nodes.slice(at + 1), ...this.nodes.slice(0, at + 1)];
    const missing = new Set(this.missing(waiting));
    return round.find((node) => missing.has(node)) ?? this.find(this.current) ?? this.nodes[0];
  }

  /** @param {number} step @returns {CaseNode} */
  neighbour(step) {
    const at = this.nodes.findIndex(({ node }) => node === this.current);
    return this.nodes[(at + step + this.nodes.length) % this.nodes.length];
  }

  /** @param {number} category @returns {string} */
  labelOf(category) {
    return this.payload.categories.find(({ value }) => value === category)?.label ?? '';
  }

  /** @param {CaseNode} node @returns {string} Slices counted from the most cranial one. */
  whereIs({ slices: [low, high] }) {
    const { slices } = this.payload.geometry;
    const [first, last] = [slices - high, slices - low];
    return first === last ? `Slice ${first}` : `Slices ${first}–${last}`;
  }
}

/** @param {CaseNode[]} nodes @returns {number} */
export function centralSlice(nodes) {
  return nodes.length > 0 ? Math.round(nodes[0].centroid_zyx[0]) : 0;
}
