"""From a network's input voxels back to the CT's voxels (inference.explanation, pure)."""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Index = tuple[int, int, int]
Floats = npt.NDArray[np.float64]


def splat(
    coordinates_zyx: Floats, amounts: Floats, shape_zyx: Sequence[int]
) -> tuple[Index, Floats]:
    """Share out amounts at fractional places among the voxels around them.

    A place between voxel centres gives to its eight neighbours, by the weights of linear
    interpolation: none is negative, and they sum to one, so that the total is kept. A place outside
    the volume gives to the nearest voxels inside.

    Parameters
    ----------
    coordinates_zyx : ndarray, shape (K, 3)
        Places (z, y, x) in voxels; whole numbers are voxel centres.
    amounts : ndarray, shape (F, K)
        F amounts at each place.
    shape_zyx : sequence of int
        Shape of the volume.

    Returns
    -------
    start_zyx : tuple of int
        First voxel of the smallest box that holds all receiving voxels.
    shares : ndarray of float64, shape (F, z, y, x)

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a place is not finite, or there is none.
    """
    places, given = np.asarray(coordinates_zyx, float), np.asarray(amounts, float)
    if places.ndim != 2 or places.shape[1] != 3 or given.shape[1:] != places.shape[:1]:
        raise ValueError(
            "coordinates_zyx and amounts must have shapes (K, 3) and (F, K), not "
            f"{places.shape} and {given.shape}."
        )
    if not len(places) or not np.isfinite(places).all():
        raise ValueError("coordinates_zyx must be finite places, at least one.")
    last = np.asarray(shape_zyx) - 1
    inside = np.clip(places, 0, last)
    lower = np.floor(inside).astype(np.int64)
    beyond = inside - lower
    upper = lower + (beyond > 0)
    start, stop = lower.min(axis=0), upper.max(axis=0) + 1
    size = tuple((stop - start).tolist())
    shares: Floats = np.zeros((len(given), int(np.prod(size))))
    for corner in itertools.product((False, True), repeat=3):
        at = np.where(corner, upper, lower) - start
        weight = np.where(corner, beyond, 1 - beyond).prod(axis=1)
        flat = np.ravel_multi_index((at[:, 0], at[:, 1], at[:, 2]), size)
        shares += [
            np.bincount(flat, amount * weight, minlength=shares.shape[1]) for amount in given
        ]
    z, y, x = start.tolist()
    return (z, y, x), shares.reshape(len(given), *size)


def framed(
    start_zyx: Index, values: npt.NDArray[np.float64], box: tuple[Index, Index]
) -> tuple[Index, Floats]:
    """Put a box of values into the smallest box that also holds another one, with zeros between.

    Parameters
    ----------
    start_zyx : tuple of int
        Where the values begin.
    values : ndarray, shape (F, z, y, x)
    box : pair of tuples
        Start and stop of the other box.

    Returns
    -------
    start_zyx : tuple of int
    values : ndarray, shape (F, z, y, x)
    """
    stop_zyx = [first + size for first, size in zip(start_zyx, values.shape[1:], strict=True)]
    z, y, x = (min(a, b) for a, b in zip(start_zyx, box[0], strict=True))
    stop = [max(a, b) for a, b in zip(stop_zyx, box[1], strict=True)]
    size = [last - first for first, last in zip((z, y, x), stop, strict=True)]
    whole: Floats = np.zeros((len(values), *size))
    at = tuple(
        slice(first - outer, first - outer + length)
        for first, outer, length in zip(start_zyx, (z, y, x), values.shape[1:], strict=True)
    )
    whole[(slice(None), *at)] = values
    return (z, y, x), whole
