/**
 * What was dropped on the form: one zip, or the files of folders with their relative paths.
 */
import { UploadProblem, unreadable } from './upload-problem.js';

/**
 * @typedef {{path: string, file: File}} FolderFile
 * @typedef {{name: string, zip: File} | {name: string, files: FolderFile[]}} Choice
 * @typedef {{entry: FileSystemEntry | null, file: File | null}} Dropped
 */

/**
 * @param {DataTransfer} transfer The browser empties it when the event is over.
 * @returns {Promise<Choice>}
 */
export function choiceOfDrop(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === 'file');
  // Taken before the first await, while the items can still be asked.
  const dropped = items.map((item) => ({
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(),
  }));
  return readDrop(dropped);
}

/** @param {Dropped[]} dropped @returns {Promise<Choice>} */
async function readDrop(dropped) {
  if (dropped.length === 0) {
    throw new UploadProblem('That is neither a folder nor a file: drop a folder or a zip file.');
  }
  const zips = dropped.filter(({ entry, file }) => !entry?.isDirectory && isZip(file));
  if (zips.length > 0 && dropped.length > 1) {
    throw new UploadProblem('Drop one zip file alone, or folders without a zip beside them.');
  }
  if (zips.length === 1) {
    return { name: zips[0].file.name, zip: zips[0].file };
  }
  const files = [];
  for (const { entry, file } of dropped) {
    await collect(entry, file, files);
  }
  return { name: nameOf(dropped), files };
}

/** @param {File | null} file @returns {boolean} */
function isZip(file) {
  return file !== null && file.name.toLowerCase().endsWith('.zip');
}

/** @param {Dropped[]} dropped @returns {string} */
function nameOf([{ entry, file }, ...more]) {
  const first = entry?.name ?? file?.name ?? 'folder';
  return more.length ? `${first} and ${more.length} more` : first;
}

/**
 * @param {FileSystemEntry | null} entry
 * @param {File | null} file
 * @param {FolderFile[]} files Receives what is found.
 */
async function collect(entry, file, files) {
  if (entry?.isDirectory) {
    await collectFolder(entry, files);
  } else if (entry) {
    files.push({ path: pathOf(entry), file: await fileOf(entry) });
  } else if (file) {
    files.push({ path: file.name, file });
  }
}

/** @param {FileSystemDirectoryEntry} folder @param {FolderFile[]} files */
async function collectFolder(folder, files) {
  const reader = folder.createReader();
  let batch;
  // A reader gives a folder in portions; an empty one is the end.
  do {
    batch = await nextOf(reader, pathOf(folder));
    for (const entry of batch) {
      await collect(entry, null, files);
    }
  } while (batch.length > 0);
}

/** @param {FileSystemEntry} entry @returns {string} The path below what was dropped. */
function pathOf(entry) {
  return entry.fullPath.replace(/^\//, '');
}

/**
 * @param {FileSystemDirectoryReader} reader
 * @param {string} path
 * @returns {Promise<FileSystemEntry[]>}
 */
function nextOf(reader, path) {
  return new Promise((resolve, reject) => {
    reader.readEntries(resolve, (error) => reject(unreadable(path, error)));
  });
}

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
function fileOf(entry) {
  return new Promise((resolve, reject) => {
    entry.file(resolve, (error) => reject(unreadable(pathOf(entry), error)));
  });
}
