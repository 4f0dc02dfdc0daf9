/**
 * The labelling page: the nodes of one patient, a label and its details for each, held against the
 * pathology report.
 */
import { centralSlice } from '../reading/case-state.js';
import { JudgementPage } from '../reading/judgement-page.js';
import { listKeys } from '../reading/reading-keys.js';
import { SaveQueue } from '../reading/save-queue.js';
import { Refusal, explain, getJson, postJson } from '../viewer/http.js';
import { bindThemeButton } from '../viewer/theme-button.js';
import { VIEWER_BINDINGS, bindKeys } from '../viewer/tool-bindings.js';
import { LabelDetails } from './label-details.js';
import { LabellingCase, caseOf } from './labelling-case.js';
import {
  LABELLING_BINDINGS,
  LABELS,
  NOT_DETERMINABLE,
  formerWords,
  labelActions,
} from './labels.js';
import { PlaceColumn } from './place-column.js';
import { ReportPanel } from './report-panel.js';

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
    this.details = new LabelDetails(this.part('label-form'), this.part('detail-hint'), {
      canSave: () => this.obstacle() === '',
      save: (node, details) =>
        super.add(node, this.case.calls(this.waiting()).get(node), { details }),
      onChange: () => this.show(),
    });
    this.report = new ReportPanel(this.part('report'), {
      giveReason: (finding, reason) => this.#giveReason(finding, reason),
      goToNumber: (number) => this.goToNode(this.case.nodes.find((n) => n.number === number).node),
    });
    this.places = new PlaceColumn(this.part('nodes'));
    /** @type {{nodes: number, not_determinable: number}} In the cohort's other patients. */
    this.elsewhere = { nodes: 0, not_determinable: 0 };
    /** @type {Map<string, string>} What a reason says, and the id it is saved under. */
    this.reasonIds = new Map();
    bindThemeButton(this.part('theme'));
    listKeys(this.part('keys'), LABELS, LABELLING_BINDINGS);
    bindKeys([...LABELLING_BINDINGS, ...VIEWER_BINDINGS], {
      ...this.actions(),
      ...labelActions((index) => this.judge(LABELS[index].value)),
      ...this.#detailActions(),
    });
    this.form.open([...LABELS]);
  }

  /** @returns {Record<string, () => void>} */
  #detailActions() {
    const focus = ['place', 'matched', 'basis', 'matted', 'comment'].map((name) => [
      name,
      () => this.details.focus(name),
    ]);
    const certain = [1, 2, 3].map((value) => [
      `certainty-${value}`,
      () => this.details.set('certainty', String(value)),
    ]);
    return {
      ...Object.fromEntries([...focus, ...certain]),
      automatic: () => this.#takeAutomatic(),
      reason: () => this.report.focusReason(),
    };
  }

  #takeAutomatic() {
    const automatic = this.case?.find(this.case.current)?.automatic;
    if (automatic) {
      this.details.set('place', automatic);
      this.show();
    }
  }

  /** @returns {Promise<[any, any]>} The annotator's labelling, and the patient's case. */
  fetchCase() {
    return Promise.all([getJson(this.url), getJson(this.root.dataset.caseUrl)]);
  }

  /** @param {[any, any]} answers */
  async enter([own, pictures]) {
    this.queue?.stop();
    this.case = new LabellingCase(
      caseOf(own, pictures, LABELS),
      (node) => this.report.report !== null && this.details.missing(node).length > 0,
    );
    this.elsewhere = own.elsewhere;
    this.report.show(own.report);
    this.queue = new SaveQueue({
      store: this.store,
      caseId: own.labelling,
      url: `${this.url}labels/`,
      version: own.version,
      onChange: () => this.saveChanged(),
      onSaved: (entry, answer) => this.#saved(entry, answer),
      toBody: labelBody,
    });
    this.listNodes();
    this.places.open(this.case.nodes);
    await this.queue.restore();
    this.#openDetails(own.nodes);
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

  #saved({ node, category }, { report }) {
    this.case.saved.set(node, category);
    this.report.show(report);
  }

  /** What waits to be saved wins over what the server has. */
  #openDetails(saved) {
    const waiting = this.queue.waiting.map(({ node, details }) => ({ node, ...details }));
    this.details.open([...saved, ...waiting]);
  }

  /** @param {any} finding @param {string} reason @returns {Promise<string>} What went wrong. */
  async #giveReason({ code, sentence }, reason) {
    // Trying again after a lost answer repeats the same save.
    const said = JSON.stringify([code, sentence, reason]);
    const clientId = this.reasonIds.get(said) ?? crypto.randomUUID();
    this.reasonIds.set(said, clientId);
    try {
      const body = { client_id: clientId, code, sentence, reason };
      const answer = await postJson(`${this.url}reasons/`, body);
      this.reasonIds.delete(said);
      this.report.show(answer.report);
      this.show();
      return '';
    } catch (error) {
      return explain(error);
    }
  }

  needsTab() {
    return super.needsTab() || this.details.isDirty;
  }

  isSaved() {
    return super.isSaved() && !this.details.isDirty;
  }

  /** @param {string} node @param {number} label */
  add(node, label) {
    super.add(node, label, { details: this.details.take(node) });
  }

  /** @param {number} label */
  judge(label) {
    const obstacle = this.case?.current ? this.details.obstacle(this.case.current, label) : '';
    if (obstacle !== '' && this.obstacle() === '') {
      this.part('detail-hint').textContent = obstacle;
      return;
    }
    super.judge(label);
  }

  canSubmit() {
    return super.canSubmit() && this.report.open.length === 0;
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
      this.#openDetails(now.labels);
      this.show();
      await this.#reloadReport();
    }
  }

  /** What a save elsewhere changed in the findings came with no answer to a save of this page. */
  async #reloadReport() {
    const own = await getJson(this.url).catch(() => null);
    if (own !== null) {
      this.report.show(own.report);
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
    const labels = this.case.calls(this.waiting());
    const current = this.case.find(this.case.current);
    this.details.show(this.case.current, labels, this.case.locked);
    this.report.lock(this.case.locked);
    this.places.show(this.case.nodes, {
      placeOf: (node) => this.details.of(node).place,
      missingOf: (node) =>
        labels.has(node) && this.report.report ? this.details.missing(node) : [],
    });
    const automatic = current?.automatic
      ? `Automatic: ${current.automatic} (A takes it)`
      : 'No automatic level';
    const former = (current?.formerly ?? []).map(formerWords);
    this.part('automatic').textContent = [automatic, ...former].join('. ');
    this.#showLeaving(labels);
    this.#explainSubmit();
    this.part('to-submit').hidden = this.case.locked;
    this.part('submitted').hidden = !this.case.locked;
  }

  /** @param {Map<string, number>} labels */
  #showLeaving(labels) {
    const here = [...labels.values()].filter((label) => label === NOT_DETERMINABLE).length;
    const { nodes, not_determinable: there } = this.elsewhere;
    const total = this.case.nodes.length;
    this.part('leaving').hidden = here === 0;
    this.part('leaving').textContent =
      `Not determinable: ${here} of ${total} nodes here would leave the analysis` +
      ` (${here + there} of ${total + nodes} in the cohort, by your labels).`;
  }

  #explainSubmit() {
    const { open } = this.report;
    const isDone = this.case.missing(this.waiting()).length === 0 && this.isSaved();
    if (isDone && open.length > 0 && !this.case.locked) {
      const blocks = open.filter(({ is_block: isBlock }) => isBlock).length;
      const asks = open.length - blocks;
      const parts = [
        blocks > 0 ? `${blocks} to correct` : '',
        asks > 0 ? `${asks} without a reason` : '',
      ];
      const said = parts.filter((part) => part !== '').join(', ');
      this.part('submit-hint').textContent = `Against the report: ${said}`;
    }
  }
}

/** @param {any} entry What waits in the queue. @returns {object} The request that saves it. */
function labelBody(entry) {
  return {
    client_id: entry.call,
    base_version: entry.base_version,
    node: entry.node,
    label: entry.category,
    comment: entry.comment ?? '',
    ...entry.details,
    shown_case: entry.shown_case,
    shown_slice: entry.shown_slice,
  };
}

const root = document.querySelector('[data-labelling-url]');
if (root instanceof HTMLElement) {
  new LabellingPage(root).start();
}
