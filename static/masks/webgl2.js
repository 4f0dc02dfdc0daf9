/**
 * Whether this browser draws with WebGL2, which drawing masks asks for.
 */

/** @returns {boolean} */
export function hasWebGl2() {
  const context = document.createElement('canvas').getContext('webgl2');
  // A page may hold few contexts: this one is not needed any more.
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return context !== null;
}
