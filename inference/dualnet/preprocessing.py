"""From a crop about a node to DualNet's two inputs (inference.dualnet, pure).

Normalise by the crop's own range, mask, and scale the node to a small cube; step by step as the
published code does it, with the open points settled by convention D (`parameters.CONVENTIONS`).
"""

import numpy as np
import numpy.typing as npt

from inference.dualnet.crop import mask_box
from inference.dualnet.parameters import SMALL_SHAPE, DualNetParameters


def network_inputs(
    ct_hu: npt.NDArray[np.generic], mask: npt.NDArray[np.bool_], parameters: DualNetParameters
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Normalise a crop and make the two inputs of it.

    Parameters
    ----------
    ct_hu : ndarray, shape (32, 118, 118)
        CT of the crop in HU.
    mask : ndarray of bool, shape (32, 118, 118)
        The node's dilated mask.
    parameters : DualNetParameters
        Window and background.

    Returns
    -------
    box : ndarray of float32, shape (1, 32, 118, 118)
        Size-preserving input: channel, z, y, x.
    small : ndarray of float32, shape (1, 32, 32, 32)
        Size-invariant input.

    Raises
    ------
    ValueError
        If the crop has a single intensity, or the mask nothing but the lowest one (D2).
    """
    values = normalised(ct_hu, parameters)
    product = values * mask
    at = visible_box(product)
    small = _scaled_ct(values[at]) * _scaled_mask(mask[at])
    return _as_input(product, parameters), _as_input(small, parameters)


def normalised(
    ct_hu: npt.NDArray[np.generic], parameters: DualNetParameters
) -> npt.NDArray[np.float64]:
    """Clip a crop to the window, and stretch what is left of its range to 0 to 1.

    Parameters
    ----------
    ct_hu : ndarray, shape (32, 118, 118)
        CT of the crop in HU, padding included.
    parameters : DualNetParameters
        Of them, the window, from which every node starts (D1).

    Returns
    -------
    ndarray of float64, shape (32, 118, 118)

    Raises
    ------
    ValueError
        If there is a single intensity (D2).
    """
    clipped = np.clip(ct_hu.astype(np.float64), *parameters.window_hu)
    lowest, highest = float(clipped.min()), float(clipped.max())
    if lowest == highest:
        raise ValueError(
            f"the CT about the node is {lowest:g} HU everywhere within the window, so it cannot be "
            "normalised (rule D2). Check the series."
        )
    return np.asarray((clipped - lowest) / (highest - lowest))


def visible_box(product: npt.NDArray[np.float64]) -> tuple[slice, slice, slice]:
    """Return the part of the crop that the small input shows.

    Parameters
    ----------
    product : ndarray, shape (32, 118, 118)
        Normalised CT within the dilated mask, 0 elsewhere.

    Returns
    -------
    tuple of slice
        Bounding box of what is not 0: mask voxels of the lowest intensity, such as air, do not
        count.

    Raises
    ------
    ValueError
        If there is no such voxel (D2).
    """
    visible = product != 0
    if not visible.any():
        raise ValueError(
            "every voxel of the mask has the lowest intensity about the node or is below the "
            "window, so nothing of it can be seen (rule D2). Check the mask."
        )
    return mask_box(visible)


def _as_input(
    values: npt.NDArray[np.float64], parameters: DualNetParameters
) -> npt.NDArray[np.float32]:
    return np.clip(values + parameters.background, 0.0, 1.0).astype(np.float32)[np.newaxis]


def _corner_aligned(size: int, scaled: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return position i * (size - 1) / (scaled - 1) of every output as whole part and rest."""
    whole, rest = np.divmod(np.arange(scaled) * (size - 1), scaled - 1)
    return whole, rest


def _scaled_ct(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    for axis, scaled in enumerate(SMALL_SHAPE):
        low, rest = _corner_aligned(values.shape[axis], scaled)
        weight = (rest / (scaled - 1)).reshape([-1 if other == axis else 1 for other in range(3)])
        lower = values.take(low, axis)
        upper = values.take(np.minimum(low + 1, values.shape[axis] - 1), axis)
        values = lower + (upper - lower) * weight
    return values


def _scaled_mask(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    for axis, scaled in enumerate(SMALL_SHAPE):
        low, rest = _corner_aligned(inside.shape[axis], scaled)
        inside = inside.take(low + (2 * rest >= scaled), axis)
    return inside
