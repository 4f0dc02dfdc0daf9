"""cohorts.dicom: a volume on the grid of a CT as a compressed NIfTI file, plane by plane.

Voxels keep the order of the stored grid, columns fastest; the affine says in RAS millimetres where
they lie. The same voxels make the same bytes: nothing of the day or the machine is in them.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any

import nibabel
import numpy as np
from nibabel.nifti1 import Nifti1Extension
from numpy.typing import NDArray

from cohorts.dicom.geometry import FloatArray, SeriesGeometry

GZIP = 16 + zlib.MAX_WBITS
LPS_TO_RAS = np.diag((-1.0, -1.0, 1.0, 1.0))
SCANNER = 1
"""Code of a transform to the scanner's coordinates."""


def nifti_pieces(
    planes: Iterable[NDArray[Any]],
    geometry: SeriesGeometry,
    number_type: np.dtype[Any],
    told: Mapping[str, Any],
) -> Iterator[bytes]:
    """Yield the pieces of a compressed NIfTI file (.nii.gz).

    Parameters
    ----------
    planes : iterable of ndarray, axes (rows, columns)
        By ascending z, as many as the grid has; of ``number_type``.
    geometry : SeriesGeometry
        The grid.
    number_type : dtype
        Little-endian.
    told : mapping
        What stands in the header's comment, as JSON.

    Yields
    ------
    bytes
        Axes of the volume: x (columns), y (rows), z (slices). sform and qform are the same.

    References
    ----------
    NIfTI-1 standard, sections "3D image (volume) orientation and location in space" and
    "extended header" (code 6, plain text).
    """
    packer = zlib.compressobj(wbits=GZIP)  # without a name or a time
    yield packer.compress(_head(geometry, number_type, told))
    for plane in planes:
        # In C order its bytes run columns first, as the file's do.
        yield packer.compress(plane.astype(number_type, copy=False).tobytes())
    yield packer.flush()


def affine_xyz_to_ras(geometry: SeriesGeometry) -> FloatArray:
    """Return the 4x4 matrix from (x, y, z, 1) indices to (R, A, S, 1) in mm."""
    affine: FloatArray = LPS_TO_RAS @ geometry.affine_zyx_to_lps()[:, [2, 1, 0, 3]]
    return affine


def _head(geometry: SeriesGeometry, number_type: np.dtype[Any], told: Mapping[str, Any]) -> bytes:
    """Return everything before the voxels."""
    header: Any = nibabel.Nifti1Header(endianness="<")  # type: ignore[no-untyped-call]
    header.set_data_dtype(number_type)
    header.set_data_shape(geometry.shape_zyx[::-1])
    affine = affine_xyz_to_ras(geometry)
    header.set_sform(affine, code=SCANNER)
    header.set_qform(affine, code=SCANNER)
    header.set_xyzt_units("mm")
    header.set_slope_inter(1, 0)
    header["descrip"] = b"Nodewise; the comment says what this is"
    words = json.dumps(told, sort_keys=True).encode("ascii")
    header.extensions.append(Nifti1Extension("comment", words))
    out = BytesIO()
    header.write_to(out)
    return out.getvalue().ljust(int(header["vox_offset"]), b"\x00")
