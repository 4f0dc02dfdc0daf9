/**
 * The CT viewer: opens a case and shows its slices with node outlines. Knows nothing of readers.
 */
import { Camera } from './camera.js';
import { CornerText } from './corner-text.js';
import { Enums, RenderingEngine, onGraphicsLost, startCornerstone } from './cornerstone.js';
import { FRAME_HOOKS, canCheckFrames } from './frame-check.js';
import { LoadQueue, loadingOrder } from './loading-order.js';
import { MouseTools, bindWheel } from './mouse-tools.js';
import { NodeOverlay } from './node-overlay.js';
import { PRESETS, windowRange } from './presets.js';
import { Series } from './series.js';
import { ShownImage } from './shown-image.js';
import { SliceSlider } from './slice-slider.js';

const ENGINE = 'nodewise-engine';
const VIEWPORT = 'nodewise-viewport';
const TIME_OUT_MS = 15000;
const TEN = 10;
const ZOOM_STEP = 1.25;

/** @typedef {import('./series.js').SeriesDescription} SeriesDescription */
/** @typedef {import('./node-overlay.js').OverlayNode} OverlayNode */

export class Viewer {
  /**
   * @param {HTMLElement} root The element of templates/viewer/viewport.html; `data-time-out-ms`
   *   says how long a slice may take.
   * @param {object} options
   * @param {HTMLElement} options.state Carries `data-viewer`.
   * @param {() => void} [options.onChange] Called whenever what is shown may have changed.
   * @param {(slice: number | null, toCanvas: DOMMatrix | null) => void} [options.onDraw] Called
   *   after the outlines were drawn, with null while no picture is shown.
   */
  constructor(root, { state, onChange = () => {}, onDraw = () => {} }) {
    this.root = root;
    this.state = state;
    this.onChange = onChange;
    this.onDraw = onDraw;
    /** @type {Series | null} */
    this.series = null;
    /** @type {Series | null} */
    this.nextSeries = null;
    this.slice = 0;
    this.window = PRESETS[0];
    this.inverted = false;
    this.prepared = false;
    startCornerstone(FRAME_HOOKS);
    this.#build();
    this.#listen();
  }

