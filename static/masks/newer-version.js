/**
 * When a mask was changed elsewhere: says by whom, and loads it beside the own drawing if asked to.
 */
import { getJson } from '../viewer/http.js';
import { ask } from './dialogs.js';
import { madeText } from './version-list.js';

/** @typedef {{payload: any, versions: import('./version-list.js').MaskVersion[]}} Newer */

export class NewerVersion {
  /** @param {HTMLDialogElement} dialog @param {string} caseUrl */
  constructor(dialog, caseUrl) {
    this.dialog = dialog;
    this.caseUrl = caseUrl;
  }

  /** @param {import('./mask-editor.js').MaskEditor} editor @returns {Promise<Newer>} */
  async fetch(editor) {
    const [payload, { versions }] = await Promise.all([
      getJson(this.caseUrl),
      getJson(`${editor.target.url}masks/`),
    ]);
    return { payload, versions };
  }

  /**
   * @param {import('./mask-editor.js').MaskEditor} editor
   * @param {Error} error What the server said.
   * @param {Newer} newer
   * @returns {Promise<boolean>} Whether the editor has the newer version now.
   */
  async askToLoad(editor, error, { payload, versions }) {
    const { target } = editor;
    const isGone = payload.nodes.every(({ node }) => node !== target.node);
    const isNewer = !isGone && versions[0].version !== target.mask_version;
    const made = isNewer ? `Version ${versions[0].version}: ${madeText(versions[0])}.` : '';
    this.#say({ said: error.message, made, todo: whatHappens(isGone, editor.isUnsaved) });
    if ((await ask(this.dialog)) !== 'load') {
      return false;
    }
    this.#load(editor, payload, isGone);
    return true;
  }

  /** @param {Record<string, string>} texts */
  #say(texts) {
    Object.entries(texts).forEach(([part, text]) => {
      this.dialog.querySelector(`[data-part="stale-${part}"]`).textContent = text;
    });
  }

  #load(editor, payload, isGone) {
    const { isUnsaved } = editor;
    editor.take(payload);
    if (!isUnsaved) {
      editor.open(editor.target.node);
    } else if (isGone) {
      editor.becomeNew();
    } else {
      editor.openNewer();
    }
  }
}

/** @param {boolean} isGone @param {boolean} isUnsaved @returns {string} */
function whatHappens(isGone, isUnsaved) {
  if (!isUnsaved) {
    return 'Load the nodes as they are now, look at them, and repeat the change.';
  }
  return isGone
    ? 'Load the nodes as they are now: your drawing stays and can be saved as a new node.'
    : 'Load the newer version: your drawing stays beside it until you use it or drop it.';
}
