/**
 * Keys of the page of masks beside the viewer's.
 */
import { VIEWER_BINDINGS } from '../viewer/tool-bindings.js';

/** @type {readonly import('../viewer/tool-bindings.js').Binding[]} */
export const MASK_BINDINGS = Object.freeze([
  { action: 'brush', keys: ['b'], shown: 'B', label: 'Brush; with Shift it erases' },
  { action: 'eraser', keys: ['e'], shown: 'E', label: 'Eraser; with Shift it draws' },
  { action: 'sphere', keys: ['s'], shown: 'S', label: 'Sphere: a brush through the slices' },
  { action: 'click', keys: ['c'], shown: 'C', label: 'Click a node to have it proposed' },
  { action: 'smaller', keys: ['[', 'code:BracketLeft'], shown: '[', label: 'Smaller brush' },
  { action: 'larger', keys: [']', 'code:BracketRight'], shown: ']', label: 'Larger brush' },
  { action: 'fill', keys: ['f'], shown: 'F', label: 'Fill the slices between drawn ones' },
  { action: 'undo', keys: ['Ctrl+z'], shown: 'Ctrl+Z', label: 'Undo' },
  { action: 'redo', keys: ['Ctrl+y', 'Ctrl+Shift+z'], shown: 'Ctrl+Y', label: 'Redo' },
  { action: 'save', keys: ['Ctrl+s'], shown: 'Ctrl+S', label: 'Save' },
  { action: 'take', keys: ['Enter'], shown: 'Enter', label: 'Take the proposal' },
  { action: 'cancel', keys: ['Escape'], shown: 'Esc', label: 'Discard proposal or part' },
  { action: 'next-node', keys: ['n'], shown: 'N', label: 'Next node' },
  { action: 'previous-node', keys: ['p'], shown: 'P', label: 'Previous node' },
  { action: 'new-node', keys: ['a'], shown: 'A', label: 'Add a new node' },
  { action: 'split', keys: ['x'], shown: 'X', label: 'Split: draw one part' },
  { action: 'merge', keys: ['m'], shown: 'M', label: 'Merge with another node' },
  { action: 'remove', keys: ['Delete'], shown: 'Delete', label: 'Remove, with a reason' },
  { action: 'help', keys: ['?'], shown: '?', label: 'This list' },
]);

const OWN = new Set(MASK_BINDINGS.map(({ action }) => action));

/** The viewer's keys that mean the same here. */
export const VIEWER_KEYS = Object.freeze(VIEWER_BINDINGS.filter(({ action }) => !OWN.has(action)));
