"""Resampling of CT and mask to DualNet's spacing (inference.dualnet, pure).

Positions belong to the whole series: output sample i lies i * target / spacing voxels from the
centre of the first voxel. A part of the series, read from anywhere in it, gives the same values.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.dualnet.parameters import TIE_HU, Triple, check_spacing

_POSITION_TIE = 1e-9
"""Voxels; positions this close to a half count as the half, and go up."""

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Axis:
    """One axis of a series and its samples at target spacing.

    Attributes
    ----------
    voxels : int
        Number of voxels of the series.
    step : float
        Distance of two samples, in voxels.
    samples : int
        Number of samples: extent over target spacing, halves rounded to even.
    """

    voxels: int
    step: float
    samples: int

    def nearest(self, sample: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Return the nearest voxel of each sample, halves going up; it may be one past the last."""
        found = np.floor(sample * self.step + (0.5 + _POSITION_TIE))
        return np.asarray(found, dtype=np.intp)

    def below(
        self, sample: npt.NDArray[np.intp]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
        """Return the voxel at or below each sample, and how far it is on to the next one."""
        position = sample * self.step
        first = np.floor(position)
        return np.asarray(first, dtype=np.intp), position - first

    def samples_near(self, start: int, stop: int) -> tuple[int, int]:
        """Return first and last sample that voxels from start to stop may be nearest to.

        One sample more than needed on both sides, clipped to the series.
        """
        first = math.floor((start - 0.5) / self.step) - 1
        last = math.ceil((stop - 0.5) / self.step) + 1
        return min(max(first, 0), self.samples - 1), min(max(last, 0), self.samples - 1)

    def voxels_under(self, first: int, last: int) -> tuple[int, int]:
        """Return start and stop of the voxels that samples from first to last are made of."""
        start, stop = math.floor(first * self.step), math.floor(last * self.step) + 2
        return min(max(start, 0), self.voxels - 1), min(max(stop, 1), self.voxels)


Grid = tuple[Axis, Axis, Axis]


def resampling_grid(
    shape_zyx: Sequence[int], spacing_zyx_mm: Triple, target_zyx_mm: Triple
) -> Grid:
    """Lay the target grid over a series.

    Parameters
    ----------
    shape_zyx : sequence of int
        Shape of the whole series.
    spacing_zyx_mm, target_zyx_mm : tuple of float
        Spacing (z, y, x) before and after, in mm.

    Returns
    -------
    tuple of three Axis

    Raises
    ------
    ValueError
        If the spacing is not that of a CT, or the series is too thin for a single sample.
    """
    check_spacing("spacing_zyx_mm", spacing_zyx_mm)
    axes = []
    for name, voxels, old, new in zip("zyx", shape_zyx, spacing_zyx_mm, target_zyx_mm, strict=True):
        samples = round(voxels * old / new)
        if samples < 1:
            raise ValueError(
                f"the series spans {voxels} voxels of {old} mm along {name}: less than half of the "
                f"{new} mm that the network samples. It is too thin to resample."
            )
        axes.append(Axis(voxels, new / old, samples))
    return axes[0], axes[1], axes[2]


def resampled_ct(
    volume_hu_zyx: npt.NDArray[np.generic],
    grid: Grid,
    first_zyx: Sequence[int],
    last_zyx: Sequence[int],
    *,
    origin_zyx: Sequence[int] = (0, 0, 0),
    beyond_hu: float,
) -> npt.NDArray[np.generic]:
    """Resample part of a CT linearly.

    Parameters
    ----------
    volume_hu_zyx : ndarray, shape (z, y, x)
        CT in HU: the series, or the part of it that the samples lie in.
    grid : tuple of three Axis
        As `resampling_grid` returns it for the whole series.
    first_zyx, last_zyx : sequence of int
        First and last sample (z, y, x), both included.
    origin_zyx : sequence of int, optional
        Where the array begins in the series, in voxels.
    beyond_hu : float
        Value of samples half a voxel or more beyond the last one, in HU.

    Returns
    -------
    ndarray, shape (last - first + 1)
        In HU. For whole-number types of that type, truncated towards zero after snapping ties to
        whole numbers (D4); else float64.
    """
    values: npt.NDArray[Any] = volume_hu_zyx
    beyond = []
    for number, (axis, first, last, origin) in enumerate(
        zip(grid, first_zyx, last_zyx, origin_zyx, strict=True)
    ):
        sample = np.arange(first, last + 1, dtype=np.intp)
        low, weight = axis.below(sample)
        high = np.minimum(low + 1, axis.voxels - 1) - origin
        low = np.minimum(low, axis.voxels - 1) - origin
        shape = [-1 if other == number else 1 for other in range(3)]
        lower = values.take(low, number).astype(np.float64)
        values = lower + (values.take(high, number).astype(np.float64) - lower) * weight.reshape(
            shape
        )
        beyond.append((axis.nearest(sample) >= axis.voxels).reshape(shape))
    values[beyond[0] | beyond[1] | beyond[2]] = beyond_hu
    if not np.issubdtype(volume_hu_zyx.dtype, np.integer):
        return values
    whole = np.rint(values)
    truncated = np.where(np.abs(values - whole) <= TIE_HU, whole, np.trunc(values))
    return np.asarray(truncated, dtype=volume_hu_zyx.dtype)


def resampled_mask(
    mask_zyx: npt.NDArray[np.bool_],
    grid: Grid,
    first_zyx: Sequence[int],
    last_zyx: Sequence[int],
    *,
    origin_zyx: Sequence[int] = (0, 0, 0),
) -> npt.NDArray[np.bool_]:
    """Resample part of a mask by nearest neighbour, halves going up.

    Parameters
    ----------
    mask_zyx : ndarray of bool, shape (z, y, x)
        The node's mask: of the series, or of any part of it that contains the node.
    grid, first_zyx, last_zyx, origin_zyx
        As for `resampled_ct`.

    Returns
    -------
    ndarray of bool, shape (last - first + 1)
    """
    inside, taken = mask_zyx, []
    for number, (axis, first, last, origin) in enumerate(
        zip(grid, first_zyx, last_zyx, origin_zyx, strict=True)
    ):
        voxel = axis.nearest(np.arange(first, last + 1, dtype=np.intp)) - origin
        size = mask_zyx.shape[number]
        inside = inside.take(np.clip(voxel, 0, size - 1), number)
        shape = [-1 if other == number else 1 for other in range(3)]
        taken.append(((voxel >= 0) & (voxel < size)).reshape(shape))
    return np.asarray(inside & taken[0] & taken[1] & taken[2])
