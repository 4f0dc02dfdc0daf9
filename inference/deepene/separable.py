"""Interpolation along one axis as matrices (inference.deepene, pure).

Splines and linear interpolation on a grid parallel to the axes are separable and linear, so
sampling is a product with one matrix per axis. Each matrix is what scipy (`zoom`, and
`map_coordinates` with mode "constant" and cval 0) computes, applied to unit vectors; the prefilter
of a spline is part of it.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.ndimage import spline_filter1d

FloatArray = npt.NDArray[np.floating]
Matrix = npt.NDArray[np.float64]

_EDGE = 12
"""Samples by which scipy extends an axis with its edge value before it filters."""


def positions(size: int, count: int, step: float) -> npt.NDArray[np.float64]:
    """Return sample positions about the centre of an axis.

    Parameters
    ----------
    size : int
        Voxels of the axis.
    count : int
        Samples.
    step : float
        Distance of two samples in voxels.

    Returns
    -------
    ndarray of float64, shape (count,)
        In voxels; some may lie outside.
    """
    return np.asarray((np.arange(count) - (count - 1) / 2) * step + (size / 2 - 0.5))


def cubic_matrix(size: int, at: npt.NDArray[np.float64]) -> Matrix:
    """Return the matrix of cubic spline interpolation along one axis.

    Parameters
    ----------
    size : int
        Voxels of the axis.
    at : ndarray of float64, shape (count,)
        Where to sample, in voxels.

    Returns
    -------
    ndarray of float64, shape (count, size)
        Rows of samples outside the axis are zero.
    """
    return _cubic(at, _mirrored_filter(size)) * _inside(size, at)


def linear_matrix(size: int, at: npt.NDArray[np.float64]) -> Matrix:
    """Return the matrix of linear interpolation along one axis; as `cubic_matrix`."""
    return _linear(np.clip(at, 0, size - 1), size) * _inside(size, at)


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
    return _read_only(cubic_matrix(size, positions(size, samples, ratio)))


@lru_cache(maxsize=128)
def crop_linear(size: int, samples: int, ratio: float) -> Matrix:
    """Return the linear interpolation that samples about an axis' centre; as `crop_cubic`."""
    return _read_only(linear_matrix(size, positions(size, samples, ratio)))


def sampled(volume_zyx: FloatArray, matrices: tuple[Matrix, Matrix, Matrix]) -> FloatArray:
    """Apply one matrix per axis.

    Parameters
    ----------
    volume_zyx : ndarray, shape (z, y, x)
        In the precision to compute in.
    matrices : tuple of ndarray
        Of z, y, x, each (count, size of the axis).

    Returns
    -------
    ndarray, shape (count z, count y, count x)
    """
    by_z, by_y, by_x = (matrix.astype(volume_zyx.dtype) for matrix in matrices)
    depth, rows, columns = volume_zyx.shape
    planes = (by_z @ volume_zyx.reshape(depth, rows * columns)).reshape(-1, rows, columns)
    result: FloatArray = by_y @ (planes @ by_x.T)
    return result


def _inside(size: int, at: Matrix) -> npt.NDArray[np.bool_]:
    return ((at >= 0) & (at <= size - 1))[:, None]


def _zoom_coordinates(before: int, after: int) -> Matrix:
    return (np.arange(after, dtype=np.float64) + 0.5) * (before / after) - 0.5


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
