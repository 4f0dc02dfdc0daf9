"""cohorts.dicom: label maps (NIfTI here), placed on the CT grid by their affine."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray
from scipy import ndimage

from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.geometry import BoundingBox, FloatArray, SeriesGeometry
from cohorts.dicom.grid_placement import GridPlacement, place_on_grid
from cohorts.dicom.mask_files import MaskFile, StructureVoxels, check_count, unreadable
from cohorts.dicom.masks import NodeMaskInput, check_label
from cohorts.dicom.nifti_head import check_nifti_head
from cohorts.dicom.source_files import SourceFile
from cohorts.dicom.structures import Structure

NIFTI_ERRORS: tuple[type[Exception], ...] = (ImageFileError, HeaderDataError)
NIFTI_UNREADABLE = UNREADABLE_ERRORS + NIFTI_ERRORS
LARGEST_NUMBER_BYTES = 8
RAS_TO_LPS = np.diag((-1.0, -1.0, 1.0, 1.0))


def open_nifti(
    file: SourceFile, geometry: SeriesGeometry, names: Mapping[int, str] | None = None
) -> MaskFile:
    """Read a NIfTI label map in which every value above 0 is one structure.

    The map must lie on the CT grid, up to the order and direction of its axes; nothing is
    resampled. NIfTI affines are in RAS millimetres, CT geometry in LPS. The sform counts, or the
    qform where there is no sform; a file in which both are set and differ is refused, as is one
    with neither.

    Parameters
    ----------
    file : SourceFile
    geometry : SeriesGeometry
        Grid of the CT series.
    names : mapping of int to str, optional
        Names of values.

    Returns
    -------
    MaskFile
        Labels as in the file.

    Raises
    ------
    IntakeError
        If the file is unreadable, not on the CT grid, empty, or holds values that are no labels.

    References
    ----------
    NIfTI-1 standard, section "3D image (volume) orientation and location in space".
    """
    check_nifti_head(file)
    try:
        image = nibabel.load(file.path)
        if not isinstance(image, nibabel.Nifti1Image):
            raise unreadable(file, "NIfTI")
        shape = _spatial_shape(file, tuple(int(size) for size in image.shape))
        placement = _placement(file, image, shape, geometry)
        _check_numbers(file, image)
        # The shape was compared with the CT's, so the size of this read is bounded.
        stored: Any = image.dataobj
        values = np.asanyarray(stored.get_unscaled()).reshape(shape)
    except IntakeError:
        raise
    except NIFTI_UNREADABLE as error:
        raise unreadable(file, "NIfTI") from error
    nodes = label_nodes(file, placement.oriented(values), placement.box.start_zyx)
    return mask_file_of(file, nodes, names)


def _spatial_shape(file: SourceFile, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape without further axes of length 1."""
    if len(shape) > 3 and set(shape[3:]) == {1}:
        return shape[:3]
    if len(shape) > 3:
        raise IntakeError(
            RefusalCode.MASK_VALUES,
            f"holds several volumes (shape {shape}); a label map is one volume. Give each volume "
            "as a file of its own",
            file.name,
        )
    return shape


def _placement(
    file: SourceFile, image: nibabel.Nifti1Image, shape: tuple[int, ...], geometry: SeriesGeometry
) -> GridPlacement:
    header: Any = image.header
    forms = [header.get_sform(coded=True), header.get_qform(coded=True)]
    affines = [np.asarray(affine, dtype=np.float64) for affine, code in forms if code]
    if not affines:
        raise refusal_of_grid(file)("has neither sform nor qform")
    placements = [place_whole(file, RAS_TO_LPS @ affine, shape, geometry) for affine in affines]
    if len(set(placements)) > 1:
        raise IntakeError(
            RefusalCode.MASK_AMBIGUOUS,
            "its sform and its qform place it differently; export it again with one orientation",
            file.name,
        )
    return placements[0]


def _check_numbers(file: SourceFile, image: nibabel.Nifti1Image) -> None:
    header: Any = image.header
    stored = header.get_data_dtype()
    if stored.kind not in "iuf" or stored.itemsize > LARGEST_NUMBER_BYTES:
        raise bad_values(file, "values that are no usual numbers")
    # The header of an image that was loaded no longer holds its scale.
    proxy: Any = image.dataobj
    if (proxy.slope, proxy.inter) != (1.0, 0.0):
        raise bad_values(file, "values with a scale (scl_slope, scl_inter) that changes them")


