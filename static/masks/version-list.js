/**
 * The versions of a node's mask: who, when, how large.
 */

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

/** @param {HTMLElement} list @param {MaskVersion[]} versions The newest first. */
export function listVersions(list, versions) {
  list.replaceChildren(
    ...versions.map((version) => {
      const item = document.createElement('li');
      item.dataset.version = String(version.version);
      item.dataset.current = String(version.is_current);
      item.append(
        lineOf('masks-version-name', `Version ${version.version}`),
        lineOf('masks-version-made', madeText(version)),
        lineOf('masks-version-measured', measuredText(version)),
      );
      return item;
    }),
  );
}

/** @param {string} className @param {string} text */
function lineOf(className, text) {
  const line = document.createElement('span');
  line.className = className;
  line.textContent = text;
  return line;
}
