// What our viewer modules use of Cornerstone's core and of its DICOM image loader.
export {
  Enums,
  RenderingEngine,
  cache,
  eventTarget,
  getShouldUseCPURendering,
  imageLoader,
  init,
  metaData,
  utilities,
} from '@cornerstonejs/core';
export { init as initLoader } from '@cornerstonejs/dicom-image-loader';
