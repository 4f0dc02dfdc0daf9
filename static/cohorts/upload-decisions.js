/** What the person decided for the whole upload, in the words of the API. */

/** @param {string} text One pattern per line, or separated by commas. @returns {string[]} */
function patternsOf(text) {
  return text
    .split(/[\n,;]/)
    .map((pattern) => pattern.trim())
    .filter(Boolean);
}

/** @param {HTMLFormElement} form @returns {object} */
export function decisionsOf({ elements }) {
  return {
    keep_patient_ids: elements.keep_patient_ids.checked,
    protect_faces: elements.protect_faces.checked,
    multi_part: elements.multi_part.value,
    node_structures: patternsOf(elements.node_structures.value),
    station_structures: patternsOf(elements.station_structures.value),
  };
}
