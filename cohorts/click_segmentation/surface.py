"""cohorts.click_segmentation: a star-shaped surface around a point, from values and edges.

The gain of a sample inside is its log odds of being node; the surface itself gains by the gradient
it lies on. Both grow with the distance from the centre, as area does.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from cohorts.click_segmentation.closure import DIRECTIONS, RAY_TREE, best_closure
from cohorts.click_segmentation.grid import offsets_mm
from cohorts.click_segmentation.intensity import MOST_AGAINST, LogOdds

FloatArray = NDArray[np.float64]
Voxels = NDArray[np.int64]

STEP_MM = 0.5
EDGE_HU, EDGE_GAIN = 40.0, 2.0
"""A change of this much over 1 mm is a whole edge, and gains this many samples of node."""
AREA_AT_MM = 5.0
FORCED = 50.0
SMALLEST_STEPS = 2
"""The surface does not come nearer to its centre than 1 mm."""
_NEAREST_RAYS = 3


@dataclass(frozen=True, kw_only=True)
class Field:
    """What a surface is fitted to; arrays (z, y, x) of one crop, voxel indices of that crop.

    Attributes
    ----------
    smooth_hu : ndarray of float32
    blocked : ndarray of bool
        Voxels of other nodes: they, and what lies behind them, count against.
    spacing_mm : ndarray, shape (3,)
    reach_mm : float
        Length of a ray.
    added, removed : ndarray of int, shape (n, 3)
        Voxels of strokes.
    """

    smooth_hu: NDArray[np.float32]
    blocked: NDArray[np.bool_]
    spacing_mm: FloatArray
    reach_mm: float
    added: Voxels = field(default_factory=lambda: np.empty((0, 3), dtype=np.int64))
    removed: Voxels = field(default_factory=lambda: np.empty((0, 3), dtype=np.int64))


@dataclass(frozen=True, kw_only=True)
class Surface:
    """A fitted surface.

    Attributes
    ----------
    centre : ndarray, shape (3,), voxels of the crop
    radii_mm : ndarray, shape (RAYS,)
    profiles_hu : ndarray, shape (RAYS, samples)
        Values along the rays, the first at `STEP_MM`.
    """

    centre: FloatArray
    radii_mm: FloatArray
    profiles_hu: FloatArray

    def mean_hu(self, first_mm: float, last_mm: float) -> FloatArray:
        """Return the mean along each ray between two distances from the surface, shape (RAYS,)."""
        here = np.rint(self.radii_mm / STEP_MM).astype(np.intp) - 1
        steps = np.arange(round(first_mm / STEP_MM), round(last_mm / STEP_MM) + 1)
        index = np.clip(here[:, None] + steps, 0, self.profiles_hu.shape[1] - 1)
        mean: FloatArray = np.take_along_axis(self.profiles_hu, index, axis=1).mean(axis=1)
        return mean


def fit_surface(
    field: Field, centre: FloatArray, odds: LogOdds, inside_mm: FloatArray | None = None
) -> Surface:
    """Fit the best surface around a point.

    Parameters
    ----------
    field : Field
    centre : ndarray, shape (3,), voxels of the crop
    odds : LogOdds
    inside_mm : ndarray, shape (RAYS,), optional
        Up to here everything lies inside, whatever its value: the core of a node.
    """
    distance = STEP_MM * np.arange(1, int(field.reach_mm / STEP_MM) + 1)
    points = DIRECTIONS.T[:, :, None] * distance / field.spacing_mm[:, None, None]
    points = points + centre[:, None, None]
    values = map_coordinates(field.smooth_hu, points, order=1, mode="nearest").astype(np.float64)
    gain, edge = odds(values), _edges(values)
    if inside_mm is not None:
        core = distance <= inside_mm[:, None]
        gain, edge = np.where(core, 1.0, gain), np.where(core, 0.0, edge)
    gain = gain + np.diff(edge, axis=1, prepend=0.0)
    shut = map_coordinates(field.blocked.view(np.uint8), points, order=0, cval=0) > 0
    # Against, but not forbidden: a node that touches another is not to be dented all around it.
    gain = np.where(np.logical_or.accumulate(shut, axis=1), MOST_AGAINST, gain)
    weights = _with_strokes(gain * distance / AREA_AT_MM, field, centre)
    weights[:, :SMALLEST_STEPS] = FORCED
    radii = best_closure(weights).astype(np.float64) * STEP_MM
    return Surface(centre=centre, radii_mm=radii, profiles_hu=values)


def _edges(values_hu: FloatArray) -> FloatArray:
    """Return the gain of a surface behind each sample, from the change across 1.5 mm."""
    change = np.zeros_like(values_hu)
    change[:, 1:-2] = np.abs(values_hu[:, 3:] - values_hu[:, 1:-2])
    change[:, 0] = np.abs(values_hu[:, 2] - values_hu[:, 0])
    return EDGE_GAIN * np.minimum(change / EDGE_HU, 1.0)


def _with_strokes(weights: FloatArray, field: Field, centre: FloatArray) -> FloatArray:
    """Force the rays nearest to each voxel of a stroke beyond it, or to end before it."""
    for voxels, is_added in ((field.added, True), (field.removed, False)):
        offsets = (voxels - centre) * field.spacing_mm
        lengths = np.linalg.norm(offsets, axis=1)
        rays = RAY_TREE.query(offsets / np.maximum(lengths, 1e-9)[:, None], k=_NEAREST_RAYS)[1]
        for nearest, length in zip(rays, lengths, strict=True):
            step = int(length / STEP_MM)
            part = slice(0, step + 1) if is_added else slice(max(step - 1, 0), None)
            weights[nearest, part] = FORCED if is_added else -FORCED
    return weights


def voxels_inside(field: Field, surface: Surface) -> NDArray[np.bool_]:
    """Return the voxels of the crop whose centres lie inside the surface (z, y, x)."""
    half = np.ceil((surface.radii_mm.max() + STEP_MM) / field.spacing_mm).astype(np.int64)
    middle = np.round(surface.centre).astype(np.int64)
    low = np.maximum(middle - half, 0)
    high = np.minimum(middle + half + 1, field.smooth_hu.shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    offsets = offsets_mm(low, high, surface.centre, field.spacing_mm)
    length = np.linalg.norm(offsets, axis=-1)
    apart, rays = RAY_TREE.query(offsets / np.maximum(length, 1e-9)[..., None], k=_NEAREST_RAYS)
    share = 1 / (apart**2 + 1e-4)
    radius = (surface.radii_mm[rays] * share).sum(axis=-1) / share.sum(axis=-1)
    inside = np.zeros(field.smooth_hu.shape, dtype=np.bool_)
    inside[box] = length <= radius + STEP_MM / 2
    return inside
