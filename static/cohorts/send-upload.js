/** Sends the upload and says what came of it. */

const LOST =
  'The connection was lost, or a file changed while it was sent. Nothing was taken in: choose ' +
  'the folder or file again and upload it once more.';

/**
 * @param {number} status HTTP status; 0 when no answer came.
 * @param {string} text The answer's body.
 * @returns {{page?: string, message?: string}} Where to go, or what to tell the person.
 */
export function outcomeOf(status, text) {
  if (status === 0) {
    return { message: LOST };
  }
  let answer;
  try {
    answer = JSON.parse(text);
  } catch {
    return { message: `The server answered with status ${status}. Try again later.` };
  }
  if (status === 201 && answer.page) {
    return { page: answer.page };
  }
  return { message: answer.message || `The server answered with status ${status}.` };
}

/**
 * @param {string} url
 * @param {FormData} body
 * @param {{
 *   token: string,
 *   signal: AbortSignal,
 *   onProgress: (sent: number, total: number) => void,
 * }} options
 * @returns {Promise<{page?: string, message?: string}>} Rejects only when it was cancelled.
 */
export function sendUpload(url, body, { token, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    // Not fetch: it does not say how much has been sent.
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('X-CSRFToken', token);
    request.upload.addEventListener('progress', ({ loaded, total }) => onProgress(loaded, total));
    request.addEventListener('abort', () => reject(signal.reason));
    request.addEventListener('loadend', () =>
      resolve(outcomeOf(request.status, request.responseText)),
    );
    signal.addEventListener('abort', () => request.abort());
    request.send(body);
  });
}
