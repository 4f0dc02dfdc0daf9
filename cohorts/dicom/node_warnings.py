"""cohorts.dicom: what is odd about a node, though it is accepted."""

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.body import Plane, body_of_plane
from cohorts.dicom.masks import NodeMaskInput
from cohorts.dicom.measurements import NodeMeasurements
from cohorts.dicom.stations import NEAREST_MM
from cohorts.dicom.warnings import IntakeWarning, WarningCode

SMALL_NODE_MM = 5.0
AIR_HU = -300.0
"""A mean below this is no lymph node: fat has about -100 HU, lung less than -500."""
MOST_OUTSIDE = 0.5
FINE_PIXELS = 256
"""From twice as many rows or columns on, the body is looked for on every second one."""


def warnings_on_size(label: int, measured: NodeMeasurements) -> list[IntakeWarning]:
    """Return the warnings that follow from a node's measurements.

    Parameters
    ----------
    label : int
    measured : NodeMeasurements
    """
    found = []
    if measured.short_axis_mm < SMALL_NODE_MM:
        message = f"SAD is {measured.short_axis_mm:.1f} mm, below {SMALL_NODE_MM:g} mm"
        found.append((WarningCode.SMALL_NODE, message))
    if measured.border_mm == 0:
        message = "reaches the border of the volume and may be cut: its measurements are too small"
        found.append((WarningCode.CUT_BY_BORDER, message))
    if measured.box.shape_zyx[0] == 1:
        message = "lies in a single slice: its extent across slices is not known"
        found.append((WarningCode.ONE_SLICE_NODE, message))
    return [IntakeWarning(code=code, message=message, node=label) for code, message in found]


def outside_stations(label: int) -> IntakeWarning:
    """Return the warning that a node has no level, though there are station masks."""
    return IntakeWarning(
        code=WarningCode.NO_STATION,
        message=f"lies in no station mask, nor within {NEAREST_MM:g} mm of one",
        node=label,
    )


class AirCheck:
    """Looks whether masks lie in air or outside the body; bodies of planes are found once.

    Parameters
    ----------
    volume_zyx : ndarray of int16, axes (z, y, x), HU
    """

    def __init__(self, volume_zyx: NDArray[np.int16]) -> None:
        self._volume = volume_zyx
        self._step = 2 if min(volume_zyx.shape[1:]) >= 2 * FINE_PIXELS else 1
        self._bodies: dict[int, Plane] = {}

    def warnings(self, node: NodeMaskInput) -> list[IntakeWarning]:
        """Return the warning that a mask cannot be a lymph node, if it cannot.

        Parameters
        ----------
        node : NodeMaskInput
            On the grid of the volume.
        """
        mean_hu = float(self._volume[node.box.slices][node.mask].mean())
        outside = self._share_outside(node)
        if mean_hu < AIR_HU:
            message = f"lies in air: its mean is {mean_hu:.0f} HU; is it the mask of this CT?"
        elif outside > MOST_OUTSIDE:
            message = f"lies with {100 * outside:.0f} % of its voxels outside the body"
        else:
            return []
        return [IntakeWarning(code=WarningCode.MASK_IN_AIR, message=message, node=node.label)]

    def _share_outside(self, node: NodeMaskInput) -> float:
        z, y, x = (np.argwhere(node.mask) + np.asarray(node.box.start_zyx)).T
        inside = 0
        for index in np.unique(z):
            here = z == index
            body = self._body(int(index))
            hits = body[y[here] // self._step, x[here] // self._step]
            inside += int(np.count_nonzero(hits))
        return 1 - inside / len(z)

    def _body(self, z: int) -> Plane:
        if z not in self._bodies:
            self._bodies[z] = body_of_plane(self._volume[z, :: self._step, :: self._step])
        return self._bodies[z]
