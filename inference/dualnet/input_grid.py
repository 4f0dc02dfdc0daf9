"""Where the voxels of DualNet's inputs lie in the CT (inference.dualnet, pure).

The way of preprocessing backwards: small cube to crop, crop to resampled series, series to CT grid.
Intensities are interpolated linearly on that way; the places are exact.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.dualnet.crop import cut_crop
from inference.dualnet.parameters import SMALL_SHAPE, DualNetParameters, Triple
from inference.dualnet.preprocessing import normalised, visible_box
from inference.dualnet.resampling import Grid, Shape, resampling_grid

Floats = npt.NDArray[np.float64]


class DualNetInputGrid:
    """What an explanation needs to know of the network's inputs; `inference.runner.InputGrid`."""

    baseline = DualNetParameters().background
    baseline_meaning = (
        "0.001 everywhere: what the network is shown outside the dilated mask, and the lowest "
        "intensity about the node"
    )

    def coordinates(
        self,
        volume_hu_zyx: npt.NDArray[np.int16],
        mask_zyx: npt.NDArray[np.bool_],
        spacing_zyx_mm: Triple,
        parameters: Mapping[str, Any],
        *,
        origin_zyx: tuple[int, int, int] = (0, 0, 0),
        full_shape_zyx: tuple[int, int, int] | None = None,
    ) -> tuple[Floats, ...]:
        """Return the place of every input voxel in the series.

        Parameters
        ----------
        volume_hu_zyx, mask_zyx, spacing_zyx_mm, parameters, origin_zyx, full_shape_zyx
            As `DualNetPreparation.prepare` takes them.

        Returns
        -------
        tuple of two ndarrays of float64, shapes (1, 32, 118, 118, 3) and (1, 32, 32, 32, 3)
            (z, y, x) in voxels of the series; voxel centres are whole numbers. Places outside the
            series, where the input is background, are those of its border.

        Raises
        ------
        ValueError
            If the node cannot be prepared.
        """
        read = DualNetParameters.from_dict(parameters)
        crop = cut_crop(
            volume_hu_zyx,
            mask_zyx,
            spacing_zyx_mm,
            read,
            origin_zyx=origin_zyx,
            full_shape_zyx=full_shape_zyx,
        )
        shape = volume_hu_zyx.shape if full_shape_zyx is None else full_shape_zyx
        grid = resampling_grid(shape, spacing_zyx_mm, read.target_spacing_zyx_mm)
        box = visible_box(normalised(crop.ct_hu, read) * crop.mask)
        whole = [np.arange(size, dtype=np.float64) for size in crop.mask.shape]
        small = [
            np.linspace(side.start, side.stop - 1, size)
            for side, size in zip(box, SMALL_SHAPE, strict=True)
        ]
        return _places(whole, crop.first_zyx, grid), _places(small, crop.first_zyx, grid)


def _places(in_crop: list[Floats], first_zyx: Shape, grid: Grid) -> Floats:
    """Return the place in the series of every combination of crop indices, with a channel axis."""
    axes = [
        np.clip((indices + first) * axis.step, 0, axis.voxels - 1)
        for indices, first, axis in zip(in_crop, first_zyx, grid, strict=True)
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)[np.newaxis]


INPUT_GRID = DualNetInputGrid()
