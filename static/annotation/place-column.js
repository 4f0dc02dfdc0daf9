/**
 * The levels in the node list: the annotator's own, the automatic one until there is one.
 */

export class PlaceColumn {
  /** @param {HTMLElement} list The node list; each node's button gets a line of its own here. */
  constructor(list) {
    this.list = list;
    /** @type {Map<string, HTMLElement>} */
    this.lines = new Map();
  }

  /** @param {{node: string, sad: number}[]} nodes Listed already. */
  open(nodes) {
    this.lines = new Map(
      nodes.map(({ node }) => {
        const line = document.createElement('span');
        line.className = 'annotation-node-place';
        this.list.querySelector(`[data-node="${CSS.escape(node)}"]`).append(line);
        return [node, line];
      }),
    );
  }

  /**
   * @param {{node: string, automatic: string, sad: number}[]} nodes
   * @param {object} of
   * @param {(node: string) => string} of.placeOf
   * @param {(node: string) => string[]} of.missingOf What its label lacks, in words.
   */
  show(nodes, { placeOf, missingOf }) {
    nodes.forEach(({ node, automatic, sad }) => {
      const line = this.lines.get(node);
      const place = placeOf(node) || (automatic ? `automatic ${automatic}` : 'no level');
      const missing = missingOf(node);
      const size = sad === undefined ? '' : ` · ${sad.toFixed(1)} mm`;
      const lacks = missing.length > 0 ? ` · lacks ${missing.join(', ')}` : '';
      line.dataset.missing = String(missing.length > 0);
      line.textContent = `${place}${size}${lacks}`;
    });
  }
}
