/**
 * The upload form: looks at what is chosen, sends it piece by piece and shows how far it is.
 *
 * Without this module the form still takes a zip: the browser posts it and shows the next page.
 */
import { Refusal } from '../site/persistent-requests.js';
import { arrivalsAt } from './arrival-api.js';
import { inWords } from './bytes-in-words.js';
import { lookAtAll } from './first-look.js';
import { showLeftOut } from './left-out-list.js';
import { sendFiles } from './send-files.js';
import { watchChoice } from './upload-choice.js';
import { decisionsOf } from './upload-decisions.js';
import { requireAcceptable } from './upload-limits.js';
import { UploadProblem } from './upload-problem.js';
import { statusOf } from './upload-status.js';

/** @typedef {import('./dropped-items.js').Choice} Choice */
/** @typedef {import('./upload-limits.js').Looked} Looked */

const CANCELLED = 'Cancelled, and what had arrived was removed. What you chose is still chosen.';
const PAUSED = 'Paused. What has arrived is kept; you may also go on later with the same folder.';

/** @param {Looked} looked @returns {string} */
function describe({ name, files }) {
  const used = files.filter(({ reason }) => !reason);
  const bytes = used.reduce((sum, { file }) => sum + file.size, 0);
  const count = used.length === 1 ? '1 file' : `${used.length} files`;
  return `Chosen: '${name}', ${count}, ${inWords(bytes)}.`;
}

/** @param {unknown} error @returns {string} */
function sentenceOf(error) {
  if (error instanceof UploadProblem) {
    return error.message;
  }
  if (error instanceof Refusal) {
    return error.again
      ? `${error.message} What has arrived is kept: press Upload to go on.`
      : error.message;
  }
  console.error(error);
  return 'Something went wrong in this page. Reload it and choose the same folder to go on.';
}

/** @param {HTMLFormElement} form */
function attach(form) {
  const status = statusOf(form);
  const rules = JSON.parse(document.getElementById('upload-rules').textContent);
  const limits = {
    maxBytes: Number(form.dataset.maxBytes),
    maxFiles: Number(form.dataset.maxFiles),
  };
  const server = arrivalsAt(form.dataset.upload, form.elements.csrfmiddlewaretoken.value);
  /** @type {WeakMap<Promise<Choice | null>, Promise<Looked | null>>} */
  const lookedAt = new WeakMap();
  let sending = null;
  let stop = new AbortController();

  /** @param {Promise<Choice | null>} choice @returns {Promise<Looked | null>} */
  function look(choice) {
    if (!lookedAt.has(choice)) {
      lookedAt.set(
        choice,
        choice.then(async (found) => {
          if (!found) {
            return null;
          }
          const { name, zip } = found;
          if (zip) {
            const files = [{ path: zip.name, file: zip, reason: zip.size ? '' : 'empty' }];
            return { name, isZip: true, mayHoldCt: true, files };
          }
          return { name, isZip: false, ...(await lookAtAll(found.files, rules)) };
        }),
      );
    }
    return lookedAt.get(choice);
  }

  /** @param {Promise<Choice | null>} choice */
  async function onChange(choice) {
    let text = '';
    let isError = false;
    let files = [];
    status.say('Looking at what you chose.');
    try {
      const looked = await look(choice);
      if (looked) {
        files = looked.files;
        requireAcceptable(looked, limits);
        text = describe(looked);
      }
    } catch (error) {
      text = sentenceOf(error);
      isError = true;
    }
    // Something else was chosen, or the upload has begun: they have the word.
    if (choice === chosen() && !status.isBusy()) {
      showLeftOut(form.querySelector('[data-upload-left-out]'), files);
      status.say(text, { isError });
    }
  }

  /** Sends until it is done, paused or refused. */
  async function send() {
    stop = new AbortController();
    const { signal } = stop;
    status.setPaused(false);
    try {
      const page = await sendFiles(server, sending.upload, signal, {
        onStart: (state) => {
          sending.state = state;
        },
        onBytes: status.arrived,
        onWaiting: status.waiting,
      });
      sending = null;
      window.location.assign(page);
    } catch (error) {
      if (signal.aborted) {
        status.setPaused(true);
        status.say(PAUSED);
        return;
      }
      sending = null;
      status.setBusy(false);
      status.say(sentenceOf(error), { isError: true });
    }
  }

  /** @param {SubmitEvent} event */
  async function onSubmit(event) {
    event.preventDefault();
    try {
      const looked = await look(chosen());
      requireAcceptable(looked, limits);
      const { name, files } = looked;
      sending = { upload: { name, files, decisions: decisionsOf(form) }, state: null };
    } catch (error) {
      status.say(sentenceOf(error), { isError: true });
      form.querySelector('button[type="submit"]').focus();
      return;
    }
    status.setBusy(true);
    await send();
  }

  function onPause() {
    if (stop.signal.aborted) {
      send();
    } else {
      stop.abort();
    }
  }

  async function onCancel() {
    const given = sending;
    stop.abort();
    try {
      if (given?.state) {
        await server.giveUp(given.state);
      }
      status.setBusy(false);
      status.say(CANCELLED);
    } catch (error) {
      status.setBusy(false);
      status.say(sentenceOf(error), { isError: true });
    }
    sending = null;
  }

  const chosen = watchChoice(form, status.isBusy, onChange);
  form.addEventListener('submit', onSubmit);
  form.querySelector('[data-upload-pause]').addEventListener('click', onPause);
  form.querySelector('[data-upload-cancel]').addEventListener('click', onCancel);
  window.addEventListener('beforeunload', (event) => sending && event.preventDefault());
  form.noValidate = true;
  form.elements.file.required = false;
  form.elements.file.multiple = true;
  form.elements.file.removeAttribute('accept');
  form.querySelectorAll('[data-upload-scripted]').forEach((element) => {
    element.hidden = false;
  });
}

document.querySelectorAll('form[data-upload]').forEach(attach);
// Coming back to this page must not show the upload that led away from it.
window.addEventListener('pageshow', ({ persisted }) => persisted && window.location.reload());
