/** The part of the form that says how far the upload is, and why it went no further. */
import { inWords } from './bytes-in-words.js';

/** @param {HTMLFormElement} form */
export function statusOf(form) {
  const fields = form.querySelector('[data-upload-fields]');
  const panel = form.querySelector('[data-upload-status]');
  const cancel = form.querySelector('[data-upload-cancel]');
  const message = form.querySelector('[data-upload-message]');
  const bar = panel.querySelector('.progress-bar');
  let lastShown = '';

  /** @param {string} text @param {{isError?: boolean}} [how] */
  function say(text, { isError = false } = {}) {
    message.classList.toggle('text-danger', isError);
    message.textContent = text;
  }

  /** @param {string} stage @param {number} done @param {number} total @param {string} text */
  function show(stage, done, total, text) {
    const percent = total ? Math.floor((100 * done) / total) : 0;
    // Only when the bar moves: the message is read aloud at each change.
    if (lastShown === `${stage} ${percent}`) {
      return;
    }
    lastShown = `${stage} ${percent}`;
    bar.style.width = `${percent}%`;
    bar.parentElement.setAttribute('aria-valuenow', String(percent));
    bar.parentElement.setAttribute('aria-label', stage);
    say(text);
  }

  return {
    say,
    isBusy: () => fields.disabled,

    /** @param {boolean} busy */
    setBusy(busy) {
      const held = document.activeElement;
      const hadFocus = form.contains(held) || held === document.body;
      lastShown = '';
      fields.disabled = busy;
      panel.hidden = !busy;
      cancel.hidden = !busy;
      // What is disabled or hidden loses the focus: hand it on.
      if (hadFocus) {
        (busy ? panel : fields.querySelector('button[type="submit"]')).focus();
      }
    },

    /** @param {number} done @param {number} total */
    packing(done, total) {
      show('Packing', done, total, `Packing ${done} of ${total} files. Keep this page open.`);
    },

    /** @param {number} sent @param {number} total */
    sending(sent, total) {
      const isSent = sent === total;
      cancel.hidden = isSent;
      const text = isSent
        ? 'Sent. The server is storing it.'
        : `${inWords(sent)} of ${inWords(total)} sent. Keep this page open.`;
      show('Sending', sent, total, text);
    },
  };
}
