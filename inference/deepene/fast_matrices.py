"""Interpolation along one axis as matrices (inference.deepene, pure).

Splines and linear interpolation on a grid are separable and linear, so sampling a slice is a
product with one matrix per axis. Each matrix is what `resampling` and `dual_crop` have scipy
compute, applied to unit vectors; the prefilter of a spline is part of it.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.ndimage import spline_filter1d

Matrix = npt.NDArray[np.float64]

_EDGE = 12
"""Samples by which scipy extends an axis with its edge value before it filters."""


@lru_cache(maxsize=128)
def zoom_cubic(before: int, after: int) -> Matrix:
    """Return the cubic spline that zooms an axis with extended edges, shape (after, before).

    Parameters
    ----------
    before, after : int
        Number of samples.

    Returns
    -------
    ndarray of float64
        Output i samples input coordinate (i + 0.5) before / after - 0.5.
    """
    at = _zoom_coordinates(before, after) + _EDGE
    return _read_only(_cubic(at, _extended_filter(before)))


@lru_cache(maxsize=128)
def zoom_linear(before: int, after: int) -> Matrix:
    """Return the linear interpolation that zooms an axis; as `zoom_cubic`."""
    at = _zoom_coordinates(before, after)
    return _read_only(_linear(np.clip(at, 0, before - 1), before))


@lru_cache(maxsize=128)
def crop_cubic(size: int, samples: int, ratio: float) -> Matrix:
    """Return the cubic spline that samples about an axis' centre, shape (samples, size).

    Parameters
    ----------
    size : int
        Number of samples of the axis.
    samples : int
        Number of samples of the crop.
    ratio : float
        Distance between two of them.

    Returns
    -------
    ndarray of float64
        Rows of samples outside the axis are zero.
    """
    at, inside = _crop_coordinates(size, samples, ratio)
    return _read_only(_cubic(at, _mirrored_filter(size)) * inside[:, None])


@lru_cache(maxsize=128)
def crop_linear(size: int, samples: int, ratio: float) -> Matrix:
    """Return the linear interpolation that samples about an axis' centre; as `crop_cubic`."""
    at, inside = _crop_coordinates(size, samples, ratio)
    return _read_only(_linear(np.clip(at, 0, size - 1), size) * inside[:, None])


def _zoom_coordinates(before: int, after: int) -> Matrix:
    return (np.arange(after, dtype=np.float64) + 0.5) * (before / after) - 0.5


def _crop_coordinates(
    size: int, samples: int, ratio: float
) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    offset = np.arange(samples, dtype=np.float64) - (samples - 1) / 2
    at = offset * ratio + (size / 2 - 0.5)
    return at, (at >= 0) & (at <= size - 1)


@lru_cache(maxsize=128)
def _extended_filter(size: int) -> Matrix:
    """Spline coefficients of every unit vector, on the extended axis."""
    padded = np.pad(np.eye(size), ((_EDGE, _EDGE), (0, 0)), mode="edge")
    return _read_only(spline_filter1d(padded, order=3, axis=0, mode="nearest"))


@lru_cache(maxsize=128)
def _mirrored_filter(size: int) -> Matrix:
    return _read_only(spline_filter1d(np.eye(size), order=3, axis=0, mode="mirror"))


def _cubic(at: Matrix, coefficients: Matrix) -> Matrix:
    """Sample a spline, which goes on mirrored beyond its ends, at coordinates."""
    size = len(coefficients)
    first = np.floor(at).astype(np.intp)
    t = (at - first)[:, None]
    weights = (
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    )
    result = np.zeros((len(at), coefficients.shape[1]))
    for offset, weight in enumerate(weights, start=-1):
        result += weight * coefficients[_mirrored(first + offset, size)]
    return result


def _linear(at: Matrix, size: int) -> Matrix:
    """Interpolate between the two samples next to each coordinate, all of them inside."""
    first = np.floor(at).astype(np.intp)
    second = np.minimum(first + 1, size - 1)
    rows = np.arange(len(at))
    result = np.zeros((len(at), size))
    result[rows, first] += 1 - (at - first)
    result[rows, second] += at - first
    return result


def _mirrored(indices: npt.NDArray[np.intp], size: int) -> npt.NDArray[np.intp]:
    if size == 1:
        return np.zeros_like(indices)
    period = 2 * (size - 1)
    folded = np.abs(indices) % period
    return np.asarray(np.minimum(folded, period - folded), dtype=np.intp)


def _read_only(matrix: Matrix) -> Matrix:
    """Guard what the cache hands out again."""
    matrix.setflags(write=False)
    return matrix
