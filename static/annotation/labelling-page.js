/**
 * The labelling page: wires viewer, nodes, labels, comments and saving for one patient.
 */
import { CallForm } from '../reading/call-form.js';
import { CallStore } from '../reading/call-store.js';
import { CaseState, centralSlice } from '../reading/case-state.js';
import { ConflictDialog } from '../reading/conflict-dialog.js';
import { NodeList } from '../reading/node-list.js';
import { listKeys } from '../reading/reading-keys.js';
import { SaveIndicator } from '../reading/save-indicator.js';
import { SaveQueue } from '../reading/save-queue.js';
import { Refusal, getJson, postJson } from '../viewer/http.js';
import { VIEWER_BINDINGS, bindKeys } from '../viewer/tool-bindings.js';
import { Viewer } from '../viewer/viewer.js';
import { LABELLING_BINDINGS, LABELS, labelActions } from './labels.js';
import { NodeComment } from './node-comment.js';
import { bindThemeButton } from './viewer-theme.js';

const NOTHING_WAITS = new Map();

class LabellingPage {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.url = root.dataset.labellingUrl;
    /** @type {CaseState | null} */
    this.case = null;
    /** @type {SaveQueue | null} */
    this.queue = null;
    this.submitting = false;
    this.viewer = new Viewer(root.querySelector('[data-part="viewer"]'), {
      state: root,
      onChange: () => this.#show(),
    });
    this.nodeList = new NodeList(this.#part('nodes'), (node) => this.goToNode(node));
    this.form = new CallForm(this.#part('label-form'), (label) => this.label(label));
    this.comment = new NodeComment(this.#part('comment'), this.#part('comment-hint'), {
      canSave: () => this.#obstacle() === '',
      save: (node, comment) => this.#add(node, this.#labels().get(node), comment),
    });
    this.saves = new SaveIndicator(this.#part('save'), {
      onRetry: () => this.queue?.retryNow(),
      onDiscard: () => this.#settle((queue) => queue.discardRefused()),
    });
    this.conflict = new ConflictDialog(this.#part('conflict'), {
      onKeepServer: () => this.#settle((queue) => queue.keepServerCalls()),
      onKeepOwn: () => this.#settle((queue) => queue.keepOwnCalls()),
    });
    this.#listen();
  }

  /** @param {string} part @returns {any} */
  #part(part) {
    return this.root.querySelector(`[data-part="${part}"]`);
  }

  #listen() {
    bindKeys([...LABELLING_BINDINGS, ...VIEWER_BINDINGS], {
      ...this.viewer.actions(),
      ...labelActions((index) => this.label(LABELS[index].value)),
      'next-node': () => this.#goToNeighbour(1),
      'previous-node': () => this.#goToNeighbour(-1),
      comment: () => this.#part('comment').focus(),
      submit: (event) => event.repeat || this.submit(),
      help: () => this.#part('help').showModal(),
    });
    bindThemeButton(this.#part('theme'));
    listKeys(this.#part('keys'), LABELS, LABELLING_BINDINGS);
    this.#part('submit').addEventListener('click', () => this.submit());
    this.#part('open-help').addEventListener('click', () => this.#part('help').showModal());
    this.#part('problem-retry').addEventListener('click', () => this.open());
    window.addEventListener('beforeunload', (event) => {
      if (this.queue?.needsTab || this.comment.isDirty) {
        event.preventDefault();
      }
    });
  }

  async start() {
    this.store = await CallStore.open();
    this.form.open([...LABELS]);
    await this.open();
  }

  async open() {
    this.#problem('');
    try {
      const [own, pictures] = await Promise.all([
        getJson(this.url),
        getJson(this.root.dataset.caseUrl),
      ]);
      await this.#enter(own, pictures);
    } catch (error) {
      this.#problem(explain(error));
    }
  }

  /** @param {any} own The annotator's labelling. @param {any} pictures The patient's case. */
  async #enter(own, pictures) {
    this.queue?.stop();
    this.case = new CaseState(caseOf(own, pictures));
    this.queue = new SaveQueue({
      store: this.store,
      caseId: own.labelling,
      url: `${this.url}labels/`,
      version: own.version,
      onChange: () => this.#saveChanged(),
      onSaved: ({ node, category }) => this.case.saved.set(node, category),
      toBody: labelBody,
    });
    this.nodeList.open(
      this.case.nodes.map((node) => ({ ...node, where: this.case.whereIs(node) })),
    );
    await this.queue.restore();
    this.#openComments(own.nodes);
    const first = this.case.nextMissing(this.#waiting());
    this.case.current = first?.node ?? null;
    this.viewer.setCurrentNode(this.case.current);
    const { frames_url: framesUrl, geometry, frames } = pictures;
    await this.viewer.open(
      { caseId: own.labelling, framesUrl, geometry, frames },
      this.case.nodes,
      { slice: first ? centralSlice([first]) : 0 },
    );
    this.#show();
  }

  #waiting() {
    return this.queue?.waitingCategories() ?? NOTHING_WAITS;
  }

  #labels() {
    return this.case.calls(this.#waiting());
  }

  /** @param {string} node */
  goToNode(node) {
    const found = this.case?.find(node);
    if (found) {
      this.case.current = node;
      this.viewer.goToNode(found);
      this.#show();
      this.nodeList.reveal(node);
    }
  }

  #goToNeighbour(step) {
    if (this.case && this.case.nodes.length > 0) {
      this.goToNode(this.case.neighbour(step).node);
    }
  }

  /** Why no node can be labelled now; empty where one can. @returns {string} */
  #obstacle() {
    if (this.case.locked) {
      return 'Submitted: labels are locked.';
    }
    if (this.viewer.shown()?.caseId !== this.case.payload.case) {
      return 'Labels are off until the picture is shown.';
    }
    return this.submitting ? 'Submitting …' : '';
  }

  /** @param {number} label */
  label(label) {
    const node = this.case?.find(this.case.current);
    if (!node || this.#obstacle() !== '') {
      return;
    }
    this.#add(node.node, label, this.comment.take(node.node));
    this.#part('announcement').textContent = `Node ${node.number}: ${this.case.labelOf(label)}.`;
    const next = this.case.nextMissing(this.#waiting());
    if (next.node !== node.node) {
      this.goToNode(next.node);
    }
  }

  #add(node, category, comment) {
    const shown = this.viewer.shown();
    this.queue.add({
      node,
      category,
      comment,
      shownCase: shown.caseId,
      shownSlice: shown.slice,
    });
  }

  /** @returns {boolean} */
  #canSubmit() {
    const complete = this.case.missing(this.#waiting()).length === 0;
    const saved = this.queue.isEmpty && !this.comment.isDirty;
    return complete && saved && this.#obstacle() === '';
  }

  async submit() {
    if (!this.case || !this.#canSubmit()) {
      return;
    }
    this.submitting = true;
    this.#show();
    try {
      await postJson(`${this.url}submit/`, { base_version: this.queue.version });
      this.#locked();
    } catch (error) {
      await this.#submitFailed(error);
    }
  }

  /** The answer may have been lost on its way: ask how the patient stands before complaining. */
  async #submitFailed(error) {
    this.submitting = false;
    this.#show();
    const state = await getJson(this.url).then(
      (own) => own.state,
      () => '',
    );
    if (state === 'submitted') {
      this.#locked();
      return;
    }
    if (error instanceof Refusal && error.status === 409) {
      await this.open();
    }
    this.#notice(`The patient is not submitted: ${explain(error)}`);
  }

  #locked() {
    this.submitting = false;
    this.case.locked = true;
    this.#notice('');
    this.#show();
    this.#part('next').focus();
  }

  /** What waits to be saved wins over what the server has. */
  #openComments(saved) {
    const comments = [...saved, ...this.queue.waiting].map(({ node, comment }) => [node, comment]);
    this.comment.open(comments);
  }

  /** @param {(queue: SaveQueue) => Promise<void>} decide */
  async #settle(decide) {
    const now = this.queue.conflict;
    if (now !== null) {
      this.case.replaceSaved(labelsOf(now));
    }
    await decide(this.queue);
    if (now !== null) {
      this.#openComments(now.labels);
    }
    this.#show();
  }

  #saveChanged() {
    this.saves.show(this.queue);
    if (this.queue.state === 'conflict') {
      this.conflict.ask(this.#differences(labelsOf(this.queue.conflict)));
    }
    this.#show();
  }

  /** @param {Record<string, number>} saved */
  #differences(saved) {
    const name = (label) => (label === undefined ? 'no label' : this.case.labelOf(label));
    return [...this.#waiting()].map(([node, own]) => ({
      number: this.case.find(node)?.number,
      saved: name(saved[node]),
      own: name(own),
    }));
  }

  #show() {
    if (this.case === null || this.queue === null) {
      return;
    }
    const waiting = this.#waiting();
    const labels = this.#labels();
    const rows = this.case.nodes.map((node) => ({
      ...node,
      where: this.case.whereIs(node),
      category: labels.get(node.node) ?? null,
      label: labels.has(node.node) ? this.case.labelOf(labels.get(node.node)) : 'Not labelled',
      waiting: waiting.has(node.node),
    }));
    const current = rows.find(({ node }) => node === this.case.current);
    this.nodeList.show(rows, this.case.current);
    this.form.show({
      heading: current ? `Node ${current.number}` : 'No node',
      category: current?.category ?? null,
      hint: this.#obstacle(),
    });
    this.comment.show(this.case.current, new Set(labels.keys()), this.case.locked);
    this.#showProgress(rows.length, this.case.missing(waiting).length);
  }

  #showProgress(total, missing) {
    this.#part('progress').textContent = `${total - missing} of ${total} labelled`;
    this.#part('submit').disabled = !this.#canSubmit();
    this.#part('to-submit').hidden = this.case.locked;
    this.#part('submitted').hidden = !this.case.locked;
    let hint = missing > 0 ? `${missing} to label` : 'Complete';
    if (missing === 0 && (!this.queue.isEmpty || this.comment.isDirty)) {
      hint = 'Waiting until all labels are saved';
    }
    this.#part('submit-hint').textContent = hint;
  }

  #notice(text) {
    this.#part('notice').textContent = text;
    this.#part('notice').hidden = text === '';
  }

  #problem(text) {
    this.#notice('');
    this.#part('problem-text').textContent = text;
    this.#part('problem').hidden = text === '';
  }
}

