/**
 * Everything that changes a stored mask: saves, decisions on a candidate, mergers, removals; and what
 * the page does with the server's answer.
 */
import { Refusal, explain } from '../viewer/http.js';
import { whyNotDecided } from './candidate-panel.js';
import { ask } from './dialogs.js';
import { savedText } from './masks-panel.js';

export class MaskChanges {
  /** @param {import('./masks-page.js').MasksPage} page */
  constructor(page) {
    this.page = page;
  }

  /** @returns {import('./mask-editor.js').MaskEditor} Null until the case is loaded. */
  get #editor() {
    return this.page.editor;
  }

  /** @returns {boolean} Whether the node can be split, merged or removed now. */
  isAtRest() {
    return this.page.mayDraw() && this.#editor.target !== null && !this.#editor.isUnsaved;
  }

  async merge() {
    const { page } = this;
    if (!this.isAtRest() || this.#editor.nodes.length < 2) {
      return;
    }
    const { target } = this.#editor;
    page.panel.offerMerger(target, this.#editor.others(), this.#editor.grid);
    if ((await ask(page.part('merge'))) === 'merge') {
      const other = this.#editor.find(page.part('merge-with').value);
      const seen = ({ node, mask_version: base }) => ({ node, base_version: base });
      await this.#store(`${page.nodesUrl}merge/`, { nodes: [seen(target), seen(other)] });
    }
  }

  async remove() {
    const { page } = this;
    if (!this.isAtRest()) {
      return;
    }
    const { url, number, mask_version: base } = this.#editor.target;
    page.part('removed-number').textContent = String(number);
    page.part('reason').value = '';
    if ((await ask(page.part('removal'))) === 'remove') {
      const reason = page.part('reason').value;
      await this.#store(`${url}remove/`, { base_version: base, reason });
    }
  }

  /** @returns {boolean} */
  canSave() {
    const { candidate, active, isUnsaved } = this.#editor;
    const isDecided = candidate !== null && !this.page.candidates.isOpen;
    return this.page.mayDraw() && isUnsaved && !active.mask.isEmpty && !isDecided;
  }

  /** @returns {Promise<boolean>} Whether it is stored. */
  async save() {
    this.page.tools.strokes.stop();
    if (this.#editor === null || !this.canSave()) {
      return false;
    }
    const { target, active, part, candidate } = this.#editor;
    const runs = active.mask.toRuns();
    if (candidate !== null) {
      const replaces = target && { node: target.node, base_version: target.mask_version };
      return this.#store(candidate.acceptUrl, { runs, replaces });
    }
    if (target === null) {
      return this.#store(this.page.nodesUrl, { runs });
    }
    const url = `${target.url}${part ? 'split' : 'masks'}/`;
    return this.#store(url, { base_version: target.mask_version, runs });
  }

  /** @param {string} url @param {object} body @returns {Promise<boolean>} */
  async #store(url, body) {
    const { panel, saves } = this.page;
    panel.notice('');
    panel.say('');
    let answer;
    try {
      answer = await saves.send(url, body);
    } catch (error) {
      await this.#refused(error);
      return false;
    }
    await this.#stored(answer.edit);
    return true;
  }

  /** Everything is read anew: a save may have made nodes and ended others. @param {any} edit */
  async #stored(edit) {
    const { page } = this;
    const begun = edit.nodes.find(({ version }) => version !== null);
    const next = begun?.node ?? this.#editor.neighbour(1)?.node ?? null;
    this.#editor.open(null);
    try {
      this.#editor.take(await page.wait('Loading the nodes …', page.load()));
      page.open(next);
      page.panel.say(savedText(edit));
    } catch (error) {
      page.panel.problem(`Saved, but the nodes cannot be loaded: ${explain(error)}`);
    }
  }

  /** @param {unknown} error */
  async #refused(error) {
    const { page } = this;
    if (error instanceof Refusal && error.code === 'stale_mask') {
      await this.#offerNewer(error);
      return;
    }
    const isDecision = this.#editor.candidate !== null;
    page.panel.notice(`Not saved: ${isDecision ? whyNotDecided(error) : explain(error)}`);
    if (isDecision) {
      // Somebody else may have decided: who and how stands beside the drawing then.
      await page.candidates.load().catch(() => undefined);
      page.show();
    }
  }

  /** @param {Error} error */
  async #offerNewer(error) {
    const { page } = this;
    try {
      const fetched = page.newer.fetch(this.#editor);
      await this.#settle(error, await page.wait('Loading the newer version …', fetched));
    } catch (lost) {
      page.panel.notice(`Not saved: ${error.message} (${explain(lost)})`);
    }
  }

  /** @param {Error} error @param {import('./newer-version.js').Newer} newer */
  async #settle(error, newer) {
    const { page } = this;
    if (await page.newer.askToLoad(this.#editor, error, newer)) {
      page.showNodes();
      page.versions.load(this.#editor.target);
      page.panel.say('The newer version is loaded.');
    } else {
      page.panel.notice('Not saved: a newer version is stored. Your drawing stays here until you decide.');
    }
  }
}
