/** Talks to the server about one upload on its way. */
import { refusalOf } from '../site/persistent-requests.js';

/**
 * @typedef {{number: number, path: string, reason: string}} LeftOut
 * @typedef {{url: string, numbers: number[], arrived: number[], left_out: LeftOut[]}} State
 */

/**
 * @param {string} url
 * @param {{body?: BodyInit, type?: string, token: string, signal?: AbortSignal}} how
 * @returns {Promise<any>}
 */
async function ask(url, { body, type = 'application/json', token, signal }) {
  const headers = { Accept: 'application/json', 'Content-Type': type, 'X-CSRFToken': token };
  let response;
  try {
    response = await fetch(url, { method: 'POST', body, headers, signal });
  } catch (error) {
    throw signal?.aborted ? error : refusalOf(0, '');
  }
  const text = await response.text();
  if (!response.ok) {
    throw refusalOf(response.status, text);
  }
  return text ? JSON.parse(text) : null;
}

/** @param {string} url Where uploads are announced. @param {string} token */
export function arrivalsAt(url, token) {
  return {
    /** @param {object} announced @param {AbortSignal} signal @returns {Promise<State>} */
    start: (announced, signal) => ask(url, { body: JSON.stringify(announced), token, signal }),

    /** @param {State} state @param {AbortSignal} signal @returns {Promise<{page: string}>} */
    finish: (state, signal) => ask(`${state.url}finish/`, { token, signal }),

    /** @param {State} state */
    giveUp: (state) => ask(`${state.url}give-up/`, { token }),

    /**
     * @param {State} state
     * @param {Blob} body
     * @param {{signal: AbortSignal, onSent: (bytes: number) => void}} how
     * @returns {Promise<{left_out: LeftOut[]}>}
     */
    sendPieces(state, body, { signal, onSent }) {
      return new Promise((resolve, reject) => {
        // Not fetch: it does not say how much has been sent.
        const request = new XMLHttpRequest();
        const abort = () => request.abort();
        request.open('POST', `${state.url}pieces/`);
        request.setRequestHeader('Accept', 'application/json');
        request.setRequestHeader('Content-Type', 'application/octet-stream');
        request.setRequestHeader('X-CSRFToken', token);
        request.upload.addEventListener('progress', ({ loaded }) => onSent(loaded));
        request.addEventListener('abort', () => reject(signal.reason));
        request.addEventListener('loadend', () => {
          signal.removeEventListener('abort', abort);
          if (request.status === 200) {
            resolve(JSON.parse(request.responseText));
          } else {
            reject(refusalOf(request.status, request.responseText));
          }
        });
        signal.addEventListener('abort', abort, { once: true });
        request.send(body);
      });
    },
  };
}
