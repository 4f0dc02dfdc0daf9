/**
 * What reading and labelling share: nodes beside a CT, one judgement each, saved at once, submitted
 * together. A page adds where its case comes from and what happens after submitting.
 */
import { explain } from '../viewer/http.js';
import { Viewer } from '../viewer/viewer.js';
import { CallForm } from './call-form.js';
import { CallStore } from './call-store.js';
import { ConflictDialog } from './conflict-dialog.js';
import { NodeList } from './node-list.js';
import { SaveIndicator } from './save-indicator.js';

const NOTHING_WAITS = new Map();

/**
 * @typedef {object} Words How a page speaks of its judgements.
 * @property {string} off While no picture is shown.
 * @property {string} locked Why a submitted case takes none.
 * @property {string} lockedHint Beside the button, after submitting.
 * @property {string} done One node has it.
 * @property {string} missing One node lacks it.
 * @property {string} none It does not exist.
 * @property {string} toDo Still to be made.
 * @property {string} unsaved Complete, but not all saved.
 */

export class JudgementPage {
  /**
   * @param {HTMLElement} root
   * @param {{form: string, words: Words}} options `form` names the part with the categories.
   */
  constructor(root, { form, words }) {
    this.root = root;
    this.words = words;
    /** @type {import('./case-state.js').CaseState | null} */
    this.case = null;
    /** @type {import('./save-queue.js').SaveQueue | null} */
    this.queue = null;
    this.submitting = false;
    this.viewer = new Viewer(this.part('viewer'), { state: root, onChange: () => this.show() });
    this.nodeList = new NodeList(this.part('nodes'), (node) => this.goToNode(node));
    this.form = new CallForm(this.part(form), (category) => this.judge(category));
    this.saves = new SaveIndicator(this.part('save'), {
      onRetry: () => this.queue?.retryNow(),
      onDiscard: () => this.discardRefused(),
    });
    this.conflict = new ConflictDialog(this.part('conflict'), {
      onKeepServer: () => this.settle((queue) => queue.keepServerCalls()),
      onKeepOwn: () => this.settle((queue) => queue.keepOwnCalls()),
    });
    this.part('submit').addEventListener('click', () => this.submit());
    this.part('open-help').addEventListener('click', () => this.part('help').showModal());
    this.part('problem-retry').addEventListener('click', () => this.open());
    window.addEventListener('beforeunload', (event) => {
      if (this.needsTab()) {
        event.preventDefault();
      }
    });
  }

  async start() {
    this.store = await CallStore.open();
    await this.open();
  }

  /** Fetch the case and show it; a failure is told with a way to try again. */
  async open() {
    this.problem('');
    try {
      await this.enter(await this.fetchCase());
    } catch (error) {
      this.problem(explain(error));
    }
  }

  /** @param {string} part @returns {any} */
  part(part) {
    return this.root.querySelector(`[data-part="${part}"]`);
  }

  /** @returns {Record<string, (event: KeyboardEvent) => void>} What the keys of both pages do. */
  actions() {
    return {
      ...this.viewer.actions(),
      'next-node': () => this.#goToNeighbour(1),
      'previous-node': () => this.#goToNeighbour(-1),
      submit: (event) => event.repeat || this.submit(),
      help: () => this.part('help').showModal(),
    };
  }

  /** @returns {boolean} Something would be lost with this tab. */
  needsTab() {
    return this.queue?.needsTab ?? false;
  }

  /** @returns {boolean} All that was judged here is saved. */
  isSaved() {
    return this.queue.isEmpty;
  }

  waiting() {
    return this.queue?.waitingCategories() ?? NOTHING_WAITS;
  }

  listNodes() {
    const { nodes } = this.case;
    this.nodeList.open(nodes.map((node) => ({ ...node, where: this.case.whereIs(node) })));
  }

  /** @param {string} node */
  goToNode(node) {
    const found = this.case?.find(node);
    if (found) {
      this.case.current = node;
      this.viewer.goToNode(found);
      this.show();
      this.nodeList.reveal(node);
    }
  }

