/** Refuses before a byte is sent what the server would refuse at the end. */
import { inWords } from './bytes-in-words.js';
import { UploadProblem } from './upload-problem.js';

/**
 * @typedef {import('./first-look.js').LookedAt} LookedAt
 * @typedef {{name: string, isZip: boolean, files: LookedAt[], mayHoldCt: boolean}} Looked
 * @typedef {{maxBytes: number, maxFiles: number}} Limits
 */

const FEWER = 'Choose fewer patients at a time';

/**
 * @param {Looked | null} looked
 * @param {Limits} limits
 * @throws {UploadProblem}
 */
export function requireAcceptable(looked, { maxBytes, maxFiles }) {
  if (!looked) {
    throw new UploadProblem(
      'Choose a folder, files or a zip first. A folder without files cannot be uploaded.',
    );
  }
  const { name, files } = looked;
  if (files.length === 0) {
    throw new UploadProblem(
      `'${name}' holds no files: choose the folder with the CT series and the masks.`,
    );
  }
  if (files.length > maxFiles) {
    throw new UploadProblem(
      `'${name}' holds ${files.length} files, the server takes ${maxFiles} at once. ${FEWER}.`,
    );
  }
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  if (bytes > maxBytes) {
    throw new UploadProblem(
      `'${name}' has ${inWords(bytes)}, the server takes ${inWords(maxBytes)} at once. ` +
        `${FEWER}, or ask the operator to use 'manage.py import_cases'.`,
    );
  }
  if (!looked.isZip && !looked.mayHoldCt) {
    throw new UploadProblem(
      `'${name}' holds no DICOM CT image: choose the folder with the CT series, with the masks in it.`,
    );
  }
}
