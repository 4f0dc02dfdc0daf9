/** Talks to the server about one upload. */
import { refusalOf } from '../site/persistent-requests.js';

/**
 * @param {string} url The upload's address.
 * @param {string} token
 */
export function uploadAt(url, token) {
  /** @param {string} path @param {RequestInit} options */
  async function ask(path, options) {
    let response;
    try {
      response = await fetch(url + path, { headers: { Accept: 'application/json' }, ...options });
    } catch (error) {
      if (options.signal?.aborted) {
        throw error;
      }
      throw refusalOf(0, '');
    }
    const text = await response.text();
    if (!response.ok) {
      throw refusalOf(response.status, text);
    }
    return JSON.parse(text);
  }

  /** @param {string} path @param {object} body @param {AbortSignal} [signal] */
  function post(path, body, signal) {
    const headers = {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'X-CSRFToken': token,
    };
    return ask(path, { method: 'POST', headers, body: JSON.stringify(body), signal });
  }

  return {
    post,
    /** @param {AbortSignal} [signal] */
    inventory: (signal) => ask('', { signal }),

    /**
     * @param {{path: string, file: File}} item
     * @param {{signal: AbortSignal, onProgress: (sent: number, total: number) => void}} options
     */
    send({ path, file }, { signal, onProgress }) {
      const body = new FormData();
      body.set('path', path);
      body.set('file', file, file.name);
      return new Promise((resolve, reject) => {
        // Not fetch: it does not say how much has been sent.
        const request = new XMLHttpRequest();
        request.open('POST', `${url}files/`);
        request.setRequestHeader('Accept', 'application/json');
        request.setRequestHeader('X-CSRFToken', token);
        request.upload.addEventListener('progress', ({ loaded, total }) =>
          onProgress(loaded, total),
        );
        request.addEventListener('abort', () => reject(signal.reason));
        request.addEventListener('loadend', () => {
          if (request.status === 201) {
            resolve(JSON.parse(request.responseText));
          } else {
            reject(refusalOf(request.status, request.responseText));
          }
        });
        signal.addEventListener('abort', () => request.abort(), { once: true });
        request.send(body);
      });
    },
  };
}
