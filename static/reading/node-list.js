/**
 * The case's nodes with what was called so far; a click goes to the node.
 */

/**
 * @typedef {object} NodeRow
 * @property {string} node
 * @property {number} number
 * @property {string} where For example "Slices 12–19".
 * @property {number | null} category
 * @property {string} label The call in words.
 * @property {boolean} waiting Whether the call is not saved yet.
 */

export class NodeList {
  /** @param {HTMLElement} list @param {(node: string) => void} onChoose */
  constructor(list, onChoose) {
    this.list = list;
    list.addEventListener('click', (event) => {
      const button = event.target.closest('button[data-node]');
      if (button) {
        onChoose(button.dataset.node);
        if (event.detail > 0) {
          button.blur();
        }
      }
    });
  }

  /** @param {{node: string, number: number, where: string}[]} nodes */
  open(nodes) {
    this.list.replaceChildren(
      ...nodes.map(({ node, number, where }) => {
        const item = document.createElement('li');
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'nw-node';
        button.dataset.node = node;
        button.append(
          numbered(number),
          located(where),
          part('nw-node-call', ''),
        );
        item.append(button);
        return item;
      }),
    );
  }

  /** @param {NodeRow[]} rows @param {string | null} current */
  show(rows, current) {
    rows.forEach(({ node, category, label, waiting }) => {
      const button = this.list.querySelector(`[data-node="${CSS.escape(node)}"]`);
      button.dataset.category = category === null ? '' : String(category);
      button.dataset.waiting = String(waiting);
      button.setAttribute('aria-current', String(node === current));
      button.querySelector('.nw-node-call').textContent = label;
    });
  }

  /** @param {string} node */
  reveal(node) {
    const button = this.list.querySelector(`[data-node="${CSS.escape(node)}"]`);
    button?.scrollIntoView({ block: 'nearest' });
  }
}

/** "1" to the eye, "Node 1" to the ear. @param {number} number */
function numbered(number) {
  const element = part('nw-node-number', String(number));
  element.prepend(part('visually-hidden', 'Node '));
  element.append(part('visually-hidden', ', '));
  return element;
}

/** @param {string} where */
function located(where) {
  const element = part('nw-node-where', where);
  element.append(part('visually-hidden', ': '));
  return element;
}

/** @param {string} className @param {string} text */
function part(className, text) {
  const element = document.createElement('span');
  element.className = className;
  element.textContent = text;
  return element;
}
