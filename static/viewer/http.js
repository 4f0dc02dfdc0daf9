/**
 * The one module that calls fetch: JSON in, JSON out, one kind of error for every refusal.
 */

/** How long an answer may take; a slower one counts as a lost connection. */
const TIME_OUT_MS = 15000;

/** The server answered and refused. */
export class Refusal extends Error {
  /**
   * @param {number} status HTTP status.
   * @param {{code?: string, message?: string}} body The error's JSON.
   */
  constructor(status, body) {
    super(body.message || `The server answered with status ${status}.`);
    this.name = 'Refusal';
    this.status = status;
    this.code = body.code || `http_${status}`;
    this.body = body;
  }
}

/** No usable answer arrived: offline, server down, or too slow. */
export class ConnectionLost extends Error {
  constructor(cause) {
    super('The server cannot be reached.', { cause });
    this.name = 'ConnectionLost';
  }
}

/**
 * The cookie comes first: signing in again in another tab changes it, and not this page's field.
 *
 * @returns {string} The token Django asks for on every write.
 */
function csrfToken() {
  const cookie = /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie);
  const field = document.querySelector('input[name="csrfmiddlewaretoken"]');
  return cookie?.[1] || (field instanceof HTMLInputElement ? field.value : '');
}

/** @param {Response} response @returns {Promise<any>} */
async function readAnswer(response) {
  if (response.type === 'opaqueredirect') {
    // The API never redirects: something in between sent the browser to a login page.
    throw new Refusal(401, { code: 'signed_out', message: 'You are signed out.' });
  }
  const isJson = (response.headers.get('Content-Type') || '').includes('json');
  const body = isJson && response.status !== 204 ? await response.json() : {};
  if (!response.ok) {
    throw new Refusal(response.status, body);
  }
  if (!isJson && response.status !== 202 && response.status !== 204) {
    throw new Refusal(response.status, {
      code: 'unexpected_answer',
      message: 'The server sent something other than data. Reload the page.',
    });
  }
  return body;
}

/** @param {Response} response @returns {Promise<any>} */
function readBytes(response) {
  const isData = response.ok && response.type !== 'opaqueredirect';
  return isData ? response.arrayBuffer() : readAnswer(response);
}

/**
 * @param {string} url
 * @param {RequestInit} options
 * @param {(response: Response) => Promise<any>} [read]
 * @returns {Promise<any>}
 */
async function send(url, options, read = readAnswer) {
  let response;
  try {
    response = await fetch(url, {
      credentials: 'same-origin',
      redirect: 'manual',
      signal: AbortSignal.timeout(TIME_OUT_MS),
      ...options,
    });
    return await read(response);
  } catch (error) {
    if (error instanceof Refusal) {
      throw error;
    }
    throw new ConnectionLost(error);
  }
}

/** @param {string} url @returns {Promise<any>} */
export function getJson(url) {
  return send(url, { headers: { Accept: 'application/json' }, cache: 'no-store' });
}

/** @param {string} url @returns {Promise<ArrayBuffer>} */
export function getBytes(url) {
  return send(url, {}, readBytes);
}

/**
 * @param {string} url
 * @param {object} body
 * @param {{keepalive?: boolean}} [options] `keepalive` lets the request outlive the page.
 * @returns {Promise<any>}
 */
export function postJson(url, body, { keepalive = false } = {}) {
  return send(url, {
    method: 'POST',
    keepalive,
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'X-CSRFToken': csrfToken(),
    },
    body: JSON.stringify(body),
  });
}

/** @param {unknown} error @returns {string} What went wrong, for the person at the page. */
export function explain(error) {
  if (error instanceof Refusal && error.status === 401) {
    return 'You are signed out. Sign in again and come back to this page.';
  }
  return error instanceof Error ? error.message : String(error);
}
