// What our viewer modules use of Cornerstone's core and of its DICOM image loader.
export {
  Enums,
  RenderingEngine,
  cache,
  eventTarget,
  getShouldUseCPURendering,
  getWebWorkerManager,
  imageLoadPoolManager,
  imageLoader,
  imageRetrievalPoolManager,
  init,
  metaData,
  utilities,
} from '@cornerstonejs/core';
export { init as initLoader, wadors } from '@cornerstonejs/dicom-image-loader';
