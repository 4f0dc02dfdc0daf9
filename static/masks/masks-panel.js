/**
 * What the page of masks says about the node, the drawing and the save.
 */
import { measuredText } from './version-list.js';

const SAVING = {
  saving: 'Saving …',
  waiting: 'The server cannot be reached: the save is repeated by itself. Keep this tab open',
};

/**
 * @typedef {object} State
 * @property {import('./mask-editor.js').MaskEditor} editor
 * @property {import('./click-proposal.js').ClickProposal | null} proposal
 * @property {string | null} tool
 * @property {import('./mask-saves.js').SavingState} saving
 * @property {boolean} canDraw
 * @property {boolean} mayDraw
 * @property {boolean} canSave
 * @property {boolean} besideCandidate An open candidate is looked at.
 * @property {boolean} isAtRest Nothing is unsaved, and a node is chosen.
 */

export class MasksPanel {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
  }

  /** @param {string} part @returns {any} */
  part(part) {
    return this.root.querySelector(`[data-part="${part}"]`);
  }

  /** @param {State} state */
  show(state) {
    const { editor, proposal, tool, canDraw, mayDraw } = state;
    const { target } = editor;
    this.part('node-heading').textContent = headingOf(editor);
    this.part('node-version').textContent = target ? `version ${target.mask_version}` : '';
    this.part('no-webgl').hidden = canDraw;
    this.part('hint').textContent = canDraw ? this.#hint(state) : '';
    this.part('proposal').hidden = proposal === null;
    this.part('proposed').textContent = proposal?.found ? proposedText(proposal.found) : '';
    this.part('kept').hidden = editor.kept === null;
    this.part('kept-text').textContent = keptText(editor);
    this.part('save-label').textContent = saveLabelOf(editor);
    this.#enable(state);
    this.#showSaving(state);
    ['brush', 'eraser', 'sphere', 'click'].forEach((each) => {
      this.#button(each).setAttribute('aria-pressed', String(each === tool));
      this.#button(each).disabled = !mayDraw;
    });
  }

  /** @param {State} state @returns {string} */
  #hint({ editor, tool, proposal, besideCandidate }) {
    if (editor.part) {
      return `Draw one part within node ${editor.target.number}; the rest becomes the other node.`;
    }
    if (tool === 'click' && proposal === null) {
      return 'Click the middle of the node in the picture.';
    }
    if (editor.candidate !== null) {
      return `${namedCandidate(editor.candidate)} is drawn and not saved: correct it, then accept it.`;
    }
    if (editor.target !== null) {
      return '';
    }
    return besideCandidate
      ? 'The outlined candidate is edited by its buttons above; what is drawn here is another node.'
      : 'Draw the node, or press C and click it.';
  }

  /** @param {State} state */
  #enable({ editor, proposal, mayDraw, canSave, isAtRest }) {
    const { history } = editor.active;
    const isCorrected = (proposal?.strokes.length ?? 0) > 0;
    const allowed = {
      save: canSave,
      undo: mayDraw && (history.done.length > 0 || isCorrected),
      redo: mayDraw && history.undone.length > 0,
      fill: mayDraw,
      discard: editor.isUnsaved && (mayDraw || editor.kept !== null),
      split: isAtRest && editor.part === null,
      merge: isAtRest && editor.part === null && editor.nodes.length > 1,
      remove: isAtRest && editor.part === null,
      'new-node': mayDraw,
    };
    Object.entries(allowed).forEach(([act, isAllowed]) => {
      this.#button(act).disabled = !isAllowed;
    });
  }

  /** @param {State} state */
  #showSaving({ editor, saving }) {
    const unsaved = editor.isUnsaved ? 'Changes not saved' : 'All saved';
    const state = saving === 'idle' && editor.isUnsaved ? 'waiting' : saving;
    this.part('save').dataset.state = state === 'idle' ? 'saved' : state;
    this.#write('save-text', saving === 'idle' ? unsaved : SAVING[saving]);
    this.#button('retry-save').hidden = saving !== 'waiting';
    this.#button('give-up-save').hidden = saving !== 'waiting';
  }

  /** A live region is written only when it changes. @param {string} part @param {string} text */
  #write(part, text) {
    if (this.part(part).textContent !== text) {
      this.part(part).textContent = text;
    }
  }

  #button(act) {
    return this.root.querySelector(`[data-act="${act}"]`);
  }

  /** @param {string} text Empty when it is over. */
  showProgress(text) {
    this.part('progress').hidden = text === '';
    this.part('progress-text').textContent = text;
  }

  /** @param {string} text */
  say(text) {
    this.part('said').textContent = text;
  }

  /** @param {number} count Voxels that a drawing lacks. */
  sayLeftOut(count) {
    this.say(count > 0 ? `${count} voxels left out: other nodes are protected.` : '');
  }

  /**
   * @param {{version: number, mask: import('./mask.js').Mask} | null} outlined
   * @param {import('./brush.js').Grid} grid
   */
  sayOutlined(outlined, grid) {
    if (outlined === null) {
      this.say('');
      return;
    }
    const lies = outlined.mask.slices();
    const where = this.whereIs({ slices: [lies[0], lies[lies.length - 1]] }, grid).toLowerCase();
    this.say(`Version ${outlined.version} is the dotted lilac line, in ${where}.`);
  }

  /** @param {string} text */
  notice(text) {
    this.part('notice-text').textContent = text;
    this.part('notice').hidden = text === '';
  }

  /** @param {string} text Why the page cannot be used; empty where it can. */
  problem(text) {
    this.part('problem-text').textContent = text;
    this.part('problem').hidden = text === '';
  }

  /** The nearest node comes first. @param {import('./mask-editor.js').EditedNode} target */
  offerMerger({ number, centroid_zyx: centre }, others, { spacing }) {
    const away = ({ centroid_zyx: other }) =>
      Math.hypot(...other.map((value, axis) => (value - centre[axis]) * spacing[axis]));
    const nearest = [...others].sort((a, b) => away(a) - away(b));
    this.part('merge-number').textContent = String(number);
    this.part('merge-with').replaceChildren(
      ...nearest.map((other) => new Option(`Node ${other.number}`, other.node)),
    );
  }

  /** @returns {string} Slices counted from the most cranial one. */
  whereIs({ slices: [low, high] }, { shape: [count] }) {
    const [first, last] = [count - high, count - low];
    return first === last ? `Slice ${first}` : `Slices ${first}–${last}`;
  }

  /** @param {import('./mask-editor.js').MaskEditor} editor */
  rowsOf(editor) {
    return editor.nodes.map((node) => ({
      ...node,
      where: '',
      category: 0,
      label: `SAD ${node.short_axis_mm.toFixed(1)} mm`,
      waiting: node === editor.target && editor.isUnsaved,
    }));
  }
}

