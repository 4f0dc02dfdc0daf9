/**
 * Keeps what the person chose last: a folder, a zip, files, or what was dropped on the form.
 */
import { choiceOfDrop } from './dropped-items.js';

/** @typedef {import('./dropped-items.js').Choice} Choice */

/** @param {HTMLInputElement} input @returns {Choice | null} */
function choiceOfFolder({ files }) {
  const found = [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  return found.length ? { name: found[0].path.split('/')[0], files: found } : null;
}

/** @param {HTMLInputElement} input @returns {Choice | null} One zip, or several files. */
function choiceOfFiles({ files }) {
  const [first, ...more] = files;
  if (!first) {
    return null;
  }
  if (!more.length && first.name.toLowerCase().endsWith('.zip')) {
    return { name: first.name, zip: first };
  }
  const name = more.length ? `${first.name} and ${more.length} more` : first.name;
  return { name, files: [...files].map((file) => ({ path: file.name, file })) };
}

/**
 * @param {HTMLElement} area
 * @param {() => boolean} isBusy
 * @param {(drop: DataTransfer) => void} take
 */
function acceptDrops(area, isBusy, take) {
  /** @param {DragEvent} event */
  function over(event) {
    event.preventDefault();
    area.toggleAttribute('data-over', !isBusy());
  }
  area.addEventListener('dragenter', over);
  area.addEventListener('dragover', over);
  area.addEventListener('dragleave', (event) => {
    if (!area.contains(event.relatedTarget)) {
      area.removeAttribute('data-over');
    }
  });
  area.addEventListener('drop', (event) => {
    event.preventDefault();
    area.removeAttribute('data-over');
    if (!isBusy()) {
      take(event.dataTransfer);
    }
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {() => boolean} isBusy While it is true, drops are ignored.
 * @param {(choice: Promise<Choice | null>) => void} onChange
 * @returns {() => Promise<Choice | null>} What is chosen now.
 */
export function watchChoice(form, isBusy, onChange) {
  const folder = form.querySelector('[data-upload-folder]');
  const zip = form.elements.file;
  let chosen = Promise.resolve(choiceOfFolder(folder) ?? choiceOfFiles(zip));

  /** @param {Promise<Choice | null>} choice @param {HTMLInputElement[]} others No longer valid. */
  function choose(choice, ...others) {
    chosen = choice;
    for (const other of others) {
      other.value = '';
    }
    onChange(choice);
  }

  folder.addEventListener('change', () => choose(Promise.resolve(choiceOfFolder(folder)), zip));
  zip.addEventListener('change', () => choose(Promise.resolve(choiceOfFiles(zip)), folder));
  acceptDrops(form, isBusy, (drop) => choose(choiceOfDrop(drop), folder, zip));
  return () => chosen;
}
