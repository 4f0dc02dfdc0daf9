/**
 * A candidate on the page of masks: outlined as proposed, and edited as a new node or as the mask
 * of a node that it overlaps, until it is decided.
 */
import { Refusal, explain, getJson } from '../viewer/http.js';
import { Mask } from './mask.js';

const VERDICTS = {
  accepted: 'Accepted as proposed',
  edited: 'Accepted with a changed mask',
  rejected: 'Rejected',
};
const NOT_FOUND = 404;

/**
 * @typedef {object} Candidate
 * @property {number} number In its run.
 * @property {'node' | 'station'} kind
 * @property {string} provider
 * @property {string} version Of the provider.
 * @property {[number, number, number]} centroid_zyx
 * @property {{verdict: string, reason: string, by: string} | null} decision
 * @property {{node: string, number: number, is_alike: boolean}[]} overlaps Most alike first.
 * @property {Mask} mask As proposed.
 * @property {string} acceptUrl Where it is accepted, edited or not.
 */

export class CandidatePanel {
  /**
   * @param {HTMLElement} section With `data-url`, and `data-edit` to begin with editing.
   * @param {(node: string | null) => void} onEdit Null: as a new node.
   */
  constructor(section, onEdit) {
    this.section = section;
    this.onEdit = onEdit;
    this.isAskedFor = section.dataset.edit !== undefined;
    /** @type {Candidate | null} */
    this.candidate = null;
  }

  /** @returns {Promise<Candidate>} The candidate as it is now. */
  async load() {
    const { url } = this.section.dataset;
    const { candidate, overlaps, runs } = await getJson(url);
    const mask = this.candidate?.mask ?? Mask.fromRuns(runs);
    this.candidate = { ...candidate, overlaps, mask, acceptUrl: `${url}accept/` };
    this.#offer();
    return this.candidate;
  }

  /** @returns {boolean} Whether it can be edited: a node, and nobody has decided about it. */
  get isOpen() {
    return this.candidate?.kind === 'node' && this.candidate.decision === null;
  }

  /** @returns {string | null} The node of which it may be a better mask. */
  get likely() {
    const [nearest] = this.candidate.overlaps;
    return nearest?.is_alike ? nearest.node : null;
  }

  /** @param {import('./mask-editor.js').MaskEditor} editor @param {boolean} mayDraw */
  show(editor, mayDraw) {
    const isEdited = editor.candidate !== null;
    const state = this.#part('candidate-state');
    const text = this.#stateText(isEdited);
    if (state.textContent !== text) {
      state.textContent = text;
    }
    const edited = isEdited ? (editor.target?.node ?? '') : null;
    this.#part('candidate-acts').querySelectorAll('button').forEach((button) => {
      const { node } = button.dataset;
      button.hidden = node !== '' && editor.find(node) === null;
      button.disabled = !mayDraw;
      button.setAttribute('aria-pressed', String(node === edited));
    });
  }

  /** @param {boolean} isEdited @returns {string} */
  #stateText(isEdited) {
    const { kind, decision } = this.candidate;
    if (decision !== null) {
      const { verdict, by, reason } = decision;
      return `${VERDICTS[verdict]} by ${by}${reason === '' ? '.' : `: ${reason}`}`;
    }
    if (kind === 'station') {
      return 'A level is decided in the list of candidates.';
    }
    return isEdited ? 'Drawn here and not saved yet.' : 'Open: nobody has decided yet.';
  }

  #offer() {
    const { overlaps } = this.candidate;
    const asMask = overlaps.map(({ node, number }) => [node, `Edit as mask of node ${number}`]);
    const offered = this.isOpen ? [['', 'Edit as a new node'], ...asMask] : [];
    this.#part('candidate-acts').replaceChildren(
      ...offered.map(([node, text]) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'btn btn-sm btn-outline-primary';
        button.dataset.node = node;
        button.textContent = text;
        button.addEventListener('click', () => this.onEdit(node || null));
        return button;
      }),
    );
  }

  /** @param {string} part @returns {any} */
  #part(part) {
    return this.section.querySelector(`[data-part="${part}"]`);
  }
}

/** @param {unknown} error Of a save that decides. @returns {string} */
export function whyNotDecided(error) {
  const isClosed = error instanceof Refusal && error.status === NOT_FOUND;
  return isClosed
    ? 'You no longer decide about candidates of this cohort: ask its coordinator.'
    : explain(error);
}
