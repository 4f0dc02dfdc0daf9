/** The part of the form that says how far the upload is, and why it went no further. */
import { inWords } from './bytes-in-words.js';
import { timeLeft, transferRate } from './transfer-rate.js';

const SPOKEN_STEP = 10;

/** @param {HTMLFormElement} form */
export function statusOf(form) {
  const part = (name) => form.querySelector(`[data-upload-${name}]`);
  const fields = part('fields');
  const panel = part('status');
  const pause = part('pause');
  const message = part('message');
  const numbers = part('numbers');
  const bar = panel.querySelector('.progress-bar');
  let rate = transferRate();
  let spoken = -1;

  /** @param {string} text @param {{isError?: boolean}} [how] */
  function say(text, { isError = false } = {}) {
    message.classList.toggle('text-danger', isError);
    message.textContent = text;
  }

  return {
    say,
    isBusy: () => fields.disabled,

    /** @param {boolean} busy */
    setBusy(busy) {
      const held = document.activeElement;
      const hadFocus = form.contains(held) || held === document.body;
      fields.disabled = busy;
      panel.hidden = !busy;
      numbers.textContent = '';
      this.setPaused(false);
      // What is disabled or hidden loses the focus: hand it on.
      if (hadFocus) {
        (busy ? panel : fields.querySelector('button[type="submit"]')).focus();
      }
    },

    /** @param {boolean} paused */
    setPaused(paused) {
      rate = transferRate();
      spoken = -1;
      pause.textContent = paused ? 'Go on' : 'Pause';
      bar.classList.toggle('bg-secondary', paused);
    },

    /** @param {number} here @param {number} total */
    arrived(here, total) {
      rate.note(here);
      const percent = total ? Math.floor((100 * here) / total) : 100;
      bar.style.width = `${percent}%`;
      bar.parentElement.setAttribute('aria-valuenow', String(percent));
      const speed = rate.perSecond();
      const left = speed ? `${inWords(speed)}/s, ${timeLeft((total - here) / speed)}` : '';
      numbers.textContent = [`${inWords(here)} of ${inWords(total)}`, left]
        .filter(Boolean)
        .join(', ');
      // The message is read aloud: only now and then.
      if (Math.floor(percent / SPOKEN_STEP) !== spoken) {
        spoken = Math.floor(percent / SPOKEN_STEP);
        say(
          here === total
            ? 'Sent. The server is putting it in order.'
            : `Sending, ${percent} % done. Keep this page open.`,
        );
      }
    },

    /** @param {number} seconds */
    waiting(seconds) {
      spoken = -1;
      say(`The connection is lost. Trying again in ${seconds} s; nothing that was sent is lost.`);
    },
  };
}
