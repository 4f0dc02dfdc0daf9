"""cohorts.dicom: which pixels of an axial plane are the body, without air, table and bedding."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

TISSUE_HU = -300
"""Between fat (about -100 HU) and lung or foam (below -500 HU)."""
SMALLEST_SHARE = 0.25
"""Arms and legs count as body from this share of the largest piece on; a table top is thinner."""

Plane = NDArray[np.bool_]


def body_of_plane(plane_hu: NDArray[np.int16]) -> Plane:
    """Return the body in an axial plane, with the air inside it.

    Parameters
    ----------
    plane_hu : ndarray of int16, axes (y, x)

    Returns
    -------
    ndarray of bool, same shape
        The largest pieces of tissue (4-connectivity), their holes filled; all False in a plane
        without tissue.
    """
    pieces, count = ndimage.label(plane_hu > TISSUE_HU)
    if count == 0:
        return np.zeros(plane_hu.shape, dtype=np.bool_)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return filled(np.asarray(sizes >= SMALLEST_SHARE * sizes.max())[pieces])


def filled(plane: Plane) -> Plane:
    """Return a plane with its holes filled: what the outside cannot reach through faces."""
    around = np.pad(~plane, 1, constant_values=True)
    outside, _ = ndimage.label(around)
    inside: Plane = outside[1:-1, 1:-1] != outside[0, 0]
    return inside


def solid_body_of_plane(plane_hu: NDArray[np.int16], pixel_mm: float, thin_mm: float) -> Plane:
    """Return the largest piece of the body in an axial plane, without thin things that touch it.

    Parameters
    ----------
    plane_hu : ndarray of int16, axes (y, x)
    pixel_mm : float
        Size of a pixel.
    thin_mm : float
        What is thinner (table tops, fixation masks, tubes, ears) is no part of it.

    Returns
    -------
    ndarray of bool, same shape
        With holes filled; all False in a plane without tissue.
    """
    times = max(1, round(thin_mm / 2 / pixel_mm))
    solid = ndimage.binary_opening(plane_hu > TISSUE_HU, iterations=times)
    pieces, count = ndimage.label(solid)
    if count == 0:
        return np.zeros(plane_hu.shape, dtype=np.bool_)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return filled(pieces == sizes.argmax())
