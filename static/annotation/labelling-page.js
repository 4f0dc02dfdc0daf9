/**
 * The labelling page: the nodes of one patient, a label and a comment for each.
 */
import { CaseState, centralSlice } from '../reading/case-state.js';
import { JudgementPage, explain } from '../reading/judgement-page.js';
import { listKeys } from '../reading/reading-keys.js';
import { SaveQueue } from '../reading/save-queue.js';
import { Refusal, getJson, postJson } from '../viewer/http.js';
import { bindThemeButton } from '../viewer/theme-button.js';
import { VIEWER_BINDINGS, bindKeys } from '../viewer/tool-bindings.js';
import { LABELLING_BINDINGS, LABELS, labelActions } from './labels.js';
import { NodeComment } from './node-comment.js';

/** @type {import('../reading/judgement-page.js').Words} */
const WORDS = Object.freeze({
  off: 'Labels are off until the picture is shown.',
  locked: 'Submitted: labels are locked.',
  lockedHint: '',
  done: 'labelled',
  missing: 'Not labelled',
  none: 'no label',
  toDo: 'to label',
  unsaved: 'Waiting until all labels are saved',
});

class LabellingPage extends JudgementPage {
  /** @param {HTMLElement} root */
  constructor(root) {
    super(root, { form: 'label-form', words: WORDS });
    this.url = root.dataset.labellingUrl;
    this.comment = new NodeComment(this.part('comment'), this.part('comment-hint'), {
      canSave: () => this.obstacle() === '',
      save: (node, comment) =>
        super.add(node, this.case.calls(this.waiting()).get(node), { comment }),
    });
    bindThemeButton(this.part('theme'));
    listKeys(this.part('keys'), LABELS, LABELLING_BINDINGS);
    bindKeys([...LABELLING_BINDINGS, ...VIEWER_BINDINGS], {
      ...this.actions(),
      ...labelActions((index) => this.judge(LABELS[index].value)),
      comment: () => this.part('comment').focus(),
    });
    this.form.open([...LABELS]);
  }

  /** @returns {Promise<[any, any]>} The annotator's labelling, and the patient's case. */
  fetchCase() {
    return Promise.all([getJson(this.url), getJson(this.root.dataset.caseUrl)]);
  }

  /** @param {[any, any]} answers */
  async enter([own, pictures]) {
    this.queue?.stop();
    this.case = new CaseState(caseOf(own, pictures));
    this.queue = new SaveQueue({
      store: this.store,
      caseId: own.labelling,
      url: `${this.url}labels/`,
      version: own.version,
      onChange: () => this.saveChanged(),
      onSaved: ({ node, category }) => this.case.saved.set(node, category),
      toBody: labelBody,
    });
    this.listNodes();
    await this.queue.restore();
    this.#openComments(own.nodes);
    const first = this.case.nextMissing(this.waiting());
    this.case.current = first?.node ?? null;
    this.viewer.setCurrentNode(this.case.current);
    const { frames_url: framesUrl, geometry, frames } = pictures;
    await this.viewer.open(
      { caseId: own.labelling, framesUrl, geometry, frames },
      this.case.nodes,
      { slice: first ? centralSlice([first]) : 0 },
    );
    this.show();
  }

  /** What waits to be saved wins over what the server has. */
  #openComments(saved) {
    const comments = [...saved, ...this.queue.waiting].map(({ node, comment }) => [node, comment]);
    this.comment.open(comments);
  }

  needsTab() {
    return super.needsTab() || this.comment.isDirty;
  }

  isSaved() {
    return super.isSaved() && !this.comment.isDirty;
  }

  /** @param {string} node @param {number} label */
  add(node, label) {
    super.add(node, label, { comment: this.comment.take(node) });
  }

  async send() {
    await postJson(`${this.url}submit/`, { base_version: this.queue.version });
    this.#locked();
  }

  /** The answer may have been lost on its way: ask how the patient stands before complaining. */
  async sendingFailed(error) {
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
    this.notice(`The patient is not submitted: ${explain(error)}`);
  }

  #locked() {
    this.submitting = false;
    this.case.locked = true;
    this.notice('');
    this.show();
    this.part('next').focus();
  }

  discardRefused() {
    this.settle((queue) => queue.discardRefused());
  }

  async settle(decide) {
    const now = this.queue.conflict;
    await super.settle(decide);
    if (now !== null) {
      this.#openComments(now.labels);
      this.show();
    }
  }

  savedOf({ labels }) {
    return Object.fromEntries(labels.map(({ node, label }) => [node, label]));
  }

  show() {
    super.show();
    if (this.case === null || this.queue === null) {
      return;
    }
    const labelled = new Set(this.case.calls(this.waiting()).keys());
    this.comment.show(this.case.current, labelled, this.case.locked);
    this.part('to-submit').hidden = this.case.locked;
    this.part('submitted').hidden = !this.case.locked;
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

const root = document.querySelector('[data-labelling-url]');
if (root instanceof HTMLElement) {
  new LabellingPage(root).start();
}
