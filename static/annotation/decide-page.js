/**
 * One node to discuss or to decide beside the CT; saved only while it is shown.
 */
import { listKeys } from '../reading/reading-keys.js';
import { getJson } from '../viewer/http.js';
import { VIEWER_BINDINGS, bindKeys } from '../viewer/tool-bindings.js';
import { Viewer } from '../viewer/viewer.js';
import { LABELS, LABEL_BINDINGS, labelActions } from './labels.js';
import { bindThemeButton } from '../viewer/theme-button.js';

const HELP = { action: 'help', keys: ['?'], shown: '?', label: 'This list' };
const NODE = { action: 'node', keys: ['n'], shown: 'N', label: 'Back to the node' };
const BINDINGS = [...LABEL_BINDINGS, NODE, HELP];

class DecidePage {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.node = null;
    this.viewer = new Viewer(this.#part('viewer'), {
      state: root,
      onChange: () => this.#show(),
    });
    bindKeys([...BINDINGS, ...VIEWER_BINDINGS], {
      ...this.viewer.actions(),
      ...labelActions((index) => this.#choose(LABELS[index].value)),
      node: () => this.node && this.viewer.goToNode(this.node),
      help: () => this.#part('help').showModal(),
    });
    listKeys(this.#part('keys'), LABELS, BINDINGS);
    bindThemeButton(this.#part('theme'));
    this.#part('open-help').addEventListener('click', () => this.#part('help').showModal());
    this.#part('problem-retry').addEventListener('click', () => this.open());
  }

  /** @param {string} part @returns {any} */
  #part(part) {
    return this.root.querySelector(`[data-part="${part}"]`);
  }

  async open() {
    this.#part('problem').hidden = true;
    try {
      const pictures = await getJson(this.root.dataset.caseUrl);
      this.node = pictures.nodes.find(({ node }) => node === this.root.dataset.node);
      this.viewer.setCurrentNode(this.node.node);
      const { patient: caseId, frames_url: framesUrl, geometry, frames } = pictures;
      const slice = Math.round(this.node.centroid_zyx[0]);
      await this.viewer.open({ caseId, framesUrl, geometry, frames }, [this.node], { slice });
    } catch (error) {
      this.#part('problem-text').textContent = error.message;
      this.#part('problem').hidden = false;
    }
  }

  /** @param {number} label */
  #choose(label) {
    const choice = this.root.querySelector(`input[type="radio"][value="${label}"]`);
    if (!(choice instanceof HTMLInputElement)) return;
    choice.checked = true;
    choice.focus();
  }

  #show() {
    const off = this.viewer.shown() === null;
    // A disabled button also stops Enter from sending the form.
    const save = this.#part('save'); // absent where nothing is left to say
    if (save === null) return;
    save.disabled = off;
    this.#part('hint').textContent = off ? 'Saving is off until the picture is shown.' : '';
  }
}

const root = document.querySelector('[data-node]');
if (root instanceof HTMLElement) {
  new DecidePage(root).open();
}
