/**
 * The upload form: takes a folder or a zip, packs a folder, sends it and shows how far it is.
 *
 * Without this module the form still takes a zip: the browser posts it and shows the next page.
 */
import { inWords } from './bytes-in-words.js';
import { sendUpload } from './send-upload.js';
import { watchChoice } from './upload-choice.js';
import { requireAcceptable } from './upload-limits.js';
import { UploadProblem } from './upload-problem.js';
import { statusOf } from './upload-status.js';
import { packFolder } from './zip-folder.js';

/** @typedef {import('./dropped-items.js').Choice} Choice */

const CANCELLED = 'Cancelled. Nothing was taken in; what you chose is still chosen.';

/** @param {Choice} choice @returns {string} */
function describe({ name, zip, files }) {
  if (zip) {
    return `Chosen: '${name}', ${inWords(zip.size)}.`;
  }
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  const count = files.length === 1 ? '1 file' : `${files.length} files`;
  return `Chosen: '${name}', ${count}, ${inWords(bytes)}.`;
}

/** @param {unknown} error @returns {string} */
function sentenceOf(error) {
  if (error instanceof UploadProblem) {
    return error.message;
  }
  console.error(error);
  return 'Something went wrong in this page. Nothing was taken in: reload it and try again.';
}

/**
 * @param {HTMLFormElement} form
 * @param {Choice | null} choice
 * @param {{body: FormData, signal: AbortSignal, status: ReturnType<typeof statusOf>}} means
 * @returns {Promise<string>} The page of the upload.
 */
async function upload(form, choice, { body, signal, status }) {
  requireAcceptable(choice, Number(form.dataset.maxBytes));
  const packing = { signal, onProgress: status.packing };
  body.set('file', choice.zip ?? (await packFolder(choice.files, packing)), choice.name);
  signal.throwIfAborted();
  const token = form.elements.csrfmiddlewaretoken.value;
  const options = { token, signal, onProgress: status.sending };
  const { page, message } = await sendUpload(form.dataset.upload, body, options);
  if (!page) {
    throw new UploadProblem(message);
  }
  return page;
}

/** @param {HTMLFormElement} form */
function attach(form) {
  const status = statusOf(form);
  let cancelling = new AbortController();

  /** @param {Promise<Choice | null>} choice */
  async function onChange(choice) {
    let text = '';
    let isError = false;
    status.say('Looking at what you chose.');
    try {
      const found = await choice;
      if (found) {
        requireAcceptable(found, Number(form.dataset.maxBytes));
        text = describe(found);
      }
    } catch (error) {
      text = sentenceOf(error);
      isError = true;
    }
    // Something else was chosen, or the upload has begun: they have the word.
    if (choice === chosen() && !status.isBusy()) {
      status.say(text, { isError });
    }
  }

  /** @param {SubmitEvent} event */
  async function onSubmit(event) {
    event.preventDefault();
    // Before the fields are disabled: disabled fields are not sent.
    const body = new FormData(form);
    cancelling = new AbortController();
    const { signal } = cancelling;
    status.setBusy(true);
    try {
      window.location.assign(await upload(form, await chosen(), { body, signal, status }));
    } catch (error) {
      status.setBusy(false);
      status.say(signal.aborted ? CANCELLED : sentenceOf(error), { isError: !signal.aborted });
    }
  }

  const chosen = watchChoice(form, status.isBusy, onChange);
  form.addEventListener('submit', onSubmit);
  form.querySelector('[data-upload-cancel]').addEventListener('click', () => cancelling.abort());
  form.noValidate = true;
  form.elements.file.required = false;
  form.querySelectorAll('[data-upload-scripted]').forEach((element) => {
    element.hidden = false;
  });
}

document.querySelectorAll('form[data-upload]').forEach(attach);
// Coming back to this page must not show the upload that led away from it.
window.addEventListener('pageshow', ({ persisted }) => persisted && window.location.reload());
