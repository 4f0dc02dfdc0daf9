/**
 * The four labels of a node, their keys, and the keys of the labelling page.
 */

export const NOT_DETERMINABLE = 9;

/** @type {readonly import('../reading/call-form.js').Category[]} */
export const LABELS = Object.freeze([
  { value: 0, label: 'Benign', key: '1' },
  { value: 1, label: 'Metastasis without ENE', key: '2' },
  { value: 2, label: 'Metastasis with ENE', key: '3' },
  { value: NOT_DETERMINABLE, label: 'Not determinable', key: '4' },
]);

/**
 * @param {{number: number, label: number, place: string}} former The own label of a node that ended.
 * @returns {string}
 */
export function formerWords({ number, label, place }) {
  const name = LABELS.find(({ value }) => value === label)?.label;
  return `Came from node ${number}: ${name}${place ? `, ${place}` : ''}`;
}

/** @type {readonly import('../viewer/tool-bindings.js').Binding[]} */
export const LABEL_BINDINGS = Object.freeze([
  { action: 'label-0', keys: ['1', 'code:Digit1'], shown: '1', label: 'Label' },
  { action: 'label-1', keys: ['2', 'code:Digit2'], shown: '2', label: 'Label' },
  { action: 'label-2', keys: ['3', 'code:Digit3'], shown: '3', label: 'Label' },
  {
    action: 'label-3',
    keys: ['4', '0', 'code:Digit4', 'code:Digit0'],
    shown: '4 or 0',
    label: 'Label',
  },
]);

/** @type {readonly import('../viewer/tool-bindings.js').Binding[]} */
export const LABELLING_BINDINGS = Object.freeze([
  ...LABEL_BINDINGS,
  { action: 'next-node', keys: ['n'], shown: 'N', label: 'Next node' },
  { action: 'previous-node', keys: ['p'], shown: 'P', label: 'Previous node' },
  { action: 'automatic', keys: ['a'], shown: 'A', label: 'Take the automatic level' },
  { action: 'place', keys: ['v'], shown: 'V', label: 'Level on CT: type it (Esc leaves)' },
  { action: 'matched', keys: ['m'], shown: 'M', label: 'Level in the report, if another' },
  { action: 'basis', keys: ['b'], shown: 'B', label: 'Basis: then 1 to 7' },
  { action: 'certainty-1', keys: ['7'], shown: '7', label: 'Certainty: low' },
  { action: 'certainty-2', keys: ['8'], shown: '8', label: 'Certainty: medium' },
  { action: 'certainty-3', keys: ['9'], shown: '9', label: 'Certainty: high' },
  { action: 'matted', keys: ['g'], shown: 'G', label: 'Matted group' },
  { action: 'comment', keys: ['c'], shown: 'C', label: 'Write a comment (Esc leaves it)' },
  { action: 'reason', keys: ['r'], shown: 'R', label: 'First reason that is asked for' },
  { action: 'submit', keys: ['Enter'], shown: 'Enter', label: 'Submit the patient' },
  { action: 'help', keys: ['?'], shown: '?', label: 'This list' },
]);

/** @param {(index: number) => void} act @returns {Record<string, (event: KeyboardEvent) => void>} */
export function labelActions(act) {
  return Object.fromEntries(
    LABEL_BINDINGS.map(({ action }, index) => [
      action,
      (event) => {
        // A key held down must not label node after node.
        if (!event.repeat) {
          act(index);
        }
      },
    ]),
  );
}