/** @param {import('./candidate-panel.js').Candidate} candidate @returns {string} */
function namedCandidate({ number, provider, version }) {
  return `Candidate ${number} of ${provider} ${version}`;
}

/** @param {import('./mask-editor.js').MaskEditor} editor @returns {string} */
function headingOf({ target, part, candidate }) {
  if (part) {
    return `Splitting node ${target.number}`;
  }
  const name = target ? `Node ${target.number}` : 'New node';
  return candidate ? `${name} from candidate ${candidate.number}` : name;
}

/** @param {import('./mask-editor.js').MaskEditor} editor @returns {string} */
function keptText({ keptDraft, target }) {
  if (keptDraft === null) {
    return 'Your drawing on the older version is kept: the dashed orange line. The yellow line is the newer version.';
  }
  const when = keptDraft.since.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  return `Your drawing of ${when} was not saved; this browser has kept it: the dashed orange line.${sinceThen(keptDraft, target)}`;
}

/** What has become of the node that a kept drawing is of. @returns {string} */
function sinceThen({ node, version }, target) {
  if (target === null) {
    return node === null ? '' : ' Its node is gone by now: used, it becomes a new node.';
  }
  return version === target.mask_version
    ? ' The yellow line is what is stored.'
    : ` It was drawn on version ${version}: the yellow line is version ${target.mask_version}, saved since.`;
}

/** @param {import('./mask-editor.js').MaskEditor} editor @returns {string} */
function saveLabelOf({ part, candidate }) {
  if (part) {
    return 'Split off the drawn part';
  }
  return candidate ? 'Accept' : 'Save';
}

/** @param {{short_axis_mm: number, slices: number[]}} found @returns {string} */
function proposedText({ short_axis_mm: short, slices: [low, high] }) {
  return `Proposed: SAD ${short.toFixed(1)} mm in ${high - low + 1} slices.`;
}

/** @param {any} edit What the server stored. @returns {string} */
export function savedText({ kind, nodes }) {
  const begun = nodes.filter(({ version }) => version !== null);
  const ended = nodes.filter(({ version }) => version === null).map(({ number }) => number);
  const measured = begun.map((node) => `node ${node.number} (${measuredText(node)})`).join(' and ');
  const texts = {
    refined: () => `Version ${begun[0].version} is saved: ${measured}.`,
    added: () => `Saved as ${measured}.`,
    removed: () => `Node ${ended[0]} is removed.`,
    split: () => `Node ${ended[0]} is split into ${measured}.`,
    merged: () => `Nodes ${ended.join(' and ')} are merged into ${measured}.`,
  };
  return texts[kind]();
}
