/**
 * One patient as its annotator labels it: with a locked report a label alone is not enough.
 */
import { CaseState } from '../reading/case-state.js';

export class LabellingCase extends CaseState {
  /**
   * @param {any} payload The annotator's labelling and the patient's case, in the reader's shape.
   * @param {(node: string) => boolean} isIncomplete Whether the rules need more than the label.
   */
  constructor(payload, isIncomplete) {
    super(payload);
    this.isIncomplete = isIncomplete;
  }

  /** @param {Map<string, number>} waiting */
  missing(waiting) {
    const labels = this.calls(waiting);
    return this.nodes.filter(({ node }) => !labels.has(node) || this.isIncomplete(node));
  }
}

/** @returns {any} The two answers as one case, in the reading page's shape. */
export function caseOf(work, { geometry, frames, nodes }, categories) {
  const given = new Map(work.nodes.map((node) => [node.node, node]));
  return {
    case: work.labelling,
    state: work.state,
    version: work.version,
    categories,
    geometry,
    frames,
    nodes: nodes.map((node) => {
      const own = given.get(node.node) ?? {};
      const { label = null, automatic = '', short_axis_mm: sad, formerly = [] } = own;
      const call = label === null ? null : { category: label };
      return { ...node, automatic, sad, formerly, call };
    }),
  };
}
