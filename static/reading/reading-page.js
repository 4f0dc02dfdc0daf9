/**
 * The reading page: one case after the other, the next one prefetched, what was looked at recorded.
 */
import { Refusal, explain, getJson, postJson } from '../viewer/http.js';
import { VIEWER_BINDINGS, bindKeys } from '../viewer/tool-bindings.js';
import { bindThemeButton } from '../viewer/theme-button.js';
import { CaseState, centralSlice } from './case-state.js';
import { JudgementPage } from './judgement-page.js';
import { ReadingEvents } from './reading-events.js';
import { READING_BINDINGS, listKeys } from './reading-keys.js';
import { SaveQueue } from './save-queue.js';

/** @type {import('./judgement-page.js').Words} */
const WORDS = Object.freeze({
  off: 'Calls are off until the picture is shown.',
  locked: 'This case is submitted.',
  lockedHint: 'Submitted and locked',
  done: 'called',
  missing: 'Not called',
  none: 'no call',
  toDo: 'to call',
  unsaved: 'Waiting until all calls are saved',
});

class ReadingPage extends JudgementPage {
  /** @param {HTMLElement} root */
  constructor(root) {
    super(root, { form: 'call-form', words: WORDS });
    this.caseUrl = root.dataset.caseUrl;
    this.events = new ReadingEvents();
    bindThemeButton(this.part('theme'));
    window.addEventListener('popstate', () => window.location.reload());
    const calls = [0, 1, 2].map((index) => [
      `call-${index}`,
      // A key held down must not call node after node.
      (event) => event.repeat || this.#callNth(index),
    ]);
    bindKeys([...READING_BINDINGS, ...VIEWER_BINDINGS], {
      ...this.actions(),
      ...Object.fromEntries(calls),
    });
  }

  #callNth(index) {
    const category = this.case?.payload.categories[index];
    if (category) {
      this.judge(category.value);
    }
  }

  /** @returns {Promise<import('./case-state.js').ReadingCase>} */
  fetchCase() {
    return getJson(this.caseUrl);
  }

  /** @param {import('./case-state.js').ReadingCase} payload */
  async enter(payload) {
    this.queue?.stop();
    this.case = new CaseState(payload);
    this.queue = new SaveQueue({
      store: this.store,
      caseId: payload.case,
      url: `${this.caseUrl}calls/`,
      version: payload.version,
      onChange: () => this.saveChanged(),
      onSaved: ({ node, category }) => this.case.saved.set(node, category),
    });
    this.submitting = false;
    this.#describe(payload);
    this.events.open(`${this.caseUrl}events/`);
    await this.queue.restore();
    const first = this.case.nextMissing(this.waiting());
    this.case.current = first?.node ?? null;
    this.viewer.setCurrentNode(this.case.current);
    await this.viewer.open(seriesOf(payload), this.case.nodes, {
      slice: first ? centralSlice([first]) : 0,
    });
    this.show();
    this.#prefetchNext(payload.next_case);
  }

  #describe(payload) {
    this.part('study').textContent = payload.study;
    this.part('position').textContent = `Case ${payload.position} of ${payload.total}`;
    this.part('protocol').textContent = payload.protocol;
    document.title = `Case ${payload.position} of ${payload.total} · ${payload.study}`;
    this.part('finished').hidden = true;
    listKeys(this.part('keys'), payload.categories);
    this.form.open(payload.categories);
    this.listNodes();
  }

  /** Fetched quietly; a failure here is not one: the case is asked for again when it is opened. */
  async #prefetchNext(caseId) {
    if (caseId === null) {
      return;
    }
    try {
      const url = this.#urlOf(caseId);
      const payload = await getJson(`${url}pictures/`);
      this.viewer.prefetch(seriesOf(payload), payload.node_slices);
    } catch (error) {
      if (!(error instanceof Refusal) && error.name !== 'ConnectionLost') {
        throw error;
      }
    }
  }

  /** @param {string} caseId @returns {string} */
  #urlOf(caseId) {
    return this.caseUrl.replace(this.case.payload.case, caseId);
  }

  async send() {
    const body = { base_version: this.queue.version };
    const answer = await postJson(`${this.caseUrl}submit/`, body);
    await this.#leave(answer.next);
  }

  /** The answer may have been lost on its way: ask how the case stands before complaining. */
  async sendingFailed(error) {
    try {
      const payload = await getJson(this.caseUrl);
      if (payload.state === 'submitted') {
        await this.#leave(payload.next_case);
        return;
      }
      if (error instanceof Refusal) {
        await this.enter(payload);
      }
    } catch {
      // The first error says more than the second.
    }
    this.notice(`The case is not submitted: ${explain(error)}`);
  }

  async #leave(next) {
    this.case.locked = true;
    // Not awaited: the next case must not wait for the diary of this one.
    this.events.close();
    if (next === null) {
      this.viewer.close();
      this.submitting = false;
      this.show();
      this.part('finished').hidden = false;
      this.part('finished').querySelector('a').focus();
      return;
    }
    const page = window.location.pathname.replace(this.case.payload.case, next);
    window.history.pushState(null, '', page);
    this.caseUrl = this.#urlOf(next);
    await this.open();
  }

  savedOf({ calls }) {
    return calls;
  }

  show() {
    super.show();
    const shown = this.viewer?.shown();
    if (this.queue !== null && shown) {
      this.events.sliceShown(shown.slice, this.case.current);
    }
  }
}

/** @param {Pick<import('./case-state.js').ReadingCase, 'case' | 'frames_url' | 'geometry' | 'frames'>} payload */
function seriesOf({ case: caseId, frames_url: framesUrl, geometry, frames }) {
  return { caseId, framesUrl, geometry, frames };
}

const root = document.querySelector('[data-case-url]');
if (root instanceof HTMLElement) {
  new ReadingPage(root).start();
}
