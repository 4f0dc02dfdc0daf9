/**
 * Looks at names and first bytes of what was chosen, and says what would not be used.
 *
 * The server judges again, from the same bytes; this only tells the person before anything is sent.
 */
import { unreadable } from './upload-problem.js';

/**
 * @typedef {import('./dropped-items.js').FolderFile} FolderFile
 * @typedef {{junk_names: string[], junk_folders: string[], archives: string[], label_maps: string[]}} Rules
 * @typedef {FolderFile & {reason: string}} LookedAt `reason` is empty where the file is of use.
 */

export const HEAD_BYTES = 1024;
const MAGIC_AT = 128;
const AT_ONCE = 16;
const CT_CLASS = '1.2.840.10008.5.1.4.1.1.2';
const KINDS = [
  ['%PDF', 'a PDF document'],
  ['\x89PNG', 'a picture'],
  ['\xff\xd8\xff', 'a picture'],
  ['PK\x03\x04', 'an archive or office document'],
];

/** @param {string} path @param {string[]} endings */
function endsWithOneOf(path, endings) {
  return endings.some((ending) => path.endsWith(ending));
}

/** @param {string} path @param {number} size @param {Rules} rules @returns {string} */
function reasonByName(path, size, rules) {
  const parts = path.toLowerCase().split('/');
  if (
    rules.junk_names.includes(parts.at(-1)) ||
    parts.some((part) => rules.junk_folders.includes(part))
  ) {
    return 'left behind by a system, no image';
  }
  if (endsWithOneOf(path.toLowerCase(), rules.archives)) {
    return 'an archive; unpack it first';
  }
  return size ? '' : 'empty';
}

/** @param {string} head One character per byte. */
function isDicom(head) {
  const start = head.slice(0, 2);
  return head.startsWith('DICM', MAGIC_AT) || start === '\x02\x00' || start === '\x08\x00';
}

/** @param {string} head */
function mayBeCt(head) {
  const classes = [`${CT_CLASS}\x00`, `${CT_CLASS}.`];
  return (
    isDicom(head) &&
    (!head.startsWith('DICM', MAGIC_AT) || classes.some((found) => head.includes(found)))
  );
}

/** @param {FolderFile} file @returns {Promise<string>} */
async function headOf({ path, file }) {
  try {
    const bytes = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
    return String.fromCharCode(...bytes);
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** @param {FolderFile} found @param {Rules} rules */
async function lookAt(found, rules) {
  const byName = reasonByName(found.path, found.file.size, rules);
  if (byName || endsWithOneOf(found.path.toLowerCase(), rules.label_maps)) {
    return { ...found, reason: byName, isCt: false };
  }
  const head = await headOf(found);
  const kind = KINDS.find(([magic]) => head.startsWith(magic))?.[1] ?? 'not DICOM';
  return { ...found, reason: isDicom(head) ? '' : kind, isCt: mayBeCt(head) };
}

/**
 * @param {FolderFile[]} files
 * @param {Rules} rules
 * @returns {Promise<{files: LookedAt[], mayHoldCt: boolean}>}
 */
export async function lookAtAll(files, rules) {
  const looked = [];
  for (let start = 0; start < files.length; start += AT_ONCE) {
    const some = files.slice(start, start + AT_ONCE);
    looked.push(...(await Promise.all(some.map((file) => lookAt(file, rules)))));
  }
  return { files: looked, mayHoldCt: looked.some(({ isCt }) => isCt) };
}