/** @returns {any} The two answers as one case, in the reading page's shape. */
function caseOf(own, { geometry, frames, nodes }) {
  const labels = new Map(own.nodes.map(({ node, label }) => [node, label]));
  return {
    case: own.labelling,
    state: own.state,
    version: own.version,
    categories: LABELS,
    geometry,
    frames,
    nodes: nodes.map((node) => {
      const label = labels.get(node.node) ?? null;
      return { ...node, call: label === null ? null : { category: label } };
    }),
  };
}

/** @param {any} entry What waits in the queue. @returns {object} The request that saves it. */
function labelBody(entry) {
  return {
    client_id: entry.call,
    base_version: entry.base_version,
    node: entry.node,
    label: entry.category,
    comment: entry.comment ?? '',
    shown_case: entry.shown_case,
    shown_slice: entry.shown_slice,
  };
}

/** @returns {Record<string, number>} */
function labelsOf(conflict) {
  return Object.fromEntries(conflict.labels.map(({ node, label }) => [node, label]));
}

/** @param {unknown} error @returns {string} */
function explain(error) {
  if (error instanceof Refusal && error.status === 401) {
    return 'You are signed out. Sign in again and come back to this page.';
  }
  return error instanceof Error ? error.message : String(error);
}

const root = document.querySelector('[data-labelling-url]');
if (root instanceof HTMLElement) {
  new LabellingPage(root).start();
}
