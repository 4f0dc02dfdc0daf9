/**
 * The page of one map: the CT with the node's outline, and the attribution over it.
 */
import { listKeys } from '../reading/reading-keys.js';
import { getJson } from '../viewer/http.js';
import { bindThemeButton } from '../viewer/theme-button.js';
import { VIEWER_BINDINGS, bindKeys } from '../viewer/tool-bindings.js';
import { Viewer } from '../viewer/viewer.js';
import { AttributionMap, colourOf } from './attribution-map.js';
import { AttributionOverlay } from './attribution-overlay.js';

const BINDINGS = [
  { action: 'map', keys: ['a'], shown: 'A', label: 'Attribution on or off' },
  { action: 'fainter', keys: ['ArrowLeft'], shown: '←', label: 'Attribution fainter' },
  { action: 'stronger', keys: ['ArrowRight'], shown: '→', label: 'Attribution stronger' },
  { action: 'strongest', keys: ['m'], shown: 'M', label: 'Slice with the most attribution' },
  { action: 'node', keys: ['n'], shown: 'N', label: 'Back to the node' },
  { action: 'help', keys: ['?'], shown: '?', label: 'This list' },
];

/** The node and its surroundings take this part of the view at first. */
const PART_OF_VIEW = 0.5;

/** @param {number} logits @returns {string} */
function signed(logits) {
  return `${logits < 0 ? '−' : '+'}${Math.abs(logits).toPrecision(2)}`;
}

class AttributionPage {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.node = null;
    /** What to come near to as soon as a picture is there. */
    this.near = null;
    this.viewer = new Viewer(this.#part('viewer'), {
      state: root,
      onChange: () => this.#show(),
    });
    this.overlay = new AttributionOverlay(this.#part('overlay'));
    this.viewer.overlay = this.overlay;
    this.#listen();
  }

  /** @param {string} part @returns {any} */
  #part(part) {
    return this.root.querySelector(`[data-part="${part}"]`);
  }

  #listen() {
    const opacity = this.#part('opacity');
    const acts = {
      map: () => this.#switch(!this.overlay.shown),
      fainter: () => this.#fade(Number(opacity.value) - Number(opacity.step)),
      stronger: () => this.#fade(Number(opacity.value) + Number(opacity.step)),
      strongest: () => this.overlay.map && this.viewer.goTo(this.overlay.map.strongestSlice()),
      node: () => this.node && this.viewer.goToNode(this.node),
      help: () => this.#part('help').showModal(),
    };
    bindKeys([...BINDINGS, ...VIEWER_BINDINGS], { ...this.viewer.actions(), ...acts });
    listKeys(this.#part('keys'), [], BINDINGS);
    bindThemeButton(this.#part('theme'));
    this.#part('open-help').addEventListener('click', acts.help);
    this.#part('strongest').addEventListener('click', acts.strongest);
    this.#part('to-node').addEventListener('click', acts.node);
    this.#part('problem-retry').addEventListener('click', () => this.open());
    this.#part('overlay-on').addEventListener('change', (event) =>
      this.#switch(event.target.checked),
    );
    opacity.addEventListener('input', () => this.#fade(Number(opacity.value)));
  }

  async open() {
    this.#part('problem').hidden = true;
    this.root.dataset.map = 'loading';
    this.near = null;
    try {
      const told = await getJson(this.root.dataset.attributionUrl);
      this.overlay.map = await AttributionMap.fetch(told);
      this.#showScale();
      [this.node] = told.nodes;
      this.viewer.setCurrentNode(this.node.node);
      const { id: caseId, frames_url: framesUrl, geometry, frames } = told;
      const slice = Math.round(this.node.centroid_zyx[0]);
      await this.viewer.open({ caseId, framesUrl, geometry, frames }, told.nodes, { slice });
      this.near = { box: told.box, geometry };
      this.root.dataset.map = 'ready';
      this.#show();
    } catch (error) {
      this.root.dataset.map = 'failed';
      this.#part('problem-text').textContent = error.message;
      this.#part('problem').hidden = false;
    }
  }

  /** The whole slice is shown at first: a node would be a dot in it. */
  #comeNear({ box, geometry }) {
    const [, rows, columns] = box.shape_zyx;
    const whole = Math.max(geometry.rows / rows, geometry.columns / columns);
    this.viewer.camera.zoomBy(Math.max(1, whole * PART_OF_VIEW));
    this.viewer.camera.centreOn(this.node.centroid_zyx);
  }

  /** @param {boolean} shown */
  #switch(shown) {
    this.overlay.shown = shown;
    this.#part('overlay-on').checked = shown;
    this.#redraw();
  }

  /** @param {number} percent */
  #fade(percent) {
    const slider = this.#part('opacity');
    slider.value = String(percent); // the slider keeps it within its limits
    this.#part('opacity-text').textContent = `${slider.value} %`;
    this.overlay.opacity = Number(slider.value) / 100;
    this.#showScale();
    this.#redraw();
  }

  #redraw() {
    this.viewer.showOutlines(this.overlay.visible);
  }

  #showScale() {
    const { map, opacity } = this.overlay;
    if (map === null) {
      return;
    }
    const bar = this.#part('bar');
    const context = bar.getContext('2d');
    context.clearRect(0, 0, bar.width, bar.height);
    for (let x = 0; x < bar.width; x += 1) {
      const value = ((2 * x) / (bar.width - 1) - 1) * map.limit;
      const [red, green, blue, alpha] = colourOf(value, map.limit);
      context.fillStyle = `rgb(${red} ${green} ${blue} / ${(alpha / 255) * opacity})`;
      context.fillRect(x, 0, 1, bar.height);
    }
    this.#part('bar-low').textContent = signed(-map.limit);
    this.#part('bar-high').textContent = signed(map.limit);
  }

  #show() {
    const shown = this.viewer.shown();
    const { map } = this.overlay;
    if (shown === null || map === null) {
      return;
    }
    if (this.near !== null) {
      const { near } = this;
      this.near = null; // moving the view tells of a change again
      this.#comeNear(near);
    }
    const { raises, lowers } = map.sumsOf(shown.slice);
    const inMap = map.unitsOf(shown.slice).length > 0;
    this.#part('slice-sum').textContent = inMap
      ? `This slice: ${signed(raises)} and ${signed(lowers)} logits.`
      : 'This slice is outside the map.';
  }
}

const root = document.querySelector('[data-attribution-url]');
if (root instanceof HTMLElement) {
  new AttributionPage(root).open();
}
