/**
 * Calls that the server has not acknowledged yet, kept on disk: closing the tab loses nothing.
 */

const DATABASE = 'nodewise-reading';
const CALLS = 'calls';

/**
 * @typedef {object} WaitingCall
 * @property {string} call UUID made here: the server knows a repeated save by it.
 * @property {string} case_id
 * @property {string} node
 * @property {number} category
 * @property {number} base_version The case's version this call builds on.
 * @property {string} shown_case
 * @property {number} shown_slice
 */

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(CALLS, { keyPath: 'call' });
  };
  return finished(request);
}

export class CallStore {
  /** @param {IDBDatabase | null} database Null where the browser offers no storage. */
  constructor(database) {
    this.database = database;
  }

  /** @returns {Promise<CallStore>} */
  static async open() {
    try {
      return new CallStore(await openDatabase());
    } catch {
      return new CallStore(null);
    }
  }

  /** @returns {boolean} Whether waiting calls outlive this tab. */
  get isDurable() {
    return this.database !== null;
  }

  /** @param {string} caseId @returns {Promise<WaitingCall[]>} In the order they were made. */
  async waitingFor(caseId) {
    if (this.database === null) {
      return [];
    }
    const store = this.database.transaction(CALLS).objectStore(CALLS);
    /** @type {WaitingCall[]} */
    const all = await finished(store.getAll());
    const own = all.filter((entry) => entry.case_id === caseId);
    return own.sort((a, b) => a.base_version - b.base_version);
  }

  /**
   * Take some calls out and put others in, as one step.
   *
   * @param {{remove?: string[], add?: WaitingCall[]}} change
   */
  async change({ remove = [], add = [] }) {
    if (this.database === null) {
      return;
    }
    // Strict: done means on the disk, so that even a killed browser keeps the call.
    const transaction = this.database.transaction(CALLS, 'readwrite', { durability: 'strict' });
    const store = transaction.objectStore(CALLS);
    remove.forEach((call) => store.delete(call));
    add.forEach((entry) => store.put(entry));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
    });
  }
}
