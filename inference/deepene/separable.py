"""Sampling a volume on a grid that is parallel to its axes (inference.deepene, pure).

Spline interpolation on such a grid is one matrix per axis. The results are those of
`scipy.ndimage.map_coordinates` with mode "constant" and cval 0, up to rounding, and many times
faster.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.ndimage import spline_filter1d

FloatArray = npt.NDArray[np.floating]
Matrix = npt.NDArray[np.float64]


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
    first = np.floor(at).astype(int) - 1
    offset = at - first - 1
    weights = np.zeros((len(at), size))
    rows = np.arange(len(at))
    for tap, weight in enumerate(_cubic_weights(offset)):
        np.add.at(weights, (rows, _mirrored(first + tap, size)), weight)
    weights[(at < 0) | (at > size - 1)] = 0
    return weights @ _prefilter(size)


def linear_matrix(size: int, at: npt.NDArray[np.float64]) -> Matrix:
    """Return the matrix of linear interpolation along one axis; as `cubic_matrix`."""
    first = np.floor(at).astype(int)
    offset = at - first
    weights = np.zeros((len(at), size))
    rows = np.arange(len(at))
    for tap, weight in enumerate((1 - offset, offset)):
        np.add.at(weights, (rows, np.clip(first + tap, 0, size - 1)), weight)
    weights[(at < 0) | (at > size - 1)] = 0
    return weights


def _cubic_weights(offset: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
    """Return the four values of the cubic B-spline around a sample."""
    rest = 1 - offset
    return (
        rest**3 / 6,
        2 / 3 - offset**2 * (2 - offset) / 2,
        2 / 3 - rest**2 * (2 - rest) / 2,
        offset**3 / 6,
    )


def _mirrored(index: npt.NDArray[np.int_], size: int) -> npt.NDArray[np.int_]:
    if size == 1:
        return np.zeros_like(index)
    period = 2 * (size - 1)
    folded = np.mod(index, period)
    return np.where(folded > size - 1, period - folded, folded)


@lru_cache(maxsize=512)
def _prefilter(size: int) -> Matrix:
    """Return the matrix from samples to spline coefficients along one axis."""
    identity = np.eye(size)
    if size == 1:
        return identity
    return np.asarray(spline_filter1d(identity, order=3, axis=0, mode="mirror"))


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
