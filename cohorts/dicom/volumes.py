"""cohorts.dicom: stack a checked series into one volume in HU, and its digest."""

import hashlib
from collections import defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.pixels import plane_in_hu, stored_frames
from cohorts.dicom.series import OrderedSeries
from cohorts.dicom.warnings import IntakeWarning, WarningCode


def stack_series(
    series: OrderedSeries, progress: Callable[[int, int], None] | None = None
) -> tuple[NDArray[np.int16], list[IntakeWarning]]:
    """Decode each plane once into one volume.

    Parameters
    ----------
    series : OrderedSeries
    progress : callable, optional
        Called with (planes done, planes in all) after each plane.

    Returns
    -------
    volume_zyx : ndarray of int16, shape `series.geometry.shape_zyx`, axes (z, y, x), HU
    warnings : list of IntakeWarning

    Raises
    ------
    IntakeError
        If a plane does not decode exactly.
    """
    volume_zyx = np.empty(series.geometry.shape_zyx, dtype=np.int16)
    places: dict[str, dict[int, int]] = defaultdict(dict)
    for z, plane in enumerate(series.slices):
        places[plane.file.name][plane.frame or 0] = z
    done, bits_ignored = 0, False
    for z_of_frame in places.values():
        # File by file: a file is opened once, and one decoded frame of it stands in memory.
        first = series.slices[min(z_of_frame.values())]
        for frame, stored in enumerate(stored_frames(first)):
            if frame in z_of_frame:
                z = z_of_frame.pop(frame)
                bits_ignored |= plane_in_hu(series.slices[z], stored, volume_zyx[z])
                done += 1
                if progress is not None:
                    progress(done, len(series.slices))
        if z_of_frame:
            raise IntakeError(
                RefusalCode.PIXELS_TRUNCATED,
                f"{len(z_of_frame)} frame(s) have no pixel data; the file is cut off, copy it "
                "again",
                first.file.name,
            )
    return volume_zyx, _ignored_bits() if bits_ignored else []


def _ignored_bits() -> list[IntakeWarning]:
    return [
        IntakeWarning(
            code=WarningCode.BITS_IGNORED,
            message="Pixels hold bits outside BitsStored (old overlays, or values that are too "
            "large); they were ignored as the standard says. Compare a slice with the original",
        )
    ]


def hu_int16_sha256(volume_zyx: NDArray[np.int16]) -> str:
    """Return the SHA-256 of the volume as little-endian int16 in the order slice, row, column."""
    digest = hashlib.sha256()
    for slice_hu in volume_zyx:  # one at a time: no second volume in memory
        digest.update(np.ascontiguousarray(slice_hu, dtype="<i2").data)
    return digest.hexdigest()
