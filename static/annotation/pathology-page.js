/**
 * The form of a pathology report: totals at once, errors, warnings and pN by the server a moment
 * after typing. The server decides; this page only shows what it says.
 */
import { postJson } from '../viewer/http.js';
import { LevelGrid } from './pathology-grid.js';
import { eneInWords, totalsOf } from './pathology-totals.js';

const PAUSE_MS = 300;

/** @typedef {{category: string | null, possible: string[], because: string}} Staged */
/** @typedef {{problems: Record<string, string[]>, warnings: {code: string, sentence: string}[], staged: Staged | null}} Findings */

class ReportForm {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.grids = [...form.querySelectorAll('[data-side]')].map((side) => new LevelGrid(side));
    this.timer = 0;
    this.asked = 0;
    this.isDirty = false;
    form.addEventListener('input', () => this.#changed());
    form.addEventListener('submit', () => (this.isDirty = false));
    form.addEventListener('keydown', (event) => this.#entered(event));
    window.addEventListener('beforeunload', (event) => this.isDirty && event.preventDefault());
    this.#add();
  }

  /** @param {string} part @returns {HTMLElement} */
  #part(part) {
    return this.form.querySelector(`[data-part="${part}"]`);
  }

  /** Enter goes on to the next field: saving is for its button. @param {KeyboardEvent} event */
  #entered(event) {
    const { target } = event;
    const isField = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    if (event.key !== 'Enter' || event.defaultPrevented || !isField) {
      return;
    }
    event.preventDefault();
    const fields = [...this.form.elements].filter((one) => one.matches('input:not([type]), select'));
    fields[fields.indexOf(target) + (event.shiftKey ? -1 : 1)]?.focus();
  }

  #changed() {
    this.isDirty = true;
    this.#part('dirty').textContent = 'Not saved yet';
    // What is confirmed or locked is what is saved, not what is being typed.
    document.querySelectorAll('form[data-part="step"] button').forEach((button) => {
      button.disabled = true;
    });
    this.#add();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), PAUSE_MS);
  }

  #add() {
    for (const grid of this.grids) {
      const totals = totalsOf(grid.texts());
      for (const cell of grid.side.querySelectorAll('[data-total]')) {
        const name = cell.dataset.total;
        cell.textContent = name === 'ene_positive' ? eneInWords(totals) : totals[name];
      }
    }
    const both = totalsOf(this.grids.flatMap((grid) => grid.texts()));
    this.#part('sum').textContent =
      `${both.examined} examined, ${both.positive} positive, ${eneInWords(both)} with ENE`;
  }

  async #ask() {
    const asked = ++this.asked;
    const report = Object.fromEntries(
      [...new FormData(this.form)].filter(
        ([name]) => !['csrfmiddlewaretoken', 'base_revision', 'reason'].includes(name),
      ),
    );
    let findings = null;
    try {
      findings = await postJson(this.form.dataset.previewUrl, { report });
    } catch (error) {
      this.#warn([error.message]);
      return;
    }
    // An answer that was overtaken says nothing of what is typed now.
    if (asked === this.asked) {
      this.#show(findings);
    }
  }

  /** @param {Findings} findings */
  #show({ problems, warnings, staged }) {
    this.#mark(problems);
    this.#part('staged').textContent = staged ? (staged.category ?? 'open') : '–';
    this.#warn([
      ...warnings.map(({ code, sentence }) => `${code} ${sentence}`),
      ...(staged?.because ? [staged.because] : []),
    ]);
  }

  /** @param {string[]} sentences */
  #warn(sentences) {
    this.#part('warnings').replaceChildren(
      ...sentences.map((sentence) => {
        const entry = document.createElement('li');
        entry.textContent = sentence;
        return entry;
      }),
    );
  }

  /** @param {Record<string, string[]>} problems */
  #mark(problems) {
    for (const cell of this.form.querySelectorAll('.form-control[name], .form-select[name]')) {
      const isWrong = cell.name in problems;
      cell.classList.toggle('is-invalid', isWrong);
      cell.setAttribute('aria-invalid', String(isWrong));
      const place = this.form.querySelector(`[data-error="${cell.name}"]`);
      if (place) {
        place.textContent = (problems[cell.name] ?? []).join(' ');
      }
    }
    for (const row of this.form.querySelectorAll('[data-errors]')) {
      const names = Object.keys(problems).filter((name) => name.startsWith(`${row.dataset.errors}-`));
      row.hidden = names.length === 0;
      row.querySelector('p').textContent = names.flatMap((name) => problems[name]).join(' ');
    }
  }
}

const form = document.querySelector('#report');
if (form instanceof HTMLFormElement) {
  new ReportForm(form);
}
