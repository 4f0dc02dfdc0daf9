/**
 * The page of one patient's masks: its nodes, the drawing on one of them, saves and versions.
 */
import { listKeys } from '../reading/reading-keys.js';
import { NodeList } from '../reading/node-list.js';
import { explain, getJson } from '../viewer/http.js';
import { bindThemeButton } from '../viewer/theme-button.js';
import { bindKeys } from '../viewer/tool-bindings.js';
import { Viewer } from '../viewer/viewer.js';
import { CandidatePanel } from './candidate-panel.js';
import { ask } from './dialogs.js';
import { Drafts } from './drafts.js';
import { STYLES } from './drawing-layer.js';
import { DrawingTools } from './drawing-tools.js';
import { MaskChanges } from './mask-changes.js';
import { MaskEditor } from './mask-editor.js';
import { MASK_BINDINGS, VIEWER_KEYS } from './mask-keys.js';
import { MaskSaves } from './mask-saves.js';
import { MasksPanel } from './masks-panel.js';
import { NewerVersion } from './newer-version.js';
import { VersionList } from './version-list.js';
import { hasWebGl2 } from './webgl2.js';

/** What takes no longer is not worth a word. */
const WORDS_AFTER_MS = 300;

export class MasksPage {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.caseUrl = root.dataset.caseUrl;
    this.nodesUrl = root.dataset.nodesUrl;
    /** @type {MaskEditor | null} */
    this.editor = null;
    this.canDraw = hasWebGl2();
    /** @type {import('./mask-editor.js').EditedNode[] | null} Those in the list. */
    this.listed = null;
    /** What is waited for: until then nothing is drawn. */
    this.busy = '';
    this.viewer = new Viewer(this.part('viewer'), {
      state: root,
      onChange: () => this.show(),
      onDraw: (slice, toCanvas) => this.tools?.layer.draw(slice, toCanvas),
    });
    this.tools = new DrawingTools(this.viewer, root, `${this.nodesUrl}propose/`, {
      editor: () => this.editor,
      outlined: () => [
        [this.candidates?.candidate?.mask, STYLES.candidate],
        [this.versions?.shown?.mask, STYLES.version],
      ],
      mayDraw: () => this.mayDraw(),
      say: (text) => this.panel.say(text),
      fail: (error) => this.panel.notice(explain(error)),
      wait: (text, work) => this.wait(text, work),
      onChange: () => this.show(),
    });
    this.saves = new MaskSaves(() => this.show());
    this.panel = new MasksPanel(root);
    this.newer = new NewerVersion(this.part('stale'), this.caseUrl);
    this.versions = new VersionList(
      this.part('versions'),
      (shown) => {
        this.panel.sayOutlined(shown, this.editor.grid);
        this.tools.layer.redraw();
      },
      (error) => this.panel.notice(`The versions cannot be shown: ${explain(error)}`),
    );
    const section = this.part('candidate');
    /** Where a candidate is looked at. */
    this.candidates = section && new CandidatePanel(section, (node) => this.editCandidate(node));
    this.changes = new MaskChanges(this);
    const { person, caseUrl } = root.dataset;
    this.drafts = new Drafts(`${person} ${caseUrl}`);
    this.nodeList = new NodeList(this.part('nodes'), (node) => this.choose(node));
    this.#listen();
  }

  /** @param {string} part @returns {any} */
  part(part) {
    return this.root.querySelector(`[data-part="${part}"]`);
  }

  #listen() {
    const acts = this.#actions();
    bindKeys([...MASK_BINDINGS, ...VIEWER_KEYS], acts);
    listKeys(this.part('keys'), [], MASK_BINDINGS, VIEWER_KEYS);
    bindThemeButton(this.part('theme'));
    this.root.addEventListener('click', (event) => {
      const button = event.target instanceof Element && event.target.closest('[data-act]');
      if (button) {
        acts[button.dataset.act]();
      }
    });
    // The viewer's own buttons take the left button away from the drawing tools.
    this.part('viewer').addEventListener('click', () => this.show());
    this.part('problem-retry').addEventListener('click', () => this.start());
    window.addEventListener('beforeunload', (event) => {
      if (this.editor?.isUnsaved || this.saves.state !== 'idle') {
        event.preventDefault();
      }
    });
  }

  /** @returns {Record<string, () => unknown>} */
  #actions() {
    const viewer = this.viewer.actions();
    const chooser = (name) => [`tool-${name}`, () => this.#chooseViewerTool(name)];
    return {
      ...viewer,
      ...Object.fromEntries(['window', 'zoom', 'length'].map(chooser)),
      ...this.tools.actions(),
      outlines: () => this.#toggleOutlines(viewer.outlines),
      undo: () => (this.viewer.mouse.active === 'length' ? viewer.undo() : this.#undo()),
      redo: () => (this.viewer.mouse.active === 'length' ? viewer.redo() : this.#redo()),
      save: () => this.changes.save(),
      cancel: () => this.cancel(),
      discard: () => this.discard(),
      'next-node': () => this.choose(this.editor?.neighbour(1)?.node ?? null),
      'previous-node': () => this.choose(this.editor?.neighbour(-1)?.node ?? null),
      'new-node': () => this.choose(null),
      split: () => this.split(),
      merge: () => this.changes.merge(),
      remove: () => this.changes.remove(),
      'use-kept': () => this.#useKept(),
      'drop-kept': () => this.#dropKept(),
      'retry-save': () => this.saves.retryNow(),
      'give-up-save': () => this.saves.giveUp(),
      'close-notice': () => this.panel.notice(''),
      help: () => this.part('help').showModal(),
    };
  }

  /** @param {'window' | 'zoom' | 'length'} name */
  #chooseViewerTool(name) {
    this.viewer.chooseTool(name);
    this.show();
  }

  #toggleOutlines(toggle) {
    this.tools.layer.visible = !this.viewer.overlay.visible;
    toggle();
  }

  #undo() {
    if (this.mayDraw()) {
      this.tools.undo();
    }
  }

  #redo() {
    if (this.mayDraw()) {
      this.tools.redo();
    }
  }

  async start() {
    this.panel.problem('');
    try {
      const payload = await this.load();
      this.editor = new MaskEditor(payload);
      const { patient: caseId, frames_url: framesUrl, geometry, frames } = payload;
      const candidate = this.candidates?.candidate;
      const first = candidate ?? this.editor.nodes[0];
      const slice = first ? Math.round(first.centroid_zyx[0]) : Math.floor(geometry.slices / 2);
      await this.viewer.open({ caseId, framesUrl, geometry, frames }, [], { slice });
      if (candidate) {
        this.#openBeside(candidate);
      } else {
        this.open(first?.node ?? null);
      }
      if (this.canDraw) {
        this.tools.choose('brush');
        await this.#offerDraft();
      }
    } catch (error) {
      this.panel.problem(explain(error));
    }
  }

  /** What was drawn on a page that is gone lies beside what is stored, until it is decided. */
  async #offerDraft() {
    const { candidates } = this;
    const draft = await this.drafts.take(candidates?.candidate.acceptUrl ?? null);
    if (draft === null) {
      return;
    }
    const node = this.editor.find(draft.node)?.node ?? null;
    if (draft.candidate !== null && candidates.isOpen) {
      this.#edit(node);
    } else {
      this.open(node);
    }
    this.editor.keepBeside(draft.mask, draft);
    this.tools.layer.redraw();
    this.show();
  }

  /** @returns {Promise<any>} The case as it is now; the candidate is read anew, too. */
  async load() {
    const [payload] = await Promise.all([getJson(this.caseUrl), this.candidates?.load()]);
    return payload;
  }

  /** @param {import('./candidate-panel.js').Candidate} candidate */
  #openBeside(candidate) {
    if (this.candidates.isAskedFor && this.candidates.isOpen && this.canDraw) {
      this.#edit(this.candidates.likely);
    } else {
      this.open(null);
      this.viewer.goToNode({ node: null, centroid_zyx: candidate.centroid_zyx });
    }
  }

  /** Draw the candidate. @param {string | null} node Whose mask it becomes; null: a new node. */
  async editCandidate(node) {
    const isOnlyBegun = this.editor?.candidate != null && !this.editor.isDrawnOn;
    // What was drawn before may have been saved as the decision.
    if (this.mayDraw() && (isOnlyBegun || (await this.#mayLeave())) && this.candidates.isOpen) {
      this.#edit(node);
    }
  }

  /** @param {string | null} node */
  #edit(node) {
    const { candidate } = this.candidates;
    this.open(node);
    const leftOut = this.editor.openCandidate(candidate, node);
    this.viewer.goToNode({ node, centroid_zyx: candidate.centroid_zyx });
    this.panel.sayLeftOut(leftOut);
    this.tools.layer.redraw();
    this.show();
  }

  /** @returns {boolean} */
  mayDraw() {
    const isIdle = this.busy === '' && this.saves.state === 'idle';
    return this.canDraw && isIdle && this.editor !== null && this.editor.kept === null;
  }

  /** Unsaved changes are asked about first. @param {string | null} node Null: a new one. */
  async choose(node) {
    if (this.editor === null || this.busy !== '' || this.saves.state !== 'idle') {
      return;
    }
    if (node !== null && node === this.editor.target?.node) {
      this.viewer.goToNode(this.editor.target);
    } else if (await this.#mayLeave()) {
      // What was saved on leaving is still said.
      const said = this.part('said').textContent;
      this.open(node);
      this.panel.say(said);
    }
  }

  /** @returns {Promise<boolean>} */
  async #mayLeave() {
    if (!this.editor.isUnsaved) {
      return true;
    }
    if (this.editor.kept !== null) {
      this.panel.say('Use or drop your drawing first.');
      return false;
    }
    const answer = await ask(this.part('leave'));
    return answer === 'discard' || (answer === 'save' && this.changes.save());
  }

  /** @param {string | null} node */
  open(node) {
    this.tools.discardProposal();
    this.editor.open(node);
    this.panel.notice('');
    this.panel.say('');
    this.showNodes();
    if (this.editor.target !== null) {
      this.viewer.goToNode(this.editor.target);
      this.nodeList.reveal(node);
    }
    this.versions.load(this.editor.target);
  }

  showNodes() {
    this.viewer.replaceNodes(this.editor.others(), this.editor.nodes);
    this.viewer.setCurrentNode(this.editor.target?.node ?? null);
    this.show();
  }

  discard() {
    if (this.editor?.isUnsaved && this.saves.state === 'idle') {
      this.open(this.editor.target?.node ?? null);
    }
  }

  cancel() {
    if (this.busy !== '' || this.tools.discardProposal()) {
      return;
    }
    if (this.editor?.part) {
      this.editor.endPart();
      this.tools.layer.redraw();
      this.show();
    } else {
      this.viewer.mouse.cancel();
    }
  }

  split() {
    if (this.changes.isAtRest()) {
      this.tools.discardProposal();
      this.editor.startPart();
      this.tools.choose('brush');
      this.show();
    }
  }

  #useKept() {
    this.panel.sayLeftOut(this.editor.useKept());
    this.tools.layer.redraw();
    this.show();
  }

  #dropKept() {
    this.editor.keepBeside(null);
    this.tools.layer.redraw();
    this.show();
  }

  /**
   * Nothing can be drawn while something is waited for; what takes a while is told.
   *
   * @template T @param {string} text @param {Promise<T>} work @returns {Promise<T>}
   */
  async wait(text, work) {
    this.busy = text;
    this.show();
    const timer = setTimeout(() => this.panel.showProgress(text), WORDS_AFTER_MS);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
      this.busy = '';
      this.panel.showProgress('');
      this.show();
    }
  }

  show() {
    if (this.editor === null) {
      return;
    }
    this.panel.show({
      editor: this.editor,
      proposal: this.tools.proposal,
      tool: this.tools.chosen,
      saving: this.saves.state,
      canDraw: this.canDraw,
      mayDraw: this.mayDraw(),
      canSave: this.changes.canSave(),
      besideCandidate: this.candidates?.isOpen ?? false,
      isAtRest: this.changes.isAtRest(),
    });
    this.candidates?.show(this.editor, this.mayDraw());
    this.drafts.follow(this.editor);
    this.#showList();
  }

  #showList() {
    const { nodes, grid, target } = this.editor;
    if (this.listed !== nodes) {
      this.listed = nodes;
      this.nodeList.open(nodes.map((node) => ({ ...node, where: this.panel.whereIs(node, grid) })));
    }
    this.nodeList.show(this.panel.rowsOf(this.editor), target?.node ?? null);
  }
}

const root = document.querySelector('[data-nodes-url]');
if (root instanceof HTMLElement) {
  new MasksPage(root).start();
}
