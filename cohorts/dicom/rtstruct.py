"""cohorts.dicom: an RTSTRUCT, its contours turned into voxels of the CT.

Contours count if they are closed, lie in one plane, and that plane is a CT slice: within a fifth of
the slice distance (stations round positions). Anything farther lies between slices and is refused;
nothing is interpolated. In a slice, all contours of a structure together are filled by the even-odd
rule at voxel centres (see `rasterise`). A structure may leave the image sideways and is then cut
off; one with a contour outside the CT is refused.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

import numpy as np
from pydicom.dataset import Dataset

from cohorts.dicom.bounded_reading import OBJECT_BOUNDS, read_bounded
from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.geometry import FloatArray, SeriesGeometry
from cohorts.dicom.mask_files import MaskFile, StructureVoxels, unreadable
from cohorts.dicom.masks import LARGEST_LABEL, MaskParts, NodeMaskInput
from cohorts.dicom.rasterise import pixels_inside
from cohorts.dicom.references import ScanReference
from cohorts.dicom.source_files import SourceFile
from cohorts.dicom.structures import Structure

PLANE_TOLERANCE_SLICES = 0.2
CLOSED_TYPES = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})
FEWEST_VERTICES = 3
MOST_STRUCTURES = 2000
MOST_VERTICES = 2_000_000
MOST_VERTICES_OF_CONTOUR = 200_000
KIND = "a DICOM structure set"
KEYWORDS = [
    "SOPClassUID",
    "FrameOfReferenceUID",
    "StructureSetROISequence",
    "ROIContourSequence",
    "ReferencedFrameOfReferenceSequence",
]


def open_structure_set(file: SourceFile, geometry: SeriesGeometry, scan: ScanReference) -> MaskFile:
    """Read which structures an RTSTRUCT holds; contours are filled for those that are chosen.

    Parameters
    ----------
    file : SourceFile
    geometry : SeriesGeometry
        Grid of the CT series.
    scan : ScanReference
        The CT series that a mask must belong to.

    Returns
    -------
    MaskFile
        Structures by ROI number, or in their order where ROI numbers are no labels or not unique.

    Raises
    ------
    IntakeError
        If the file is unreadable; when voxels are read, if a chosen structure lies in another
        frame of reference, between the slices, or outside the CT.

    References
    ----------
    DICOM PS3.3 C.8.8.5 (Structure Set), C.8.8.6 (ROI Contour).
    """
    try:
        dataset = read_bounded(
            file.path, name=file.name, keywords=KEYWORDS, bounds=OBJECT_BOUNDS, force=True
        )
        rois = _numbered(file, dataset)
        contours = _contours_by_roi(dataset)
        structures = tuple(
            Structure(
                number=number,
                name=str(roi.get("ROIName") or ""),
                is_empty=not any(_is_closed(one) for one in contours[int(roi.ROINumber)]),
            )
            for number, roi in rois.items()
        )
    except IntakeError:
        raise
    except UNREADABLE_ERRORS as error:
        raise unreadable(file, KIND) from error

    def read(numbers: Collection[int]) -> StructureVoxels:
        chosen = {number: roi for number, roi in rois.items() if number in numbers}
        try:
            scan_notes = scan.check(file, _frames(dataset, chosen.values()), dataset)
            found = _read(file, chosen, contours, geometry)
        except IntakeError:
            raise
        except UNREADABLE_ERRORS as error:
            raise unreadable(file, KIND) from error
        return StructureVoxels(
            found=found.found, empty=found.empty, notes=[*scan_notes, *found.notes]
        )

    return MaskFile(file=file, structures=structures, read=read, names_expected=True)


def _numbered(file: SourceFile, dataset: Dataset) -> dict[int, Dataset]:
    """Return the structures by the label that they will have."""
    rois = list(dataset.StructureSetROISequence)
    if len(rois) > MOST_STRUCTURES:
        raise IntakeError(
            RefusalCode.TOO_COMPLEX,
            f"holds {len(rois)} structures; at most {MOST_STRUCTURES} are read",
            file.name,
        )
    numbers = [int(roi.ROINumber) for roi in rois]
    if len(set(numbers)) < len(numbers):
        raise IntakeError(
            RefusalCode.MASK_AMBIGUOUS,
            "two structures have one ROINumber: it is not clear whose contours are whose. Export "
            "the structure set again",
            file.name,
        )
    fit = all(1 <= number <= LARGEST_LABEL for number in numbers)
    return dict(zip(numbers if fit else range(1, len(rois) + 1), rois, strict=True))


def _contours_by_roi(dataset: Dataset) -> dict[int, list[Dataset]]:
    found: dict[int, list[Dataset]] = defaultdict(list)
    for item in dataset.get("ROIContourSequence") or []:
        found[int(item.ReferencedROINumber)] += item.get("ContourSequence") or []
    return found


def _is_closed(contour: Dataset) -> bool:
    return str(contour.get("ContourGeometricType") or "").strip() in CLOSED_TYPES


def _frames(dataset: Dataset, rois: Iterable[Dataset]) -> set[str]:
    """Return the frames of reference of structures; the file's own where one names none."""
    items = [dataset, *(dataset.get("ReferencedFrameOfReferenceSequence") or [])]
    of_file = {str(item.get("FrameOfReferenceUID") or "") for item in items} - {""}
    fallback = of_file.pop() if len(of_file) == 1 else ""
    return {str(roi.get("ReferencedFrameOfReferenceUID") or "") or fallback for roi in rois}


