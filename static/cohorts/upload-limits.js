/** Refuses before a byte is packed or sent what the server would refuse after an hour. */
import { inWords } from './bytes-in-words.js';
import { UploadProblem } from './upload-problem.js';
import { MOST_BYTES, MOST_FILES, packedBytes } from './zip-folder.js';

/** @typedef {import('./dropped-items.js').Choice} Choice */

const FEWER = 'Choose fewer patients at a time';

/**
 * @param {Choice | null} choice
 * @param {number} serverBytes The server's limit for one upload.
 * @throws {UploadProblem}
 */
export function requireAcceptable(choice, serverBytes) {
  if (!choice) {
    throw new UploadProblem(
      'Choose a folder or a zip file first. A folder without files cannot be uploaded.',
    );
  }
  if (choice.files) {
    requirePackable(choice);
  }
  const bytes = choice.zip ? choice.zip.size : packedBytes(choice.files);
  if (bytes > serverBytes) {
    throw new UploadProblem(
      `'${choice.name}' has ${inWords(bytes)}, the server takes ${inWords(serverBytes)} at once. ` +
        `${FEWER}, or ask the operator to use 'manage.py import_cases'.`,
    );
  }
}

/** @param {{name: string, files: object[]}} folder */
function requirePackable({ name, files }) {
  if (files.length === 0) {
    throw new UploadProblem(
      `'${name}' holds no files: choose the folder with the CT series and the masks.`,
    );
  }
  if (files.length > MOST_FILES) {
    throw new UploadProblem(
      `'${name}' holds ${files.length} files, a browser can pack ${MOST_FILES}. ${FEWER}.`,
    );
  }
  const bytes = packedBytes(files);
  if (bytes > MOST_BYTES) {
    throw new UploadProblem(
      `'${name}' has ${inWords(bytes)}, a browser can pack ${inWords(MOST_BYTES)}. ` +
        `${FEWER}, or make the zip yourself and upload that.`,
    );
  }
}
