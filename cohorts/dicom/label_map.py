"""cohorts.dicom: a NIfTI instance label map, placed on the CT grid by its affine."""

from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.geometry import FloatArray, SeriesGeometry
from cohorts.dicom.masks import MOST_NODES, NodeMaskInput, check_label, node_from_voxels
from cohorts.dicom.source_files import SourceFile

GRID_TOLERANCE_VOXELS = 0.1
"""How far any corner of a label map may lie from the CT's: rounding of headers, no more."""
NIFTI_ERRORS: tuple[type[Exception], ...] = (ImageFileError, HeaderDataError)
NIFTI_UNREADABLE = UNREADABLE_ERRORS + NIFTI_ERRORS


def read_label_map(file: SourceFile, geometry: SeriesGeometry) -> list[NodeMaskInput]:
    """Read a NIfTI label map in which every value above 0 is one node.

    The map must lie on the CT grid, up to the order and direction of its axes; nothing is
    resampled. NIfTI affines are in RAS millimetres, CT geometry in LPS.

    Parameters
    ----------
    file : SourceFile
    geometry : SeriesGeometry
        Grid of the CT series.

    Returns
    -------
    list of NodeMaskInput
        In ascending order of label; labels as in the file.

    Raises
    ------
    IntakeError
        If the file is unreadable, not on the CT grid, empty, or holds values that are no labels.

    References
    ----------
    NIfTI-1 standard, section "3D image (volume) orientation and location in space".
    """
    try:
        image = nibabel.load(file.path)
        if not isinstance(image, nibabel.Nifti1Image):
            raise _unreadable(file)
        shape = tuple(int(size) for size in image.shape)
        affine = np.asarray(image.affine, dtype=np.float64)
    except IntakeError:
        raise
    except NIFTI_UNREADABLE as error:
        raise _unreadable(file) from error
    if len(shape) == 4 and shape[3] == 1:
        shape = shape[:3]
    placement = _Placement(file, shape, affine, geometry)
    try:
        # The shape was compared with the CT's, so the size of this read is bounded.
        values = np.asanyarray(image.dataobj).reshape(shape)
    except NIFTI_UNREADABLE as error:
        raise _unreadable(file) from error
    return _nodes_of(file, values, placement)


def _unreadable(file: SourceFile) -> IntakeError:
    return IntakeError(
        RefusalCode.UNREADABLE, "cannot be read as NIfTI; export the label map again", file.name
    )


class _Placement:
    """How the axes of a label map run along those of the CT grid.

    Raises
    ------
    IntakeError
        If the two grids are not the same.
    """

    def __init__(
        self,
        file: SourceFile,
        shape: tuple[int, ...],
        affine_ras: FloatArray,
        geometry: SeriesGeometry,
    ) -> None:
        if len(shape) != 3 or sorted(shape) != sorted(geometry.shape_zyx):
            raise self._refusal(file, f"has the shape {shape}")
        to_lps = np.diag((-1.0, -1.0, 1.0, 1.0)) @ affine_ras
        to_ct = np.linalg.inv(geometry.affine_zyx_to_lps()) @ to_lps
        if not np.isfinite(to_ct).all():
            raise self._refusal(file, "has no usable affine")
        self.matrix = np.rint(to_ct[:3, :3]).astype(np.int64)
        self.offset = np.rint(to_ct[:3, 3]).astype(np.int64)
        self._check_corners(file, shape, to_ct, geometry)

    def _check_corners(
        self,
        file: SourceFile,
        shape: tuple[int, ...],
        to_ct: FloatArray,
        geometry: SeriesGeometry,
    ) -> None:
        """Check that the corners of the map are the corners of the CT."""
        corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(shape) - 1)
        exact = corners @ to_ct[:3, :3].T + to_ct[:3, 3]
        rounded = self.to_ct_index(corners)
        last = np.array(geometry.shape_zyx) - 1
        is_permutation = (np.abs(self.matrix).sum(axis=0) == 1).all() and (
            np.abs(self.matrix).sum(axis=1) == 1
        ).all()
        same_box = (rounded.min(axis=0) == 0).all() and (rounded.max(axis=0) == last).all()
        if not (is_permutation and same_box):
            raise self._refusal(file, "does not lie on the CT by its affine")
        if np.abs(exact - rounded).max() > GRID_TOLERANCE_VOXELS:
            raise self._refusal(file, "lies beside the CT grid by its affine")

    @staticmethod
    def _refusal(file: SourceFile, found: str) -> IntakeError:
        return IntakeError(
            RefusalCode.MASK_GRID,
            f"{found}; a label map must have the grid of its CT (shape, spacing, origin and "
            "orientation, affine in RAS). Export it on the original CT grid",
            file.name,
        )

    def to_ct_index(self, index: NDArray[np.int64]) -> NDArray[np.int64]:
        """Map indices of the label map, shape (n, 3), to (z, y, x) of the CT."""
        mapped: NDArray[np.int64] = index @ self.matrix.T + self.offset
        return mapped


def _nodes_of(file: SourceFile, values: NDArray[Any], placement: _Placement) -> list[NodeMaskInput]:
    """Group the voxels above 0 by label."""
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise _bad_values(file, "values that are no finite numbers")
    index = np.argwhere(values)
    if len(index) == 0:
        raise IntakeError(
            RefusalCode.MASK_EMPTY,
            "holds no node (all values are 0); give the mask that belongs to this CT",
            file.name,
        )
    found = values[tuple(index.T)]
    if (found < 0).any() or (found != np.rint(found)).any():
        raise _bad_values(file, "negative values or fractions")
    labels, owner = np.unique(found, return_inverse=True)
    if len(labels) > MOST_NODES:
        raise _bad_values(file, f"{len(labels)} different values (at most {MOST_NODES})")
    on_ct = placement.to_ct_index(index)
    nodes = []
    for number, value in enumerate(labels):
        check_label(int(value), file.name)
        nodes.append(node_from_voxels(int(value), "", on_ct[owner == number]))
    return nodes


def _bad_values(file: SourceFile, found: str) -> IntakeError:
    return IntakeError(
        RefusalCode.MASK_VALUES,
        f"holds {found}; a label map holds 0 for background and one whole number per node",
        file.name,
    )
