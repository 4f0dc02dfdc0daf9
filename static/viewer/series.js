/**
 * One case's CT series: image ids, the metadata Cornerstone asks for, and its place in the caches.
 */
import { cache, metaData } from './cornerstone.js';
import { abandonFrame, expectFrame, forgetFrame } from './frame-check.js';
import { PRESETS } from './presets.js';

/**
 * @typedef {object} Geometry
 * @property {number} rows
 * @property {number} columns
 * @property {number} slices
 * @property {[number, number]} pixel_spacing_mm Between rows, between columns.
 * @property {number} slice_spacing_mm
 * @property {[number, number, number]} row_direction
 * @property {[number, number, number]} column_direction
 * @property {number} rescale_intercept HU = value + intercept.
 * @property {number} bits_stored
 */

/**
 * @typedef {object} SeriesDescription
 * @property {string} caseId
 * @property {string} framesUrl Ends with a slash; a frame is at `<framesUrl><index>/`.
 * @property {Geometry} geometry
 * @property {{index: number, sha256: string, bytes: number}[]} frames
 */

/** Ahead of the loader's own provider, which knows nothing about our images. */
const PROVIDER_PRIORITY = 10000;

/** @type {Map<string, Record<string, object>>} */
const modulesByImageId = new Map();

metaData.addProvider(
  (type, imageId) => modulesByImageId.get(imageId)?.[type],
  PROVIDER_PRIORITY,
);

/** @param {number[]} a @param {number[]} b @returns {[number, number, number]} */
function cross(a, b) {
  return [
    a[1] * b[2] - a[2] * b[1],
    a[2] * b[0] - a[0] * b[2],
    a[0] * b[1] - a[1] * b[0],
  ];
}

/** @param {Geometry} geometry @param {number} index @param {string} caseId */
function modulesOf(geometry, index, caseId) {
  const { rows, columns, pixel_spacing_mm: spacing, row_direction: row } = geometry;
  const column = geometry.column_direction;
  const normal = cross(row, column);
  const position = normal.map((component) => component * index * geometry.slice_spacing_mm);
  return {
    generalSeriesModule: { modality: 'CT', seriesInstanceUID: caseId },
    imagePlaneModule: {
      frameOfReferenceUID: caseId,
      rows,
      columns,
      imageOrientationPatient: [...row, ...column],
      rowCosines: row,
      columnCosines: column,
      imagePositionPatient: position,
      sliceThickness: geometry.slice_spacing_mm,
      sliceLocation: index * geometry.slice_spacing_mm,
      pixelSpacing: spacing,
      rowPixelSpacing: spacing[0],
      columnPixelSpacing: spacing[1],
    },
    imagePixelModule: {
      samplesPerPixel: 1,
      photometricInterpretation: 'MONOCHROME2',
      rows,
      columns,
      bitsAllocated: 16,
      bitsStored: geometry.bits_stored,
      highBit: geometry.bits_stored - 1,
      pixelRepresentation: 0,
    },
    voiLutModule: {
      windowCenter: [PRESETS[0].centreHu],
      windowWidth: [PRESETS[0].widthHu],
      voiLUTFunction: 'LINEAR',
    },
    modalityLutModule: {
      rescaleIntercept: geometry.rescale_intercept,
      rescaleSlope: 1,
      rescaleType: 'HU',
    },
    calibrationModule: {},
  };
}

export class Series {
  /** @param {SeriesDescription} description */
  constructor({ caseId, framesUrl, geometry, frames }) {
    this.caseId = caseId;
    this.geometry = geometry;
    // The index in an image id is the slice's z: 0 is the most caudal.
    this.imageIds = frames.map(({ index }) => `wadors:${framesUrl}${index}/`);
    this.indexes = new Map(this.imageIds.map((imageId, index) => [imageId, index]));
    /** @type {Map<string, Record<string, object>>} */
    this.modules = new Map();
    frames.forEach(({ index, sha256, bytes }) => {
      const modules = modulesOf(geometry, index, caseId);
      expectFrame(this.imageIds[index], { sha256, bytes });
      modulesByImageId.set(this.imageIds[index], modules);
      this.modules.set(this.imageIds[index], modules);
    });
  }

  /** @returns {number} */
  get length() {
    return this.imageIds.length;
  }

  /** @param {string} imageId @returns {boolean} */
  has(imageId) {
    return this.indexes.has(imageId);
  }

  /** @returns {number} How many slices are decoded and ready. */
  get loaded() {
    return this.imageIds.filter((imageId) => this.isLoaded(imageId)).length;
  }

  /** @param {string} imageId @returns {boolean} */
  isLoaded(imageId) {
    return Boolean(cache.getImage(imageId));
  }

  /**
   * Make the next request of a slice a fresh one. Awaited, because the end of the old request
   * would otherwise be taken for the end of the new one.
   *
   * @param {string} imageId
   */
  async discard(imageId) {
    const pending = cache.getImageLoadObject(imageId);
    abandonFrame(imageId);
    if (pending) {
      cache.removeImageLoadObject(imageId, { force: true });
      await pending.promise.catch(() => undefined);
      // The viewport tells of the failure in its own turn, after this one.
      await new Promise((resolve) => setTimeout(resolve));
      abandonFrame(imageId);
    }
  }

  /** Take the whole case out of the caches: memory stays flat over a session. */
  release() {
    this.imageIds.forEach((imageId) => this.#release(imageId));
  }

  /**
   * Requests under way are not aborted: the loader would leave their rejections unhandled. They
   * end by themselves, or run out of time, and what they bring is thrown away.
   *
   * @param {string} imageId
   */
  async #release(imageId) {
    await cache.getImageLoadObject(imageId)?.promise.catch(() => undefined);
    if (modulesByImageId.get(imageId) !== this.modules.get(imageId)) {
      return; // Opened once more in the meantime.
    }
    if (cache.getImageLoadObject(imageId)) {
      cache.removeImageLoadObject(imageId, { force: true });
    }
    forgetFrame(imageId);
    modulesByImageId.delete(imageId);
  }
}

/** @param {number[]} direction In patient coordinates (LPS). @returns {string} For example "L". */
export function directionLetter(direction) {
  const axis = [0, 1, 2].reduce((best, candidate) =>
    Math.abs(direction[candidate]) > Math.abs(direction[best]) ? candidate : best,
  );
  return [['L', 'R'], ['P', 'A'], ['H', 'F']][axis][direction[axis] > 0 ? 0 : 1];
}
