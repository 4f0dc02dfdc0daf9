/**
 * The reading page: wires viewer, nodes, calls and saving, one case after the other.
 */
import { Refusal, getJson, postJson } from '../viewer/http.js';
import { VIEWER_BINDINGS, bindKeys } from '../viewer/tool-bindings.js';
import { Viewer } from '../viewer/viewer.js';
import { CallForm } from './call-form.js';
import { CallStore } from './call-store.js';
import { CaseState, centralSlice } from './case-state.js';
import { ConflictDialog } from './conflict-dialog.js';
import { NodeList } from './node-list.js';
import { ReadingEvents } from './reading-events.js';
import { READING_BINDINGS, listKeys } from './reading-keys.js';
import { SaveIndicator } from './save-indicator.js';
import { SaveQueue } from './save-queue.js';

const NOTHING_WAITS = new Map();
const THEME_KEY = 'nodewise-viewer-theme';

class ReadingPage {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.caseUrl = root.dataset.caseUrl;
    /** @type {CaseState | null} */
    this.case = null;
    /** @type {SaveQueue | null} */
    this.queue = null;
    this.submitting = false;
    this.viewer = new Viewer(root.querySelector('[data-part="viewer"]'), {
      state: root,
      onChange: () => this.#show(),
    });
    this.events = new ReadingEvents();
    this.nodeList = new NodeList(this.#part('nodes'), (node) => this.goToNode(node));
    this.callForm = new CallForm(this.#part('call-form'), (category) => this.call(category));
    this.saves = new SaveIndicator(this.#part('save'), {
      onRetry: () => this.queue?.retryNow(),
      onDiscard: () => this.queue?.discardRefused(),
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
    const once = (act) => (event) => {
      // A key held down must not call node after node.
      if (!event.repeat) {
        act();
      }
    };
    const calls = [0, 1, 2].map((index) => [`call-${index}`, once(() => this.#callNth(index))]);
    bindKeys([...READING_BINDINGS, ...VIEWER_BINDINGS], {
      ...this.viewer.actions(),
      ...Object.fromEntries(calls),
      'next-node': () => this.#goToNeighbour(1),
      'previous-node': () => this.#goToNeighbour(-1),
      submit: once(() => this.submit()),
      help: () => this.#part('help').showModal(),
    });
    this.#part('submit').addEventListener('click', () => this.submit());
    this.#part('open-help').addEventListener('click', () => this.#part('help').showModal());
    this.#part('theme').addEventListener('click', toggleTheme);
    this.#part('problem-retry').addEventListener('click', () => this.open(this.caseUrl));
    window.addEventListener('popstate', () => window.location.reload());
    window.addEventListener('beforeunload', (event) => {
      if (this.queue?.needsTab) {
        event.preventDefault();
      }
    });
  }

  async start() {
    this.store = await CallStore.open();
    await this.open(this.caseUrl);
  }

  /** @param {string} url The API address of the case. */
  async open(url) {
    this.#problem('');
    try {
      await this.#enter(url, await getJson(url));
    } catch (error) {
      this.#problem(explain(error));
    }
  }

  async #enter(url, payload) {
    this.queue?.stop();
    this.caseUrl = url;
    this.case = new CaseState(payload);
    this.queue = new SaveQueue({
      store: this.store,
      caseId: payload.case,
      url: `${url}calls/`,
      version: payload.version,
      onChange: () => this.#saveChanged(),
      onSaved: ({ node, category }) => this.case.saved.set(node, category),
    });
    this.submitting = false;
    this.#describe(payload);
    this.events.open(`${url}events/`);
    const restored = this.queue.restore();
    await restored;
    const first = this.case.nextMissing(this.#waiting());
    this.case.current = first?.node ?? null;
    this.viewer.setCurrentNode(this.case.current);
    await this.viewer.open(seriesOf(url, payload), this.case.nodes, {
      slice: first ? centralSlice([first]) : 0,
    });
    this.#show();
    this.#prefetchNext(payload.next_case);
  }

  #describe(payload) {
    this.#part('study').textContent = payload.study;
    this.#part('position').textContent = `Case ${payload.position} of ${payload.total}`;
    this.#part('protocol').textContent = payload.protocol;
    document.title = `Case ${payload.position} of ${payload.total} · ${payload.study}`;
    this.#part('finished').hidden = true;
    listKeys(this.#part('keys'), payload.categories);
    this.callForm.open(payload.categories);
    const { nodes } = this.case;
    this.nodeList.open(nodes.map((node) => ({ ...node, where: this.case.whereIs(node) })));
  }

  /** Fetched quietly; a failure here is not one: the case is asked for again when it is opened. */
  async #prefetchNext(caseId) {
    if (caseId === null) {
      return;
    }
    try {
      const url = this.#urlOf(caseId);
      const payload = await getJson(`${url}pictures/`);
      this.viewer.prefetch(seriesOf(url, payload), payload.node_slices);
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

  #waiting() {
    return this.queue?.waitingCategories() ?? NOTHING_WAITS;
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

  #callNth(index) {
    const category = this.case?.payload.categories[index];
    if (category) {
      this.call(category.value);
    }
  }

  /** Why no node can be called now; empty where one can. @returns {string} */
  #obstacle() {
    if (this.case.locked) {
      return 'This case is submitted.';
    }
    const shown = this.viewer.shown();
    if (shown?.caseId !== this.case.payload.case) {
      return 'Calls are off until the picture is shown.';
    }
    return this.submitting ? 'Submitting …' : '';
  }

  /** @param {number} category */
  call(category) {
    const node = this.case?.find(this.case.current);
    if (!node || this.#obstacle() !== '') {
      return;
    }
    const shown = this.viewer.shown();
    this.queue.add({
      node: node.node,
      category,
      shownCase: shown.caseId,
      shownSlice: shown.slice,
    });
    this.#say(`Node ${node.number}: ${this.case.labelOf(category)}.`);
    const next = this.case.nextMissing(this.#waiting());
    if (next.node !== node.node) {
      this.goToNode(next.node);
    }
  }

  /** @returns {boolean} */
  #canSubmit() {
    const complete = this.case.missing(this.#waiting()).length === 0;
    return complete && this.queue.isEmpty && this.#obstacle() === '';
  }

  async submit() {
    if (!this.case || !this.#canSubmit()) {
      return;
    }
    this.submitting = true;
    this.#show();
    try {
      const url = `${this.caseUrl}submit/`;
      const answer = await postJson(url, { base_version: this.queue.version });
      await this.#leave(answer.next);
    } catch (error) {
      await this.#submitFailed(error);
    }
  }

  /** The answer may have been lost on its way: ask how the case stands before complaining. */
  async #submitFailed(error) {
    this.submitting = false;
    this.#show();
    try {
      const payload = await getJson(this.caseUrl);
      if (payload.state === 'submitted') {
        await this.#leave(payload.next_case);
        return;
      }
      if (error instanceof Refusal) {
        await this.#enter(this.caseUrl, payload);
      }
    } catch {
      // The first error says more than the second.
    }
    this.#notice(`The case is not submitted: ${explain(error)}`);
  }

  async #leave(next) {
    this.case.locked = true;
    // Not awaited: the next case must not wait for the diary of this one.
    this.events.close();
    if (next === null) {
      this.viewer.close();
      this.submitting = false;
      this.#show();
      this.#part('finished').hidden = false;
      this.#part('finished').querySelector('a').focus();
      return;
    }
    const page = window.location.pathname.replace(this.case.payload.case, next);
    window.history.pushState(null, '', page);
    await this.open(this.#urlOf(next));
  }

  async #settle(decide) {
    this.case.replaceSaved(this.queue.conflict.calls);
    await decide(this.queue);
    this.#show();
  }

  #saveChanged() {
    this.saves.show(this.queue);
    if (this.queue.state === 'conflict') {
      this.conflict.ask(this.#differences(this.queue.conflict.calls));
    }
    this.#show();
  }

  #differences(saved) {
    const name = (category) => (category === undefined ? 'no call' : this.case.labelOf(category));
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
    const calls = this.case.calls(waiting);
    const rows = this.case.nodes.map((node) => ({
      ...node,
      where: this.case.whereIs(node),
      category: calls.get(node.node) ?? null,
      label: calls.has(node.node) ? this.case.labelOf(calls.get(node.node)) : 'Not called',
      waiting: waiting.has(node.node),
    }));
    const current = rows.find(({ node }) => node === this.case.current);
    this.nodeList.show(rows, this.case.current);
    this.callForm.show({
      heading: current ? `Node ${current.number}` : 'No node',
      category: current?.category ?? null,
      hint: this.#obstacle(),
    });
    this.#showProgress(rows.length, this.case.missing(waiting).length);
    const shown = this.viewer.shown();
    if (shown) {
      this.events.sliceShown(shown.slice, this.case.current);
    }
  }

  #showProgress(total, missing) {
    this.#part('progress').textContent = `${total - missing} of ${total} called`;
    this.#part('submit').disabled = !this.#canSubmit();
    let hint = missing > 0 ? `${missing} to call` : 'Complete';
    if (missing === 0 && !this.queue.isEmpty) {
      hint = 'Waiting until all calls are saved';
    }
    this.#part('submit-hint').textContent = this.case.locked ? 'Submitted and locked' : hint;
  }

  #say(text) {
    this.#part('announcement').textContent = text;
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

/** @param {string} url @param {import('./case-state.js').ReadingCase} payload */
function seriesOf(url, { case: caseId, geometry, frames }) {
  return { caseId, framesUrl: `${url}frames/`, geometry, frames };
}

/** @param {unknown} error @returns {string} */
function explain(error) {
  if (error instanceof Refusal && error.status === 401) {
    return 'You are signed out. Sign in again and come back to this page.';
  }
  return error instanceof Error ? error.message : String(error);
}

function toggleTheme() {
  const { dataset } = document.documentElement;
  dataset.bsTheme = dataset.bsTheme === 'dark' ? 'light' : 'dark';
  localStorage.setItem(THEME_KEY, dataset.bsTheme);
}

const root = document.querySelector('[data-case-url]');
if (root instanceof HTMLElement) {
  new ReadingPage(root).start();
}
