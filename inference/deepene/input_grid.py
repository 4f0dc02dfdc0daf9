"""Where the voxels of DeepENE's input lie in the CT (inference.deepene, pure).

The way of preprocessing backwards: crop to resampled patch, patch to CT grid. Intensities are
interpolated with cubic splines on that way; the places are exact.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.deepene.dual_crop import DEPTH
from inference.deepene.geometry import IN_PLANE, INPUT_SHAPE
from inference.deepene.parameters import PreprocessingParameters, Triple
from inference.deepene.preprocessing import NodeInput, prepare_node
from inference.deepene.resampling import nearest_source, separate_axis

Floats = npt.NDArray[np.float64]


class DeepENEInputGrid:
    """What an explanation needs to know of the network's input; `inference.runner.InputGrid`."""

    baseline = 0.0
    baseline_meaning = (
        "zero everywhere: what the network is shown outside the dilated mask, and the mean "
        "intensity of the training data"
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
            As `DeepENEPreparation.prepare` takes them.

        Returns
        -------
        tuple of one ndarray of float64, shape (1, 2, 9, 60, 60, 3)
            (z, y, x) in voxels of the series; voxel centres are whole numbers. Places outside the
            patch, where the input is zero, are those of its border.

        Raises
        ------
        ValueError
            If the node cannot be prepared.
        """
        read = PreprocessingParameters.from_dict(parameters)
        prepared = prepare_node(volume_hu_zyx, mask_zyx, spacing_zyx_mm, read)
        target = read.target_spacing_zyx_mm
        separate = separate_axis(spacing_zyx_mm, target)
        sources = [
            _sources(before, after, axis=axis, is_separate=axis == separate)
            + prepared.patch_box.start_zyx[axis]
            + origin_zyx[axis]
            for axis, (before, after) in enumerate(
                zip(prepared.patch_box.shape, prepared.resampled_shape, strict=True)
            )
        ]
        streams = [_stream(prepared, sources, ratio) for ratio in (1.0, prepared.scale_ratio)]
        return (np.stack(streams).reshape(*INPUT_SHAPE, 3),)


def _sources(before: int, after: int, *, axis: int, is_separate: bool) -> Floats:
    """Return the place in the patch of each index of the resampled patch, along one axis."""
    if before == after:
        return np.arange(before, dtype=np.float64)
    if is_separate:
        return nearest_source(before, after, flipped=axis == 0).astype(np.float64)
    return (np.arange(after) + 0.5) * before / after - 0.5


def _stream(prepared: NodeInput, sources: list[Floats], ratio: float) -> Floats:
    """Return the places of one stream's nine slices, shape (9, 60, 60, 3)."""
    centres = [size / 2 - 0.5 for size in prepared.resampled_shape]
    in_plane = (np.arange(IN_PLANE) - (IN_PLANE - 1) / 2) * ratio
    depth = np.asarray(prepared.slices) - (DEPTH - 1) / 2
    axes = [
        np.interp(offsets + centre, np.arange(len(source)), source)
        for offsets, centre, source in zip(
            (depth, in_plane, in_plane), centres, sources, strict=True
        )
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


INPUT_GRID = DeepENEInputGrid()
