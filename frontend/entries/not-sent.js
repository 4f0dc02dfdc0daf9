// Stands in for the decoders of transfer syntaxes our server never sends.
export function initialize() {
  return Promise.resolve();
}

export default function decode() {
  return Promise.reject(new Error('This viewer decodes JPEG-LS lossless frames only.'));
}