def refusal_of_grid(file: SourceFile) -> Callable[[str], IntakeError]:
    """Return what makes refusals of a label map that is not on the CT grid."""

    def refusal(found: str) -> IntakeError:
        return IntakeError(
            RefusalCode.MASK_GRID,
            f"{found}; a label map must have the grid of its CT (shape, spacing, origin and "
            "orientation; NIfTI in RAS, NRRD in its stated space). Export it on the original CT "
            "grid",
            file.name,
        )

    return refusal


def place_whole(
    file: SourceFile, affine_to_lps: FloatArray, shape: tuple[int, ...], geometry: SeriesGeometry
) -> GridPlacement:
    """Place a map that must fill the CT grid.

    Raises
    ------
    IntakeError
        If it does not.
    """
    refusal = refusal_of_grid(file)
    if len(shape) != 3 or sorted(shape) != sorted(geometry.shape_zyx):
        raise refusal(f"has the shape {shape}")
    placement = place_on_grid(affine_to_lps, shape, geometry, refusal)
    if not placement.fills(geometry.shape_zyx):
        raise refusal("does not lie on the CT by its affine")
    return placement


def label_nodes(
    file: SourceFile, values_zyx: NDArray[Any], start_zyx: tuple[int, int, int]
) -> list[NodeMaskInput]:
    """Group the voxels above 0 by label.

    Parameters
    ----------
    file : SourceFile
    values_zyx : ndarray, axes (z, y, x) of the CT
    start_zyx : tuple of int
        Where its first voxel lies on the CT grid.

    Returns
    -------
    list of NodeMaskInput
        In ascending order of label.

    Raises
    ------
    IntakeError
        If a value is no label, there are more labels than nodes can be, or none.
    """
    labels = _labels(file, values_zyx)
    numbers = np.zeros(values_zyx.shape, dtype=np.int16)
    for plane, numbered in zip(values_zyx, numbers, strict=True):
        filled = plane != 0
        numbered[filled] = np.searchsorted(labels, plane[filled].astype(np.int64)) + 1
    nodes = []
    for number, place in enumerate(ndimage.find_objects(numbers), start=1):
        starts = [int(part.start) + first for part, first in zip(place, start_zyx, strict=True)]
        mask = numbers[place] == number
        z1, y1, x1 = (first + size for first, size in zip(starts, mask.shape, strict=True))
        box = BoundingBox((starts[0], starts[1], starts[2]), (z1, y1, x1))
        nodes.append(NodeMaskInput(label=int(labels[number - 1]), name="", box=box, mask=mask))
    return nodes


def _labels(file: SourceFile, values_zyx: NDArray[Any]) -> NDArray[np.int64]:
    """Return the values above 0, ascending, plane by plane so that no second volume stands."""
    if values_zyx.dtype.kind not in "iuf":
        raise bad_values(file, "values that are no numbers")
    found: set[float] = set()
    for plane in values_zyx:
        present = np.unique(plane[plane != 0])
        if not np.isfinite(present).all():
            raise bad_values(file, "values that are no finite numbers")
        if (present < 0).any() or (present != np.rint(present)).any():
            raise bad_values(file, "negative values or fractions")
        found.update(present.tolist())
        check_count(len(found), "different values", file)
    if not found:
        raise IntakeError(
            RefusalCode.MASK_EMPTY,
            "holds no node (all values are 0); give the mask that belongs to this CT",
            file.name,
        )
    for value in found:
        check_label(int(value), file.name)
    return np.array(sorted(found), dtype=np.int64)


def bad_values(file: SourceFile, found: str) -> IntakeError:
    """Return the refusal of values that are no labels."""
    return IntakeError(
        RefusalCode.MASK_VALUES,
        f"holds {found}; a label map holds 0 for background and one whole number per node",
        file.name,
    )


def mask_file_of(
    file: SourceFile, nodes: list[NodeMaskInput], names: Mapping[int, str] | None
) -> MaskFile:
    """Return the mask file of a label map that was read whole."""
    nodes = [replace(node, name=(names or {}).get(node.label, "")) for node in nodes]

    def read(numbers: Collection[int]) -> StructureVoxels:
        chosen = [node for node in nodes if node.label in numbers]
        return StructureVoxels(found=chosen, empty=[], notes=[])

    return MaskFile(
        file=file,
        structures=tuple(Structure(number=node.label, name=node.name) for node in nodes),
        read=read,
    )
