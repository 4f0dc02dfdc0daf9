/**
 * The one place that names the vendored Cornerstone3D; everything else imports it from here.
 */
import {
  Enums,
  RenderingEngine,
  cache,
  eventTarget,
  getShouldUseCPURendering,
  imageLoader,
  init,
  initLoader,
  metaData,
  utilities,
} from '../vendor/cornerstone-4.22.13/core.js';

import {
  LengthTool,
  PanTool,
  ToolEnums,
  ToolGroupManager,
  ZoomTool,
  addTool,
  annotation,
  cancelActiveManipulations,
  initTools,
} from '../vendor/cornerstone-4.22.13/tools.js';

export {
  Enums,
  LengthTool,
  PanTool,
  RenderingEngine,
  ToolEnums,
  ToolGroupManager,
  ZoomTool,
  annotation,
  cache,
  cancelActiveManipulations,
  eventTarget,
  imageLoader,
  metaData,
};

/** Two decoders were as fast as more in trials, and leave the page its own core. */
const DECODERS = 2;

/** Two cases of 250 slices with room to spare; the images of a left case are removed anyway. */
const CACHE_BYTES = 768 * 1024 * 1024;

let started = false;

/**
 * Start Cornerstone once per page.
 *
 * @param {object} loaderHooks Hooks of the DICOM image loader (see frame-check.js).
 */
export function startCornerstone(loaderHooks) {
  if (started) {
    return;
  }
  started = true;
  // One viewport needs one WebGL context; the default of seven doubles the start-up time.
  init({ rendering: { webGlContextCount: 1 } });
  cache.setMaxCacheSize(CACHE_BYTES);
  initTools();
  [LengthTool, PanTool, ZoomTool].forEach((tool) => addTool(tool));
  initLoader({ maxWebWorkers: DECODERS, ...loaderHooks });
}

/** @returns {boolean} Whether pictures are drawn without WebGL. */
export function drawsWithoutWebGl() {
  return getShouldUseCPURendering();
}

/**
 * Cornerstone draws on hidden canvases; when the browser takes their graphics context away, the
 * picture on the page stays as it was.
 *
 * @param {any} engine
 * @param {() => void} act
 */
export function onGraphicsLost(engine, act) {
  const hidden = engine._implementation?.contextPool?.getAllContexts() ?? [];
  hidden.forEach((window) => {
    window.getOpenGLRenderWindow().getCanvas().addEventListener('webglcontextlost', act);
  });
}

/** @returns {{undo: () => void, redo: () => void}} The history of measurements. */
export function measurementHistory() {
  return utilities.HistoryMemo.DefaultHistoryMemo;
}
