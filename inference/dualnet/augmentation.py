"""Training patches of DualNet, and their random versions (inference.dualnet, pure).

How the published network's training nodes were augmented is not known. Ours are the sixteen that a
grid allows without interpolation: quarter turns in-plane, and mirror images across x and z.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.dualnet.crop import cut_crop
from inference.dualnet.parameters import DualNetParameters, Triple
from inference.dualnet.preprocessing import network_inputs

Inputs = tuple[npt.NDArray[np.float32], ...]
Patch = Mapping[str, npt.NDArray[Any]]

CT_HU, MASK = "ct_hu", "mask"

_Z, _Y, _X = range(3)


def training_patch(
    volume_hu_zyx: npt.NDArray[np.int16],
    mask_zyx: npt.NDArray[np.bool_],
    spacing_zyx_mm: Triple,
    parameters: DualNetParameters,
    *,
    origin_zyx: tuple[int, int, int] = (0, 0, 0),
    full_shape_zyx: tuple[int, int, int] | None = None,
) -> dict[str, npt.NDArray[Any]]:
    """Return a node's crop before normalisation.

    Parameters
    ----------
    volume_hu_zyx, mask_zyx : ndarray, shape (z, y, x)
        CT in HU and the node's mask, of the series or at least the part that `crop.needed_box`
        names.
    spacing_zyx_mm : tuple of float
        Voxel spacing (z, y, x) in mm.
    parameters : DualNetParameters
        Of the model version to be.
    origin_zyx, full_shape_zyx : tuple of int, optional
        As for `crop.cut_crop`.

    Returns
    -------
    dict of ndarray
        ``ct_hu`` and ``mask``, each of shape (32, 118, 118).

    Raises
    ------
    ValueError
        If the node cannot be prepared.
    """
    crop = cut_crop(
        volume_hu_zyx,
        mask_zyx,
        spacing_zyx_mm,
        parameters,
        origin_zyx=origin_zyx,
        full_shape_zyx=full_shape_zyx,
    )
    network_inputs(crop.ct_hu, crop.mask, parameters)  # refuses now what would stop the training
    return {CT_HU: crop.ct_hu, MASK: crop.mask}


def plain(patch: Patch, parameters: DualNetParameters) -> Inputs:
    """Return the node as prediction would see it; raises as `network_inputs`."""
    return network_inputs(patch[CT_HU], patch[MASK], parameters)


def augmented(patch: Patch, parameters: DualNetParameters, random: np.random.Generator) -> Inputs:
    """Return one of the node's sixteen versions, each equally likely.

    Parameters
    ----------
    patch : mapping
        As `training_patch` returns it.
    parameters : DualNetParameters
        As for the patch.
    random : Generator
        Decides; three draws per call.

    Returns
    -------
    tuple of ndarray
        As `network_inputs`.
    """
    turns, *mirrored = random.integers((4, 2, 2)).tolist()
    axes = tuple(axis for axis, is_mirrored in zip((_Z, _X), mirrored, strict=True) if is_mirrored)
    ct_hu, mask = (
        np.flip(np.rot90(patch[name], turns, axes=(_Y, _X)), axes) for name in (CT_HU, MASK)
    )
    return network_inputs(ct_hu, mask, parameters)
