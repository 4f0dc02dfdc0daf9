"""One node's explanation on the CT grid, with what was measured on it (pure).

The share of the attribution near the boundary is told together with what it would be if the network
had no preference: the share of the shown input voxels that lies there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inference.explanation.boundary_shell import SHELL_MM, boundary_shell, fraction_inside
from inference.explanation.ct_grid import Index, framed, splat
from inference.explanation.integrated_gradients import Arrays
from inference.runner import Inputs


@dataclass(frozen=True, eq=False, kw_only=True)
class NodeMap:
    """Attributions on the CT grid.

    Attributes
    ----------
    start_zyx : tuple of int
        First voxel of the box in the series.
    values : ndarray of float32, shape (z, y, x)
        Logits per CT voxel.
    total : float
        Their sum, before rounding to float32.
    shell_mm : float
        Half width of the boundary shell.
    shell_fraction : float
        Share of the absolute attribution in the shell.
    shell_volume_fraction : float
        Share of the shown input voxels there.
    """

    start_zyx: Index
    values: npt.NDArray[np.float32]
    total: float
    shell_mm: float
    shell_fraction: float
    shell_volume_fraction: float

    @property
    def stop_zyx(self) -> Index:
        """One past the last voxel of the box."""
        z, y, x = (a + b for a, b in zip(self.start_zyx, self.values.shape, strict=True))
        return z, y, x


def node_map(
    attributions: Arrays,
    coordinates: Arrays,
    shown: Sequence[npt.NDArray[np.bool_]],
    *,
    mask_box: tuple[Index, Index],
    mask_zyx: npt.NDArray[np.bool_],
    shape_zyx: Index,
    spacing_zyx_mm: Sequence[float],
    shell_mm: float = SHELL_MM,
) -> NodeMap:
    """Map attributions of input voxels onto the CT, and measure them near the boundary.

    Parameters
    ----------
    attributions : tuple of ndarray
        One array per network input, in logits.
    coordinates : tuple of ndarray, shapes (..., 3)
        Where each input voxel lies in the series: (z, y, x) in voxels.
    shown : sequence of ndarray of bool
        Which input voxels show something, and are not the baseline.
    mask_box : pair of tuples
        Start and stop (z, y, x) of the node's mask in the series.
    mask_zyx : ndarray of bool
        The mask within its box.
    shape_zyx : tuple of int
        Shape of the series.
    spacing_zyx_mm : sequence of float
        Voxel spacing (z, y, x) in mm.
    shell_mm : float, optional
        Half width of the boundary shell, in mm.

    Returns
    -------
    NodeMap

    Raises
    ------
    ValueError
        If arrays do not fit each other, or no input voxel shows anything.
    """
    amounts = np.stack([_joined(attributions), _joined(shown)])
    places = np.concatenate([array.reshape(-1, 3) for array in coordinates])
    used = (amounts != 0).any(axis=0)
    if not used.any():
        raise ValueError("The network's input shows nothing of the node: there is no explanation.")
    start, shares = framed(*splat(places[used], amounts[:, used], shape_zyx), mask_box)
    values, weight = shares
    mask = np.zeros(values.shape, dtype=bool)
    mask[_slices(start, mask_box)] = mask_zyx
    shell = boundary_shell(mask, spacing_zyx_mm, shell_mm)
    return NodeMap(
        start_zyx=start,
        values=values.astype(np.float32),
        total=float(values.sum()),
        shell_mm=shell_mm,
        shell_fraction=fraction_inside(values, shell),
        shell_volume_fraction=fraction_inside(weight, shell),
    )


def shown_voxels(inputs: Inputs, baseline: float) -> tuple[npt.NDArray[np.bool_], ...]:
    """Return which input voxels differ from the baseline."""
    return tuple(np.asarray(array != np.float32(baseline)) for array in inputs)


def _joined(arrays: Sequence[npt.NDArray[np.generic]]) -> npt.NDArray[np.float64]:
    return np.concatenate([array.reshape(-1).astype(np.float64) for array in arrays])


def _slices(start_zyx: Index, box: tuple[Index, Index]) -> tuple[slice, ...]:
    return tuple(
        slice(first - outer, last - outer)
        for outer, first, last in zip(start_zyx, *box, strict=True)
    )
