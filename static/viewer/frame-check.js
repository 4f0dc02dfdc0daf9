/**
 * Nothing is decoded that is not, byte for byte, the frame that was asked for.
 */

const FRAME_TYPE = 'application/octet-stream';
const TRANSFER_SYNTAX = '1.2.840.10008.1.2.4.80';

/** The viewer's own time-out comes first; this one frees the connection of a frame gone silent. */
const REQUEST_TIME_OUT_MS = 60000;

/** @typedef {{sha256: string, bytes: number}} Expected */

/** @type {Map<string, Expected>} What each image id must turn out to be. */
const expected = new Map();
/** @type {Map<string, string>} Why an image id could not be used, in words for the reader. */
const reasons = new Map();
/** @type {Set<string>} Image ids whose copy in the browser's cache may be the faulty one. */
const distrusted = new Set();
/** @type {Map<string, XMLHttpRequest>} */
const requests = new Map();
/** @type {WeakMap<XMLHttpRequest, string>} */
const imageIds = new WeakMap();

/** @param {string} imageId @param {Expected} frame */
export function expectFrame(imageId, frame) {
  expected.set(imageId, frame);
}

/** Stop waiting for a frame and forget why it failed. @param {string} imageId */
export function abandonFrame(imageId) {
  requests.get(imageId)?.abort();
  requests.delete(imageId);
  reasons.delete(imageId);
}

/** @param {string} imageId */
export function forgetFrame(imageId) {
  abandonFrame(imageId);
  expected.delete(imageId);
}

/** @param {string} imageId @returns {string | undefined} */
export function failureReason(imageId) {
  return reasons.get(imageId);
}

/** @returns {boolean} Digests need a secure context: https, or this very computer. */
export function canCheckFrames() {
  return Boolean(globalThis.crypto?.subtle);
}

/** @param {number} status @returns {string} */
function refusal(status) {
  return status === 401
    ? 'you are signed out. Sign in again in another tab, then try again'
    : `the server answered with status ${status}`;
}

/** @param {ArrayBuffer} bytes @returns {Promise<string>} */
async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * @param {XMLHttpRequest} xhr
 * @param {Expected | undefined} frame
 * @returns {Promise<string | null>} What is wrong, or null.
 */
async function faultOf(xhr, frame) {
  const type = (xhr.getResponseHeader('Content-Type') || '').toLowerCase().replace(/\s/g, '');
  if (!frame) {
    return 'this image is not part of the case';
  }
  if (xhr.status !== 200) {
    return refusal(xhr.status);
  }
  if (type !== `${FRAME_TYPE};transfer-syntax=${TRANSFER_SYNTAX}`) {
    return 'the server sent something other than an image';
  }
  if (xhr.response.byteLength !== frame.bytes) {
    return `${xhr.response.byteLength} of ${frame.bytes} bytes arrived`;
  }
  if ((await sha256(xhr.response)) !== frame.sha256) {
    return 'the image data is damaged or belongs to another image';
  }
  return null;
}

/** @param {XMLHttpRequest} xhr @returns {Promise<ArrayBuffer>} */
async function beforeProcessing(xhr) {
  const imageId = imageIds.get(xhr) ?? '';
  const fault = await faultOf(xhr, expected.get(imageId));
  requests.delete(imageId);
  if (fault) {
    reasons.set(imageId, fault);
    distrusted.add(imageId);
    throw new Error(fault);
  }
  reasons.delete(imageId);
  distrusted.delete(imageId);
  return xhr.response;
}

/** @param {XMLHttpRequest} xhr @param {string} imageId */
async function beforeSend(xhr, imageId) {
  imageIds.set(xhr, imageId);
  requests.set(imageId, xhr);
  xhr.timeout = REQUEST_TIME_OUT_MS;
  const accept = { Accept: `${FRAME_TYPE}; transfer-syntax=${TRANSFER_SYNTAX}` };
  // A frame is cached for ever: asked for once more, it must come from the server.
  return distrusted.has(imageId) ? { ...accept, 'Cache-Control': 'no-cache' } : accept;
}

/** @param {{request?: XMLHttpRequest, status?: number}} error */
function errorInterceptor({ request, status }) {
  const imageId = request ? imageIds.get(request) : undefined;
  if (imageId === undefined || reasons.has(imageId)) {
    return;
  }
  const refused = status && status !== 200;
  reasons.set(imageId, refused ? refusal(status) : 'the connection was lost');
}

/** What the DICOM image loader is started with. */
export const FRAME_HOOKS = Object.freeze({ beforeProcessing, beforeSend, errorInterceptor });
