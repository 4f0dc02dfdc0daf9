/**
 * The pathology panel: counts per level beside the own labels, and what the rules find in them.
 */

/**
 * @typedef {object} Finding
 * @property {string} code
 * @property {string} sentence
 * @property {number[]} nodes
 * @property {boolean} is_block
 * @property {boolean} takes_reason
 * @property {string} reason Empty where none is given.
 */

/** @param {string} tag @param {string} className @param {string} [text] @returns {any} */
function made(tag, className, text = '') {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** @param {number} own @param {number | null} reported @returns {string} */
function beside(own, reported) {
  return reported === null ? `${own} / –` : `${own} / ${reported}`;
}

export class ReportPanel {
  /**
   * @param {HTMLElement} root
   * @param {object} owner
   * @param {(finding: Finding, reason: string) => Promise<string>} owner.giveReason Resolves to
   *   what went wrong; empty when it is saved.
   * @param {(number: number) => void} owner.goToNumber
   */
  constructor(root, { giveReason, goToNumber }) {
    Object.assign(this, { giveReason, goToNumber });
    this.levels = root.querySelector('[data-part="levels"]');
    this.findings = root.querySelector('[data-part="findings"]');
    this.none = root.querySelector('[data-part="no-findings"]');
    this.table = root.querySelector('[data-part="level-table"]');
    this.absent = root.querySelector('[data-part="no-report"]');
    /** @type {{levels: any[], findings: Finding[]} | null} */
    this.report = null;
    /** @type {Map<string, HTMLElement>} Findings on the page, by code and sentence. */
    this.items = new Map();
  }

  /** @returns {Finding[]} What keeps the patient from being submitted. */
  get open() {
    return (this.report?.findings ?? []).filter(({ reason }) => reason === '');
  }

  /** @param {any} report As the server answers it; null without a locked report. */
  show(report) {
    this.report = report;
    this.absent.hidden = report !== null;
    this.table.hidden = report === null;
    this.none.hidden = report === null || report.findings.length > 0;
    this.levels.replaceChildren(...(report?.levels ?? []).map(levelRow));
    this.#showFindings(report?.findings ?? []);
  }

  /** @param {boolean} locked */
  lock(locked) {
    this.findings.querySelectorAll('input, button[type="submit"]').forEach((field) => {
      field.disabled = locked;
    });
  }

  /** Go to the first reason that is asked for. */
  focusReason() {
    this.findings.querySelector('li[data-open="true"] input')?.focus();
  }

  /** A finding that stays keeps its element, and so what is being typed into it. */
  #showFindings(findings) {
    const before = this.items;
    this.items = new Map(
      findings.map((finding) => {
        const key = `${finding.code} ${finding.sentence}`;
        const item = before.get(key) ?? this.#item(finding);
        item.dataset.open = String(finding.reason === '');
        const given = item.querySelector('.annotation-reason-given');
        given.textContent = finding.reason === '' ? '' : `Reason: ${finding.reason}`;
        item.querySelector('input')?.setAttribute('placeholder', asksFor(finding));
        return [key, item];
      }),
    );
    before.forEach((item, key) => this.items.has(key) || item.remove());
    [...this.items.values()].forEach((item, position) => {
      if (this.findings.children[position] !== item) {
        this.findings.insertBefore(item, this.findings.children[position] ?? null);
      }
    });
  }

  #item(finding) {
    const item = made('li', 'annotation-finding');
    item.dataset.kind = finding.is_block ? 'block' : 'warning';
    const said = made('p', 'annotation-finding-said', finding.sentence);
    said.prepend(made('strong', 'annotation-code', finding.code), ' ');
    item.append(said, this.#nodeButtons(finding), made('p', 'annotation-reason-given'));
    if (finding.takes_reason) {
      item.append(this.#reasonForm(finding));
    }
    return item;
  }

  #nodeButtons({ nodes }) {
    const buttons = nodes.map((number) => {
      const button = made('button', 'btn btn-sm btn-link annotation-go', `Node ${number}`);
      button.type = 'button';
      button.addEventListener('click', () => this.goToNumber(number));
      return button;
    });
    const row = made('div', 'annotation-finding-nodes');
    row.append(...buttons);
    return row;
  }

  #reasonForm(finding) {
    const form = made('form', 'annotation-reason');
    const field = made('input', 'form-control form-control-sm');
    const button = made('button', 'btn btn-sm btn-outline-secondary', 'Keep');
    const problem = made('p', 'annotation-reason-problem text-danger');
    field.maxLength = 2000;
    field.setAttribute('aria-label', `Reason for ${finding.code}`);
    button.type = 'submit';
    problem.setAttribute('role', 'alert');
    field.addEventListener('keydown', (event) => event.key === 'Escape' && field.blur());
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const reason = field.value.trim();
      if (reason === '') {
        field.focus();
        return;
      }
      problem.textContent = await this.giveReason(finding, reason);
      if (problem.textContent === '') {
        field.value = '';
        field.blur();
      }
    });
    form.append(field, button, problem);
    return form;
  }
}

/** @param {Finding} finding @returns {string} */
function asksFor({ is_block: isBlock, reason }) {
  if (reason !== '') {
    return 'Another reason';
  }
  return isBlock ? 'Not visible on CT, because …' : 'Why it may stand';
}

/** @param {any} level @returns {HTMLElement} */
function levelRow(level) {
  const row = document.createElement('tr');
  const head = made('th', '', level.places.join(' + '));
  head.scope = 'row';
  const cells = level.is_dissected
    ? [
        beside(level.labelled, level.examined),
        beside(level.metastatic, level.positive),
        beside(level.with_ene, level.ene_positive),
      ]
    : [`${level.labelled}`, 'not dissected', ''];
  row.dataset.over = String(isOver(level));
  row.append(head, ...cells.map((text) => made('td', 'number', text)));
  return row;
}

/** @param {any} level @returns {boolean} More labelled than the report has. */
function isOver({ is_dissected: isDissected, labelled, not_determinable: out, ...level }) {
  const over = (own, reported) => reported !== null && own > reported;
  return isDissected
    ? over(level.metastatic, level.positive) || over(level.with_ene, level.ene_positive)
    : labelled > out;
}
