/**
 * Keys of the viewer: a table, and the few rules about when a key counts.
 */

/**
 * @typedef {object} Binding
 * @property {string} action The name of what it does.
 * @property {string[]} keys `event.key`, or `event.code` after "code:"; "Shift+", "Ctrl+" before.
 * @property {string} label For the list of keys.
 * @property {string} shown The keys as a reader would write them.
 */

/** @type {readonly Binding[]} */
export const VIEWER_BINDINGS = Object.freeze([
  { action: 'cranial', keys: ['ArrowUp'], shown: '↑', label: 'One slice up (cranial)' },
  { action: 'caudal', keys: ['ArrowDown'], shown: '↓', label: 'One slice down (caudal)' },
  { action: 'cranial-ten', keys: ['PageUp'], shown: 'Page up', label: 'Ten slices up' },
  { action: 'caudal-ten', keys: ['PageDown'], shown: 'Page down', label: 'Ten slices down' },
  { action: 'first', keys: ['Home'], shown: 'Home', label: 'First slice (most cranial)' },
  { action: 'last', keys: ['End'], shown: 'End', label: 'Last slice (most caudal)' },
  { action: 'preset-0', keys: ['F1', 'Shift+code:Digit1'], shown: 'F1', label: 'Soft tissue' },
  { action: 'preset-1', keys: ['F2', 'Shift+code:Digit2'], shown: 'F2', label: 'Bone window' },
  { action: 'preset-2', keys: ['F3', 'Shift+code:Digit3'], shown: 'F3', label: 'Lung window' },
  { action: 'preset-3', keys: ['F4', 'Shift+code:Digit4'], shown: 'F4', label: 'Wide window' },
  { action: 'tool-window', keys: ['w'], shown: 'W', label: 'Left button: window' },
  { action: 'tool-zoom', keys: ['z'], shown: 'Z', label: 'Left button: zoom' },
  { action: 'tool-length', keys: ['l'], shown: 'L', label: 'Left button: length' },
  { action: 'zoom-in', keys: ['+'], shown: '+', label: 'Closer' },
  { action: 'zoom-out', keys: ['-'], shown: '−', label: 'Farther' },
  { action: 'fit', keys: ['='], shown: '=', label: 'Fit to the view' },
  { action: 'reset', keys: [' '], shown: 'Space', label: 'Reset zoom and window' },
  { action: 'invert', keys: ['i'], shown: 'I', label: 'Invert grey values' },
  { action: 'outlines', keys: ['o'], shown: 'O', label: 'Outlines on or off' },
  { action: 'cancel', keys: ['Escape'], shown: 'Esc', label: 'Cancel the measurement' },
  { action: 'undo', keys: ['Ctrl+z'], shown: 'Ctrl+Z', label: 'Undo the measurement' },
  { action: 'redo', keys: ['Ctrl+y'], shown: 'Ctrl+Y', label: 'Redo the measurement' },
]);

/** What the mouse does, for the list of keys. */
export const MOUSE_HELP = Object.freeze([
  { shown: 'Wheel', label: 'Slices; down goes caudal' },
  { shown: 'Left drag', label: 'Window, or the chosen tool' },
  { shown: 'Middle drag', label: 'Pan' },
  { shown: 'Right drag', label: 'Zoom' },
]);

/** @param {EventTarget | null} target @returns {boolean} */
function isTyping(target) {
  if (!(target instanceof HTMLElement)) {
    return false;
  }
  const texts = 'textarea, select, [contenteditable], input:not([type="range"])';
  return target.isContentEditable || target.matches(texts);
}

/** @param {KeyboardEvent} event @returns {boolean} Whether the focused control needs this key. */
function belongsToControl(event) {
  const onControl = event.target instanceof HTMLElement && event.target.matches('button, a[href]');
  return onControl && (event.key === ' ' || event.key === 'Enter');
}

/** @param {KeyboardEvent} event @returns {string[]} How a table could name this key press. */
function namesOf(event) {
  const control = event.ctrlKey || event.metaKey ? 'Ctrl+' : '';
  const shift = event.shiftKey ? 'Shift+' : '';
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  // Shift is part of how some keyboards type + and ?, so a bare character is tried as well.
  const bare = event.key.length === 1 && !/[a-z0-9]/i.test(event.key) ? [control + key] : [];
  return [control + shift + key, `${control}${shift}code:${event.code}`, ...bare];
}

/**
 * @param {readonly Binding[]} bindings
 * @param {KeyboardEvent} event
 * @returns {string | null} The action, or null where the key means nothing.
 */
export function actionFor(bindings, event) {
  // Not asked: event.defaultPrevented. Cornerstone prevents every key's default on the picture.
  if (event.altKey || isTyping(event.target)) {
    return null;
  }
  if (belongsToControl(event) || document.querySelector('dialog[open]')) {
    return null;
  }
  const names = namesOf(event);
  return bindings.find(({ keys }) => keys.some((key) => names.includes(key)))?.action ?? null;
}

/**
 * @param {readonly Binding[]} bindings
 * @param {Record<string, (event: KeyboardEvent) => void>} actions
 */
export function bindKeys(bindings, actions) {
  document.addEventListener('keydown', (event) => {
    const action = actionFor(bindings, event);
    if (action !== null && actions[action]) {
      event.preventDefault();
      actions[action](event);
    }
  });
}
