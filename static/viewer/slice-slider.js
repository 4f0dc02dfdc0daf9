/**
 * The slice slider beside the picture, with marks where the nodes lie. Up is cranial.
 */

export class SliceSlider {
  /**
   * @param {HTMLInputElement} input Counts from the most cranial slice.
   * @param {HTMLElement} marks
   * @param {(slice: number) => void} onSlice
   */
  constructor(input, marks, onSlice) {
    this.input = input;
    this.marks = marks;
    this.length = 0;
    input.addEventListener('input', () => onSlice(this.length - 1 - Number(input.value)));
    // The page's own keys move the slices; the slider's would move them the other way round.
    input.addEventListener('keydown', (event) => {
      if (!['Tab', 'Escape'].includes(event.key)) {
        event.preventDefault();
      }
    });
  }

  /** @param {number} length @param {import('./node-overlay.js').OverlayNode[]} nodes */
  open(length, nodes) {
    this.length = length;
    this.input.max = String(length - 1);
    this.input.disabled = length < 2;
    this.nodes = nodes;
    this.marks.replaceChildren(...nodes.map((node) => this.#markOf(node)));
  }

  /** @param {number} slice @param {string | null} current */
  show(slice, current) {
    this.input.value = String(this.length - 1 - slice);
    this.input.setAttribute('aria-valuetext', `Slice ${this.length - slice} of ${this.length}`);
    [...this.marks.children].forEach((mark) => {
      mark.classList.toggle('is-current', mark.dataset.node === current);
    });
  }

  #markOf(node) {
    const mark = document.createElement('span');
    const [low, high] = node.slices;
    mark.className = 'nw-slider-mark';
    mark.dataset.node = node.node;
    mark.style.top = `${(100 * (this.length - 1 - high)) / this.length}%`;
    mark.style.height = `${(100 * (high - low + 1)) / this.length}%`;
    return mark;
  }
}
