/** The parts of the page that say how far the files are. */
import { inWords } from '../cohorts/bytes-in-words.js';

const WAIT = 'Files are still on their way.';

/** @param {HTMLElement} area */
export function statusOf(area) {
  const message = area.querySelector('[data-message]');
  const panel = area.querySelector('[data-progress]');
  const bar = panel.querySelector('.progress-bar');
  const cancel = area.querySelector('[data-cancel]');
  const retry = area.querySelector('[data-retry]');
  const ignored = area.querySelector('[data-ignored]');
  const place = area.querySelector('[data-inventory-place]');
  const drop = area.querySelector('[data-drop]');
  const register = document.querySelector('[data-describe] button[type="submit"]');
  const hint = document.querySelector('[data-describe-hint]');
  let isBusy = false;
  let lastPercent = -1;

  /** @param {string} text @param {{isError?: boolean}} [how] */
  function say(text, { isError = false } = {}) {
    message.classList.toggle('text-danger', isError);
    message.textContent = text;
  }

  return {
    say,
    isBusy: () => isBusy,

    /** @param {boolean} busy @param {{mayRetry?: boolean}} [how] */
    setBusy(busy, { mayRetry = false } = {}) {
      isBusy = busy;
      lastPercent = -1;
      bar.style.width = '0%';
      panel.hidden = !busy && !mayRetry;
      bar.parentElement.hidden = !busy;
      cancel.hidden = !busy;
      retry.hidden = busy || !mayRetry;
      for (const control of area.querySelectorAll('[data-drop] :is(input, select, button)')) {
        control.disabled = busy;
      }
      register.disabled = busy;
      hint.textContent = busy ? WAIT : '';
    },

    /** @param {number} done @param {number} total */
    bytes(done, total) {
      const percent = total ? Math.floor((100 * done) / total) : 0;
      // Only when the bar moves: the message is read aloud at each change.
      if (percent !== lastPercent) {
        lastPercent = percent;
        bar.style.width = `${percent}%`;
        bar.parentElement.setAttribute('aria-valuenow', String(percent));
        say(`${inWords(done)} of ${inWords(total)}. Keep this page open.`);
      }
    },

    /** @param {{run: number, fold: number}} item @param {string} state @param {string} detail */
    mark({ run, fold }, state, detail) {
      const cell = place.querySelector(`[data-member="${run}-${fold}"]`);
      if (cell) {
        cell.dataset.state = state;
        cell.querySelector('[data-state-word]').textContent = state;
        cell.querySelector('[data-member-detail]').textContent = detail;
      }
    },

    /** @param {string} html The server's own fragment. */
    showInventory(html) {
      const wasOpen = place.querySelector('details')?.open ?? false;
      place.innerHTML = html;
      const digests = place.querySelector('details');
      if (digests) {
        digests.open = wasOpen;
      }
    },

    /** @param {string[]} paths */
    showIgnored(paths) {
      ignored.hidden = paths.length === 0;
      ignored.querySelector('summary').textContent =
        paths.length === 1
          ? '1 file is no member and is not sent'
          : `${paths.length} files are no member and are not sent`;
      const items = paths.slice(0, 200).map((path) => {
        const item = document.createElement('li');
        item.textContent = path;
        return item;
      });
      ignored.querySelector('ul').replaceChildren(...items);
    },

    /** @param {(transfer: DataTransfer) => void} take */
    acceptDrops(take) {
      /** @param {DragEvent} event */
      function over(event) {
        event.preventDefault();
        drop.toggleAttribute('data-over', !isBusy);
      }
      drop.addEventListener('dragenter', over);
      drop.addEventListener('dragover', over);
      drop.addEventListener('dragleave', (event) => {
        if (!drop.contains(event.relatedTarget)) {
          drop.removeAttribute('data-over');
        }
      });
      drop.addEventListener('drop', (event) => {
        event.preventDefault();
        drop.removeAttribute('data-over');
        if (!isBusy) {
          take(event.dataTransfer);
        }
      });
    },
  };
}
