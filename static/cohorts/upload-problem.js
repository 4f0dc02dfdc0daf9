/** Why an upload cannot go on, as one sentence for the person who asked for it. */
export class UploadProblem extends Error {
  /** @param {string} sentence @param {unknown} [cause] */
  constructor(sentence, cause) {
    super(sentence, { cause });
    this.name = 'UploadProblem';
  }
}

/** @param {string} path @param {unknown} cause @returns {UploadProblem} */
export function unreadable(path, cause) {
  return new UploadProblem(
    `'${path}' cannot be read: it was moved, changed or is locked. Nothing was sent. Close the ` +
      'program that uses it, then choose the folder again.',
    cause,
  );
}
