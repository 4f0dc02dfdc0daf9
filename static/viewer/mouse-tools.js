/**
 * What the mouse does on the picture: the left button's tool can be chosen, the others are fixed.
 */
import {
  LengthTool,
  PanTool,
  ToolEnums,
  ToolGroupManager,
  ZoomTool,
  annotation,
  cancelActiveManipulations,
  measurementHistory,
} from './cornerstone.js';
import { draggedWindow } from './presets.js';

const { Primary, Secondary, Auxiliary } = ToolEnums.MouseBindings;

/** Tool, and the button it always has beside the left one. */
const TOOLS = Object.freeze({
  zoom: { tool: ZoomTool, fixed: Secondary },
  pan: { tool: PanTool, fixed: Auxiliary },
  length: { tool: LengthTool, fixed: null },
});

/** A notch of a mouse wheel; what is smaller comes from a touch pad and is added up. */
const NOTCH = 60;
const TOUCH_PAD_STEP = 40;

export class MouseTools {
  /**
   * @param {HTMLElement} element The viewport's element.
   * @param {{viewportId: string, renderingEngineId: string}} ids
   * @param {{getWindow: () => any, setWindow: (window: any) => void}} windowing
   */
  constructor(element, { viewportId, renderingEngineId }, windowing) {
    this.element = element;
    this.windowing = windowing;
    this.group = ToolGroupManager.createToolGroup(viewportId);
    Object.values(TOOLS).forEach(({ tool }) => this.group.addTool(tool.toolName));
    this.group.addViewport(viewportId, renderingEngineId);
    this.choose('window');
    element.addEventListener('contextmenu', (event) => event.preventDefault());
    element.addEventListener('pointerdown', (event) => this.#startWindowing(event));
  }

  /** @param {'window' | 'zoom' | 'pan' | 'length'} name What the left button does from now on. */
  choose(name) {
    this.active = name;
    for (const [key, { tool, fixed }] of Object.entries(TOOLS)) {
      const buttons = [...(key === name ? [Primary] : []), ...(fixed === null ? [] : [fixed])];
      if (buttons.length > 0) {
        const bindings = buttons.map((mouseButton) => ({ mouseButton }));
        this.group.setToolActive(tool.toolName, { bindings });
      } else {
        // Visible, but a drag that starts on it windows instead of moving it.
        this.group.setToolEnabled(tool.toolName);
      }
    }
  }

  cancel() {
    cancelActiveManipulations(this.element);
  }

  undo() {
    measurementHistory().undo();
  }

  redo() {
    measurementHistory().redo();
  }

  forgetMeasurements() {
    annotation.state.removeAllAnnotations();
  }

  /** @param {PointerEvent} start */
  #startWindowing(start) {
    if (start.button !== 0 || this.active !== 'window') {
      return;
    }
    const from = this.windowing.getWindow();
    const drag = (event) => {
      const [x, y] = [event.clientX - start.clientX, event.clientY - start.clientY];
      this.windowing.setWindow(draggedWindow(from, x, y));
    };
    const stop = () => {
      this.element.removeEventListener('pointermove', drag);
      this.element.removeEventListener('pointerup', stop);
      this.element.removeEventListener('pointercancel', stop);
    };
    this.element.setPointerCapture(start.pointerId);
    this.element.addEventListener('pointermove', drag);
    this.element.addEventListener('pointerup', stop);
    this.element.addEventListener('pointercancel', stop);
  }
}

/**
 * One slice per notch; on a touch pad, one per stretch of movement. Down goes caudal.
 *
 * @param {HTMLElement} element
 * @param {(caudal: number) => void} onSteps
 */
export function bindWheel(element, onSteps) {
  let rest = 0;
  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      if (event.deltaMode !== WheelEvent.DOM_DELTA_PIXEL || Math.abs(event.deltaY) >= NOTCH) {
        rest = 0;
        onSteps(Math.sign(event.deltaY));
        return;
      }
      rest += event.deltaY;
      const steps = Math.trunc(rest / TOUCH_PAD_STEP);
      rest -= steps * TOUCH_PAD_STEP;
      if (steps !== 0) {
        onSteps(steps);
      }
    },
    { passive: false },
  );
}
