/** Counts of levels added up as they are typed. */

/** @typedef {{examined: number, positive: number, ene_positive: number, isOpen: boolean}} Totals */

const NOTHING = { examined: 0, positive: 0, ene_positive: 0, isOpen: false };

/** @param {string} text @returns {number} The number, 0 where there is none. */
function count(text) {
  return /^\d+$/.test(text.trim()) ? Number(text) : 0;
}

/**
 * @param {Iterable<{examined: string, positive: string, ene_positive: string}>} levels
 * @returns {Totals} `isOpen`: some level with positive nodes does not say how many have ENE.
 */
export function totalsOf(levels) {
  return [...levels].reduce(
    (sum, level) => ({
      examined: sum.examined + count(level.examined),
      positive: sum.positive + count(level.positive),
      ene_positive: sum.ene_positive + count(level.ene_positive),
      isOpen: sum.isOpen || (count(level.positive) > 0 && level.ene_positive.trim() === ''),
    }),
    NOTHING,
  );
}

/** @param {Totals} totals @returns {string} The nodes with ENE, as at least so many where open. */
export function eneInWords(totals) {
  return totals.isOpen ? `≥ ${totals.ene_positive}` : String(totals.ene_positive);
}
