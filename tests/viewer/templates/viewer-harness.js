// Opens the viewer alone on the first case; tests reach it as window.viewer.
import { VIEWER_BINDINGS, bindKeys } from '/static/viewer/tool-bindings.js';
import { Viewer } from '/static/viewer/viewer.js';

const state = document.querySelector('[data-viewer]');
const url = state.dataset.caseAddress;
const payload = await (await fetch(url)).json();
window.viewer = new Viewer(document.querySelector('[data-part="viewer"]'), { state });
bindKeys(VIEWER_BINDINGS, window.viewer.actions());
await window.viewer.open(
  {
    caseId: payload.case,
    framesUrl: payload.frames_url,
    geometry: payload.geometry,
    frames: payload.frames,
  },
  payload.nodes,
  { slice: 3 },
);
