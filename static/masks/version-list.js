/**
 * The versions of a node's mask: who, when, how large; each can be laid over the picture.
 */
import { getJson } from '../viewer/http.js';
import { Mask } from './mask.js';

const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/**
 * @typedef {object} MaskVersion
 * @property {number} version
 * @property {boolean} is_current
 * @property {string} origin
 * @property {string} by
 * @property {string} created_at
 * @property {number} volume_ml
 * @property {number} short_axis_mm
 * @property {number} long_axis_mm
 */

/** @param {{short_axis_mm: number, long_axis_mm: number, volume_ml: number}} measured */
export function measuredText({ short_axis_mm: short, long_axis_mm: long, volume_ml: volume }) {
  return `SAD ${short.toFixed(1)} mm, long ${long.toFixed(1)} mm, ${volume.toFixed(3)} ml`;
}

/** @param {MaskVersion} version @returns {string} Who made it and when. */
export function madeText({ origin, by, created_at: at }) {
  const who = by === '' ? '' : ` by ${by}`;
  return `${origin}${who}, ${WHEN.format(new Date(at))}`;
}

export class VersionList {
  /**
   * @param {HTMLElement} list
   * @param {(shown: {version: number, mask: Mask} | null) => void} onShow What lies over the
   *   picture has changed.
   * @param {(error: unknown) => void} onFail
   */
  constructor(list, onShow, onFail) {
    Object.assign(this, { list, onShow, onFail });
    /** @type {{version: number, mask: Mask} | null} The version that lies over the picture. */
    this.shown = null;
    /** @type {string | null} Address of the versions listed. */
    this.url = null;
  }

  /** @param {{url: string} | null} node Null: one that is not stored yet. */
  async load(node) {
    const url = node && `${node.url}masks/`;
    this.url = url;
    this.list.replaceChildren();
    this.#lay(null);
    try {
      const { versions } = url ? await getJson(url) : { versions: [] };
      if (this.url === url) {
        this.list.replaceChildren(...versions.map((version) => this.#item(version)));
      }
    } catch (error) {
      this.onFail(error);
    }
  }

  /** @param {MaskVersion} version */
  #item(version) {
    const item = document.createElement('li');
    item.dataset.version = String(version.version);
    item.dataset.current = String(version.is_current);
    item.append(
      lineOf('masks-version-name', `Version ${version.version}`),
      this.#showButton(version.version),
      lineOf('masks-version-made', madeText(version)),
      lineOf('masks-version-measured', measuredText(version)),
    );
    return item;
  }

  /** @param {number} version */
  #showButton(version) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'btn btn-sm btn-link masks-version-show';
    button.textContent = 'Outline';
    button.title = 'Lay this version over the picture';
    button.setAttribute('aria-label', `Outline version ${version}`);
    button.setAttribute('aria-pressed', 'false');
    button.addEventListener('click', () => this.#toggle(version));
    return button;
  }

  /** @param {number} version */
  async #toggle(version) {
    if (this.shown?.version === version) {
      this.#lay(null);
      return;
    }
    const { url } = this;
    try {
      const { runs } = await getJson(`${url}${version}/`);
      if (this.url === url) {
        this.#lay({ version, mask: Mask.fromRuns(runs) });
      }
    } catch (error) {
      this.onFail(error);
    }
  }

  /** @param {{version: number, mask: Mask} | null} shown */
  #lay(shown) {
    const had = this.shown;
    this.shown = shown;
    this.list.querySelectorAll('li').forEach((item) => {
      const isShown = item.dataset.version === String(shown?.version);
      item.querySelector('button').setAttribute('aria-pressed', String(isShown));
    });
    if (had !== shown) {
      this.onShow(shown);
    }
  }
}

/** @param {string} className @param {string} text */
function lineOf(className, text) {
  const line = document.createElement('span');
  line.className = className;
  line.textContent = text;
  return line;
}