def _read(
    file: SourceFile,
    rois: dict[int, Dataset],
    contours: dict[int, list[Dataset]],
    geometry: SeriesGeometry,
) -> StructureVoxels:
    result = StructureVoxels(found=[], empty=[], notes=[])
    vertices = 0
    for number, roi in sorted(rois.items()):
        given = contours[int(roi.ROINumber)]
        closed = [_points(file, number, one) for one in given if _is_closed(one)]
        areas = [points for points in closed if len(points) >= FEWEST_VERTICES]
        if len(areas) < len(given):
            result.notes.append(
                f"{file.name}: {len(given) - len(areas)} open contour(s) or point(s) of structure "
                f"{number} enclose nothing and were left out"
            )
        vertices += sum(len(points) for points in areas)
        if vertices > MOST_VERTICES:
            raise IntakeError(
                RefusalCode.TOO_COMPLEX,
                f"the chosen structures have more than {MOST_VERTICES} contour points",
                file.name,
            )
        node = _filled(file, number, str(roi.get("ROIName") or ""), areas, geometry)
        if node is None:
            result.empty.append(number)
        else:
            result.found.append(node)
    return result


def _points(file: SourceFile, number: int, contour: Dataset) -> FloatArray:
    """Return the vertices of a contour, shape (n, 3), LPS mm."""
    element = contour.get_item("ContourData")
    raw = element.value if element is not None else None
    if isinstance(raw, bytes) and raw.count(b"\\") > 3 * MOST_VERTICES_OF_CONTOUR:
        raise IntakeError(
            RefusalCode.TOO_COMPLEX,
            f"a contour of structure {number} has more than {MOST_VERTICES_OF_CONTOUR} points",
            file.name,
        )
    # The bytes as they stand: pydicom would make an object of each of a million numbers.
    values = raw.strip(b" \0").split(b"\\") if isinstance(raw, bytes) else list(raw or [])
    points = np.array([float(value) for value in values if value != b""])
    if len(points) % 3 or not np.isfinite(points).all():
        raise IntakeError(
            RefusalCode.MASK_VALUES,
            f"ContourData of structure {number} is no list of points of three finite numbers; "
            "export the structure set again",
            file.name,
        )
    return points.reshape(-1, 3)


def _filled(
    file: SourceFile,
    number: int,
    name: str,
    contours_lps_mm: list[FloatArray],
    geometry: SeriesGeometry,
) -> NodeMaskInput | None:
    """Return the voxels inside the contours; None if no voxel centre is."""
    slices: dict[int, list[FloatArray]] = defaultdict(list)
    for contour in contours_lps_mm:
        index = geometry.lps_mm_to_voxel(contour)
        slices[_slice_of(file, number, index, geometry)].append(index[:, 1:])
    _, rows, columns = geometry.shape_zyx
    parts = MaskParts()
    for z, contours_yx in slices.items():
        first_row, inside = pixels_inside(contours_yx, (rows, columns))
        parts.add((z, first_row, 0), inside[np.newaxis])
    return parts.node(number, name)


def _slice_of(file: SourceFile, number: int, index: FloatArray, geometry: SeriesGeometry) -> int:
    """Return the CT slice of a contour given in voxel indices."""
    z = float(np.rint(index[:, 0].mean()))
    last = np.array(geometry.shape_zyx) - 1
    if (index.max(axis=0) < -0.5).any() or (index.min(axis=0) > last + 0.5).any():
        raise _off_grid(file, f"structure {number} has a contour outside the CT")
    if np.abs(index[:, 0] - z).max() > PLANE_TOLERANCE_SLICES:
        if np.ptp(index[:, 0]) > 2 * PLANE_TOLERANCE_SLICES:
            raise _off_grid(file, f"structure {number} has a contour that is not in a CT plane")
        raise _off_grid(file, f"structure {number} has a contour between two CT slices")
    if not 0 <= z <= last[0]:
        raise _off_grid(file, f"structure {number} has a contour outside the CT")
    return int(z)


def _off_grid(file: SourceFile, found: str) -> IntakeError:
    return IntakeError(
        RefusalCode.MASK_GRID,
        f"{found}; contours must lie on the slices of their CT. Give the whole CT series that was "
        "drawn on, or export the structures on this one",
        file.name,
    )