  /** @param {string} part @returns {any} */
  #part(part) {
    return this.root.querySelector(`[data-part="${part}"]`);
  }

  #build() {
    const element = this.#part('viewport');
    this.engine = new RenderingEngine(ENGINE);
    this.engine.enableElement({
      viewportId: VIEWPORT,
      element,
      type: Enums.ViewportType.STACK,
      defaultOptions: { background: [0, 0, 0] },
    });
    this.viewport = this.engine.getViewport(VIEWPORT);
    onGraphicsLost(this.engine, () =>
      this.shownImage.failForGood('The graphics card was lost. Reload the page; calls are kept.'),
    );
    this.camera = new Camera(this.viewport, element);
    this.overlay = new NodeOverlay(this.#part('overlay'));
    this.text = new CornerText((part) => this.#part(part));
    this.queue = new LoadQueue(() => this.#publish());
    this.slider = new SliceSlider(this.#part('slider'), this.#part('marks'), (slice) =>
      this.goTo(slice),
    );
    this.mouse = new MouseTools(
      element,
      { viewportId: VIEWPORT, renderingEngineId: ENGINE },
      { getWindow: () => this.window, setWindow: (window) => this.setWindow(window) },
    );
    this.shownImage = new ShownImage(
      element,
      { cover: this.#part('cover'), message: this.#part('message'), retry: this.#part('retry') },
      {
        timeOutMs: Number(this.root.dataset.timeOutMs) || TIME_OUT_MS,
        onChange: () => this.#changed(),
        onRetry: () => this.retry(),
        // A request gone silent must not be waited for again.
        onLate: (imageId) => this.series?.discard(imageId),
      },
    );
  }

  #listen() {
    const element = this.#part('viewport');
    element.addEventListener(Enums.Events.CAMERA_MODIFIED, () => this.#drawOverlay());
    element.addEventListener(Enums.Events.STACK_NEW_IMAGE, () => {
      if (this.prepared) {
        this.camera.restore();
      }
    });
    bindWheel(this.root, (caudal) => this.step(caudal));
    new ResizeObserver(() => this.engine.resize(true, true)).observe(element);
    this.root.addEventListener('click', (event) => {
      const button = event.target instanceof Element && event.target.closest('[data-action]');
      if (button) {
        this.actions()[button.dataset.action]?.();
      }
    });
    this.chooseTool('window');
  }

  /** @returns {Record<string, () => void>} What keys and buttons can do, by name. */
  actions() {
    const presets = PRESETS.map((preset, index) => [
      `preset-${index}`,
      () => this.setWindow(preset),
    ]);
    return {
      ...Object.fromEntries(presets),
      cranial: () => this.step(-1),
      caudal: () => this.step(1),
      'cranial-ten': () => this.step(-TEN),
      'caudal-ten': () => this.step(TEN),
      first: () => this.goTo(Infinity),
      last: () => this.goTo(0),
      'tool-window': () => this.chooseTool('window'),
      'tool-zoom': () => this.chooseTool('zoom'),
      'tool-pan': () => this.chooseTool('pan'),
      'tool-length': () => this.chooseTool('length'),
      'zoom-in': () => this.#ifShown(() => this.camera.zoomBy(ZOOM_STEP)),
      'zoom-out': () => this.#ifShown(() => this.camera.zoomBy(1 / ZOOM_STEP)),
      fit: () => this.#ifShown(() => this.camera.fit()),
      reset: () => this.resetView(),
      invert: () => this.setInverted(!this.inverted),
      outlines: () => this.showOutlines(!this.overlay.visible),
      cancel: () => this.mouse.cancel(),
      undo: () => this.mouse.undo(),
      redo: () => this.mouse.redo(),
    };
  }

  /**
   * Open a case; the one before leaves the caches.
   *
   * @param {SeriesDescription} description
   * @param {OverlayNode[]} nodes
   * @param {{slice: number}} start
   */
  async open(description, nodes, { slice }) {
    const prefetched = this.nextSeries?.caseId === description.caseId ? this.nextSeries : null;
    this.nextSeries = prefetched ? null : this.nextSeries;
    this.close();
    this.series = prefetched ?? new Series(description);
    this.slice = slice;
    this.camera.geometry = description.geometry;
    this.window = PRESETS[0];
    this.inverted = false;
    this.overlay.setNodes(nodes);
    this.slider.open(this.series.length, nodes);
    this.text.orient(description.geometry);
    if (!canCheckFrames()) {
      this.shownImage.fail(
        'This page was opened over an insecure connection, so the images cannot be checked. ' +
          'Open it with https.',
        false,
      );
      return;
    }
    const order = loadingOrder(
      this.series.length,
      slice,
      nodes.map((node) => Math.round(node.centroid_zyx[0])),
    );
    const { series } = this;
    const shown = this.#restack();
    this.queue.start(order.slice(1).map((index) => series.imageIds[index]));
    await shown;
  }

  close() {
    this.queue.stop();
    this.mouse.forgetMeasurements();
    this.overlay.setNodes([]);
    this.series?.release();
    this.series = null;
    this.prepared = false;
    this.shownImage.expected = null;
    this.shownImage.cover('');
  }

  /**
   * Fetch the next case's slices at low priority, outward from its nodes' central slices.
   * @param {SeriesDescription} description
   * @param {number[]} nodeSlices The one to be shown first comes first.
   */
  prefetch(description, nodeSlices) {
    if (!canCheckFrames()) {
      return;
    }
    if (this.nextSeries?.caseId !== description.caseId) {
      this.nextSeries?.release();
      this.nextSeries = new Series(description);
    }
    const { imageIds } = this.nextSeries;
    const order = loadingOrder(imageIds.length, nodeSlices[0] ?? 0, nodeSlices);
    this.queue.startNext(order.map((index) => imageIds[index]));
  }

  /** @returns {{caseId: string, slice: number} | null} What is provably on the screen. */
  shown() {
    const { shown } = this.shownImage;
    const slice = shown === null ? undefined : this.series?.indexes.get(shown);
    return slice === undefined ? null : { caseId: this.series.caseId, slice };
  }

  /** @param {number} slice 0 is the most caudal; outside values go to the nearest end. */
  goTo(slice) {
    if (this.series === null) {
      return;
    }
    const target = Math.min(this.series.length - 1, Math.max(0, slice));
    if (target === this.slice) {
      return;
    }
    this.slice = target;
    if (this.prepared) {
      this.camera.keep();
    }
    this.#expect();
    // A failed load is told by its event; here it only must not go unhandled.
    this.viewport.setImageIdIndex(target).then(
      () => this.#prepare(),
      () => undefined,
    );
  }

  /** @param {number} caudal Slices towards the feet. */
  step(caudal) {
    this.goTo(this.slice - caudal);
  }

  /** Ask for the slice once more. */
  async retry() {
    const { series, slice } = this;
    this.shownImage.expected = null;
    this.shownImage.cover('Loading …');
    await series.discard(series.imageIds[slice]);
    if (this.series === series && this.slice === slice) {
      await this.#restack();
    }
  }

  /** @param {OverlayNode} node */
  goToNode(node) {
    this.setCurrentNode(node.node);
    this.goTo(Math.round(node.centroid_zyx[0]));
    this.#ifShown(() => this.camera.reveal(node.centroid_zyx));
  }

  /**
   * Other nodes on the same pictures.
   *
   * @param {OverlayNode[]} outlined @param {OverlayNode[]} marked Beside the slider.
   */
  replaceNodes(outlined, marked) {
    this.overlay.setNodes(outlined);
    this.slider.open(this.series.length, marked);
    this.slider.show(this.slice, this.overlay.current);
    this.#drawOverlay();
  }

  /** @param {string | null} node */
  setCurrentNode(node) {
    this.overlay.current = node;
    this.slider.show(this.slice, node);
    this.#drawOverlay();
  }

  /** @param {{centreHu: number, widthHu: number}} window */
  setWindow({ centreHu, widthHu }) {
    this.window = { centreHu, widthHu };
    this.#applyWindow();
  }

  /** @param {boolean} inverted */
  setInverted(inverted) {
    this.inverted = inverted;
    this.#applyWindow();
  }

  resetView() {
    this.window = PRESETS[0];
    this.inverted = false;
    this.#applyWindow();
    this.#ifShown(() => this.camera.fit());
  }

  /** @param {boolean} visible */
  showOutlines(visible) {
    this.overlay.visible = visible;
    this.#press('outlines', visible);
    this.#drawOverlay();
  }

  /** @param {'window' | 'zoom' | 'pan' | 'length'} name */
  chooseTool(name) {
    this.mouse.choose(name);
    ['window', 'zoom', 'pan', 'length'].forEach((tool) => {
      this.#press(`tool-${tool}`, tool === name);
    });
  }

  /** A new stack even for the same slice: the viewport ignores a request for its own index. */
  async #restack() {
    this.prepared = false;
    this.#expect();
    await this.viewport.setStack(this.series.imageIds, this.slice).catch(() => undefined);
    this.#prepare();
  }

  #expect() {
    const label = `Slice ${this.series.length - this.slice}`;
    this.shownImage.expect(this.series.imageIds[this.slice], label);
  }

  /** A stack keeps the zoom of the one before with WebGL and not without: always start afresh. */
  #prepare() {
    if (this.prepared || this.shownImage.announced === null) {
      return;
    }
    this.prepared = true;
    this.camera.fit();
    this.#applyWindow();
  }

  #applyWindow() {
    const { centreHu, widthHu } = this.window;
    this.text.showWindow(this.window, this.inverted);
    this.#press('invert', this.inverted);
    PRESETS.forEach((preset, index) => {
      const same = preset.centreHu === centreHu && preset.widthHu === widthHu;
      this.#press(`preset-${index}`, same);
    });
    if (this.prepared) {
      const voiRange = windowRange(centreHu, widthHu);
      this.viewport.setProperties({ voiRange, invert: this.inverted });
      this.viewport.render();
    }
  }

  #press(action, pressed) {
    this.root
      .querySelectorAll(`[data-action="${action}"]`)
      .forEach((button) => button.setAttribute('aria-pressed', String(pressed)));
  }

  #ifShown(act) {
    if (this.shown() !== null) {
      act();
    }
  }

  #changed() {
    this.#drawOverlay();
    this.#publish();
    this.onChange();
  }

  #drawOverlay() {
    const shown = this.shown();
    if (shown === null) {
      this.overlay.clear();
      this.onDraw(null, null);
      return;
    }
    const toCanvas = this.camera.toCanvas();
    this.overlay.draw(shown.slice, toCanvas);
    this.onDraw(shown.slice, toCanvas);
    this.text.showScale(toCanvas.a / this.series.geometry.pixel_spacing_mm[1]);
  }

  #publish() {
    if (this.series === null) {
      this.state.dataset.viewer = 'empty';
      return;
    }
    const { caseId, loaded, geometry } = this.series;
    const covered = this.shownImage.failed ? 'failed' : 'loading';
    const word = this.shown() === null ? covered : 'ready';
    this.slider.show(this.slice, this.overlay.current);
    this.text.showSlice(this.slice, geometry, loaded);
    this.state.dataset.viewer = `${word}|case:${caseId}|slice:${this.slice}|loaded:${loaded}`;
  }
}
