/**
 * The page of one upload: takes a folder, sends its members one by one and shows the grid.
 */
import { inWords } from '../cohorts/bytes-in-words.js';
import { choiceOfDrop } from '../cohorts/dropped-items.js';
import { Refusal } from '../site/persistent-requests.js';
import { uploadAt } from './register-api.js';
import { sendAll } from './register-queue.js';
import { statusOf } from './register-status.js';

/**
 * @typedef {import('../cohorts/dropped-items.js').FolderFile} FolderFile
 * @typedef {import('./register-queue.js').Item} Item
 */

const CHECKPOINT = /\.(pth|h5)$/i;

/** @param {unknown} error @returns {string} */
function sentenceOf(error) {
  if (error instanceof Refusal || error?.name === 'UploadProblem') {
    return error.again ? `${error.message} Files that have arrived stay.` : error.message;
  }
  console.error(error);
  return 'Something went wrong in this page. Reload it: files that have arrived stay.';
}

/** @param {HTMLElement} area */
function attach(area) {
  const server = uploadAt(area.dataset.url, area.dataset.token);
  const status = statusOf(area);
  const folder = area.querySelector('[data-folder]');
  const mostBytes = Number(area.dataset.maxBytes);
  let stopping = new AbortController();
  /** @type {(() => Promise<void>) | null} What 'Try again' does. */
  let last = null;

  async function showInventory() {
    const response = await fetch(area.dataset.inventoryUrl).catch(() => null);
    if (!response?.ok) {
      throw new Refusal('The connection was lost.', { again: true });
    }
    status.showInventory(await response.text());
  }

  /** @param {(signal: AbortSignal) => Promise<void>} work */
  async function busy(work) {
    if (status.isBusy()) {
      return;
    }
    last = () => busy(work);
    stopping = new AbortController();
    status.setBusy(true);
    let mayRetry = false;
    try {
      await work(stopping.signal);
    } catch (error) {
      mayRetry = stopping.signal.aborted || error?.again === true;
      status.say(stopping.signal.aborted ? 'Cancelled. Files that have arrived stay.' : sentenceOf(error), {
        isError: !stopping.signal.aborted,
      });
    }
    status.setBusy(false, { mayRetry });
    await showInventory().catch(() => {});
  }

  /** @param {Item[]} items @param {AbortSignal} signal */
  async function send(items, signal) {
    const told = {
      onState: status.mark,
      onBytes: status.bytes,
      onStored: showInventory,
      onWaiting: (seconds) =>
        status.say(`The connection was lost. Trying again within ${seconds} s.`, { isError: true }),
    };
    const { sent, skipped, refused } = await sendAll(server, items, signal, told);
    const parts = [`${sent} file${sent === 1 ? '' : 's'} sent`];
    if (skipped) {
      parts.push(`${skipped} there already`);
    }
    if (refused.length) {
      parts.push(`${refused.length} refused: ${refused[0]}`);
    }
    status.say(`${parts.join(', ')}${refused.length ? '' : '.'}`, { isError: refused.length > 0 });
  }

  /** @param {FolderFile[]} files @param {AbortSignal} signal */
  async function takeFolder(files, signal) {
    status.say('Looking at what you chose.');
    const candidates = files.filter(({ path }) => CHECKPOINT.test(path));
    const others = files.filter(({ path }) => !CHECKPOINT.test(path)).map(({ path }) => path);
    const paths = candidates.map(({ path }) => path);
    const found = await server.post('paths/', { paths }, signal);
    status.showIgnored([...found.ignored, ...others]);
    const byPath = new Map(candidates.map((item) => [item.path, item.file]));
    const items = found.members.map(({ path, run, fold }) => {
      const file = byPath.get(path);
      return { path, run, fold, file, size: file.size };
    });
    const large = items.find(({ size }) => size > mostBytes);
    if (large) {
      throw new Refusal(
        `${large.path} has ${inWords(large.size)}; a checkpoint may have ${inWords(mostBytes)}.`,
      );
    }
    if (!items.length) {
      throw new Refusal('No file of that folder is a member: choose the folder of the release.');
    }
    await send(items, signal);
  }

  /** @param {AbortSignal} signal */
  async function takeServerFolder(signal) {
    status.say('Looking at the folder on the server.');
    const name = area.querySelector('[data-server-folder]').value;
    const found = await server.post('folder/', { folder: name }, signal);
    status.showIgnored(found.ignored);
    if (!found.members.length) {
      throw new Refusal(`No file in '${name}' is a member: ask the operator.`);
    }
    const items = found.members.map(({ size_bytes: size, ...one }) => ({ ...one, size, file: null }));
    await send(items, signal);
  }

  /** @param {string} path */
  function remove(path) {
    return busy(async (signal) => {
      await server.post('remove-file/', { path }, signal);
      status.say(`Removed ${path}.`);
    });
  }

  folder.addEventListener('change', () => {
    const files = [...folder.files].map((file) => ({
      path: file.webkitRelativePath || file.name,
      file,
    }));
    if (files.length) {
      busy((signal) => takeFolder(files, signal));
    }
  });
  status.acceptDrops((transfer) => {
    const dropped = choiceOfDrop(transfer);
    busy(async (signal) => {
      const { files } = await dropped;
      if (!files) {
        throw new Refusal('A zip cannot be taken here: unpack it and drop the folder.');
      }
      await takeFolder(files, signal);
    });
  });
  area.querySelector('[data-server-take]')?.addEventListener('click', () => busy(takeServerFolder));
  area.querySelector('[data-cancel]').addEventListener('click', () => stopping.abort());
  area.querySelector('[data-retry]').addEventListener('click', () => last?.());
  area.addEventListener('click', ({ target }) => {
    const button = target.closest('[data-remove-file]');
    if (button && !status.isBusy()) {
      remove(button.dataset.removeFile);
    }
  });
  window.addEventListener('beforeunload', (event) => {
    if (status.isBusy()) {
      event.preventDefault();
    }
  });
  // From here on a choice is heard; one made before would be lost.
  folder.disabled = false;
}

document.querySelectorAll('[data-register]').forEach(attach);