  #goToNeighbour(step) {
    if (this.case && this.case.nodes.length > 0) {
      this.goToNode(this.case.neighbour(step).node);
    }
  }

  /** Why no node can be judged now; empty where one can. @returns {string} */
  obstacle() {
    if (this.case.locked) {
      return this.words.locked;
    }
    if (this.viewer.shown()?.caseId !== this.case.payload.case) {
      return this.words.off;
    }
    return this.submitting ? 'Submitting …' : '';
  }

  /** @param {number} category */
  judge(category) {
    const node = this.case?.find(this.case.current);
    if (!node || this.obstacle() !== '') {
      return;
    }
    this.add(node.node, category);
    this.part('announcement').textContent = `Node ${node.number}: ${this.case.labelOf(category)}.`;
    const next = this.case.nextMissing(this.waiting());
    if (next.node !== node.node) {
      this.goToNode(next.node);
    }
  }

  /**
   * Put a judgement into the queue.
   * @param {string} node @param {number} category @param {object} more What else is saved with it.
   */
  add(node, category, more = {}) {
    const { caseId: shownCase, slice: shownSlice } = this.viewer.shown();
    this.queue.add({ node, category, ...more, shownCase, shownSlice });
  }

  /** @returns {boolean} */
  canSubmit() {
    const complete = this.case.missing(this.waiting()).length === 0;
    return complete && this.isSaved() && this.obstacle() === '';
  }

  async submit() {
    if (!this.case || !this.canSubmit()) {
      return;
    }
    this.submitting = true;
    this.show();
    try {
      await this.send();
    } catch (error) {
      this.submitting = false;
      this.show();
      await this.sendingFailed(error);
    }
  }

  discardRefused() {
    this.queue?.discardRefused();
  }

  /** @param {(queue: import('./save-queue.js').SaveQueue) => unknown} decide */
  async settle(decide) {
    if (this.queue.conflict !== null) {
      this.case.replaceSaved(this.savedOf(this.queue.conflict));
    }
    await decide(this.queue);
    this.show();
  }

  saveChanged() {
    this.saves.show(this.queue);
    if (this.queue.state === 'conflict') {
      this.conflict.ask(this.#differences(this.savedOf(this.queue.conflict)));
    }
    this.show();
  }

  /** @param {Record<string, number>} saved */
  #differences(saved) {
    const name = (category) =>
      category === undefined ? this.words.none : this.case.labelOf(category);
    return [...this.waiting()].map(([node, own]) => ({
      number: this.case.find(node)?.number,
      saved: name(saved[node]),
      own: name(own),
    }));
  }

  show() {
    if (this.case === null || this.queue === null) {
      return;
    }
    const waiting = this.waiting();
    const made = this.case.calls(waiting);
    const rows = this.case.nodes.map((node) => ({
      ...node,
      where: this.case.whereIs(node),
      category: made.get(node.node) ?? null,
      label: made.has(node.node) ? this.case.labelOf(made.get(node.node)) : this.words.missing,
      waiting: waiting.has(node.node),
    }));
    const current = rows.find(({ node }) => node === this.case.current);
    this.nodeList.show(rows, this.case.current);
    this.form.show({
      heading: current ? `Node ${current.number}` : 'No node',
      category: current?.category ?? null,
      hint: this.obstacle(),
    });
    this.#showProgress(rows.length, this.case.missing(waiting).length);
  }

  #showProgress(total, missing) {
    this.part('progress').textContent = `${total - missing} of ${total} ${this.words.done}`;
    this.part('submit').disabled = !this.canSubmit();
    let hint = missing > 0 ? `${missing} ${this.words.toDo}` : 'Complete';
    if (missing === 0 && !this.isSaved()) {
      hint = this.words.unsaved;
    }
    this.part('submit-hint').textContent = this.case.locked ? this.words.lockedHint : hint;
  }

  /** @param {string} text */
  notice(text) {
    this.part('notice').textContent = text;
    this.part('notice').hidden = text === '';
  }

  /** @param {string} text */
  problem(text) {
    this.notice('');
    this.part('problem-text').textContent = text;
    this.part('problem').hidden = text === '';
  }
}
