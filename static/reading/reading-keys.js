/**
 * Keys of the reading page beside the viewer's, and the list of all keys.
 */
import { MOUSE_HELP, VIEWER_BINDINGS } from '../viewer/tool-bindings.js';

/** @type {readonly import('../viewer/tool-bindings.js').Binding[]} */
export const READING_BINDINGS = Object.freeze([
  { action: 'call-0', keys: ['1', 'code:Digit1'], shown: '1', label: 'Call: first category' },
  { action: 'call-1', keys: ['2', 'code:Digit2'], shown: '2', label: 'Call: second category' },
  { action: 'call-2', keys: ['3', 'code:Digit3'], shown: '3', label: 'Call: third category' },
  { action: 'next-node', keys: ['n'], shown: 'N', label: 'Next node' },
  { action: 'previous-node', keys: ['p'], shown: 'P', label: 'Previous node' },
  { action: 'submit', keys: ['Enter'], shown: 'Enter', label: 'Submit the case' },
  { action: 'help', keys: ['?'], shown: '?', label: 'This list' },
]);

/** @param {{shown: string, label: string}} entry */
function rowOf({ shown, label }) {
  const row = document.createElement('div');
  const term = document.createElement('dt');
  const keyCap = document.createElement('kbd');
  const meaning = document.createElement('dd');
  keyCap.textContent = shown;
  term.append(keyCap);
  meaning.textContent = label;
  row.append(term, meaning);
  return row;
}

/** @returns {string} "Call: first category" with the category's own name. */
function named(binding, category) {
  return `${binding.label.split(':')[0]}: ${category.label}`;
}

/**
 * @param {HTMLElement} list Filled with every key.
 * @param {{label: string}[]} categories Their names replace "first category" and so on.
 * @param {readonly import('../viewer/tool-bindings.js').Binding[]} [bindings] The page's own keys.
 * @param {readonly import('../viewer/tool-bindings.js').Binding[]} [viewer] The viewer's.
 */
export function listKeys(
  list,
  categories,
  bindings = READING_BINDINGS,
  viewer = VIEWER_BINDINGS,
) {
  const reading = bindings.map((binding, index) => ({
    shown: binding.shown,
    label: index < categories.length ? named(binding, categories[index]) : binding.label,
  }));
  list.replaceChildren(...[...reading, ...viewer, ...MOUSE_HELP].map(rowOf));
}
