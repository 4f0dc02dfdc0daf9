"""cohorts.dicom: sort the slices of one CT series and check that they make a true volume."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.geometry import FloatArray, SeriesGeometry, as_vector
from cohorts.dicom.headers import DicomFile, require_uid
from cohorts.dicom.pixels import check_pixel_header
from cohorts.dicom.reorientation import is_along_axes, obliquity_degrees, plane_name
from cohorts.dicom.warnings import IntakeWarning, WarningCode

SPACING_TOLERANCE_MM = 0.01
SPACING_TOLERANCE_RELATIVE = 0.01
"""Slice distances may differ from their median by the larger of the two: header rounding."""
LATERAL_TOLERANCE_MM = 0.1
LATERAL_TOLERANCE_PIXELS = 0.1
"""Slices may lie beside the common normal by the larger of the two; more is a tilted gantry."""
DIRECTION_TOLERANCE = 1e-3
SMALLEST_AXIAL_COSINE = 0.9
SMALLEST_SLICE_COUNT = 2


@dataclass(frozen=True)
class OrderedSeries:
    """A checked series: its planes (slices or frames) in order of position, and its grid."""

    slices: tuple[DicomFile, ...]
    geometry: SeriesGeometry
    notes: tuple[str, ...]
    warnings: tuple[IntakeWarning, ...] = ()


def order_series(files: Sequence[DicomFile]) -> OrderedSeries:
    """Sort the planes of one series by position, and refuse what would not make a true volume.

    Order and spacing come from ImagePositionPatient along the slice normal, never from file
    names, instance or frame numbers or SliceThickness.

    Parameters
    ----------
    files : sequence of DicomFile
        All planes of one series (see `multiframe.planes_of`), in any order, without localizers.

    Returns
    -------
    OrderedSeries

    Raises
    ------
    IntakeError
        For each reason a series cannot be trusted; see `RefusalCode`.
    """
    for file in files:
        _check_slice(file)
    files, notes = _without_repeats(files)
    if len(files) < SMALLEST_SLICE_COUNT:
        raise IntakeError(
            RefusalCode.TOO_FEW_SLICES,
            f"a series needs at least {SMALLEST_SLICE_COUNT} slices, this one has {len(files)}",
            files[0].name,
        )
    _check_alike(files)
    row, column = _directions(files)
    ordered, spacing_mm = _along_normal(files, row, column)
    first = ordered[0]
    pixel_spacing = first.numbers("PixelSpacing", 2, RefusalCode.ATTRIBUTE_MISSING)
    geometry = SeriesGeometry(
        shape_zyx=(len(ordered), int(first.header.Rows), int(first.header.Columns)),
        spacing_zyx_mm=as_vector((spacing_mm, *pixel_spacing)),
        origin_lps_mm=as_vector(_position(first)),
        row_direction=as_vector(row),
        column_direction=as_vector(column),
        frame_of_reference_uid=first.text("FrameOfReferenceUID"),
    )
    _check_orientation(geometry, first)
    warnings = (*_doubts(first), *_orientation_warnings(geometry))
    return OrderedSeries(tuple(ordered), geometry, tuple(notes), warnings)


def _check_slice(file: DicomFile) -> None:
    """Check what one slice must have whatever its neighbours."""
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        require_uid(file, keyword)
    if file.text("Modality") != "CT":
        raise IntakeError(
            RefusalCode.NOT_CT_MODALITY, "Modality must be CT for a CT image", file.name
        )
    if file.text("BurnedInAnnotation").upper() == "YES":
        raise IntakeError(
            RefusalCode.BURNED_IN,
            "BurnedInAnnotation is YES: text in the pixels may identify the patient; "
            "give the series without it",
            file.name,
        )
    check_pixel_header(file)
    _position(file)
    spacing = file.numbers("PixelSpacing", 2, RefusalCode.ATTRIBUTE_MISSING)
    if min(spacing) <= 0:
        raise IntakeError(
            RefusalCode.ATTRIBUTE_INVALID, "PixelSpacing must be two positive numbers", file.name
        )


def _position(file: DicomFile) -> tuple[float, ...]:
    return file.numbers("ImagePositionPatient", 3, RefusalCode.NO_POSITION)


def _without_repeats(files: Sequence[DicomFile]) -> tuple[list[DicomFile], list[str]]:
    """Leave out byte-for-byte copies; refuse different files of one SOP Instance UID."""
    kept: dict[str, DicomFile] = {}
    notes = []
    for file in files:
        other = kept.setdefault(f"{file.text('SOPInstanceUID')} {file.frame}", file)
        if other is file:
            continue
        if other.file.path.read_bytes() != file.file.path.read_bytes():
            raise IntakeError(
                RefusalCode.DUPLICATE_INSTANCE,
                f"has the SOPInstanceUID of {other.name} but other content; "
                "remove the one that does not belong",
                file.name,
            )
        notes.append(f"{file.name}: left out, an exact copy of {other.name}")
    return list(kept.values()), notes


def _check_alike(files: Sequence[DicomFile]) -> None:
    """Check that slices share series, matrix, pixel spacing and frame of reference."""
    first = files[0]
    checks: tuple[tuple[str, RefusalCode], ...] = (
        ("SeriesInstanceUID", RefusalCode.TWO_SERIES),
        ("StudyInstanceUID", RefusalCode.TWO_SERIES),
        ("Rows", RefusalCode.MIXED_SHAPES),
        ("Columns", RefusalCode.MIXED_SHAPES),
        ("FrameOfReferenceUID", RefusalCode.MIXED_FRAMES_OF_REFERENCE),
    )
    spacing = first.numbers("PixelSpacing", 2, RefusalCode.ATTRIBUTE_MISSING)
    for file in files:
        for keyword, code in checks:
            if file.text(keyword) != first.text(keyword):
                raise IntakeError(
                    code,
                    f"{keyword} differs from {first.name}; a series must have one value. "
                    "Give one reconstruction only",
                    file.name,
                )
        other = file.numbers("PixelSpacing", 2, RefusalCode.ATTRIBUTE_MISSING)
        if not np.allclose(spacing, other, rtol=1e-4, atol=0):
            raise IntakeError(
                RefusalCode.MIXED_SHAPES, f"PixelSpacing differs from {first.name}", file.name
            )


def _directions(files: Sequence[DicomFile]) -> tuple[FloatArray, FloatArray]:
    """Return the common row and column direction, orthonormal."""
    first = files[0]
    keyword = "ImageOrientationPatient"
    common = np.array(first.numbers(keyword, 6, RefusalCode.NO_POSITION))
    for file in files:
        cosines = np.array(file.numbers(keyword, 6, RefusalCode.NO_POSITION))
        if np.abs(cosines - common).max() > DIRECTION_TOLERANCE:
            raise IntakeError(
                RefusalCode.MIXED_ORIENTATIONS,
                f"{keyword} differs from {first.name}; remove images that are not of this series",
                file.name,
            )
    row, column = common[:3], common[3:]
    gram = np.array([row @ row, column @ column, row @ column])
    if np.abs(gram - (1, 1, 0)).max() > DIRECTION_TOLERANCE:
        raise IntakeError(
            RefusalCode.ATTRIBUTE_INVALID,
            f"{keyword} must hold two perpendicular unit vectors",
            first.name,
        )
    return row, column


def _along_normal(
    files: Sequence[DicomFile], row: FloatArray, column: FloatArray
) -> tuple[list[DicomFile], float]:
    """Return the slices in ascending order along the normal, and their distance in mm."""
    normal = np.cross(row, column)
    positions = np.array([_position(file) for file in files])
    order = np.argsort(positions @ normal, kind="stable")
    ordered = [files[index] for index in order]
    positions = positions[order]
    heights = positions @ normal
    _check_distances(ordered, heights)
    _check_lateral(ordered, positions, heights, normal)
    return ordered, round(float(heights[-1] - heights[0]) / (len(ordered) - 1), 6)


def _check_distances(ordered: Sequence[DicomFile], heights: FloatArray) -> None:
    """Check that slices are evenly spaced, each position once, none missing."""
    distances = np.diff(heights)
    for (below, above), distance in zip(pairwise(ordered), distances, strict=True):
        if distance < SPACING_TOLERANCE_MM:
            raise IntakeError(
                RefusalCode.DUPLICATE_POSITION,
                f"lies at the position of {below.name}; each position may occur once",
                above.name,
            )
    median = float(np.median(distances))
    tolerance = max(SPACING_TOLERANCE_MM, SPACING_TOLERANCE_RELATIVE * median)
    uneven = np.flatnonzero(np.abs(distances - median) > tolerance)
    if len(uneven) == 0:
        return
    worst = int(uneven[0])
    below, above, found = ordered[worst], ordered[worst + 1], float(distances[worst])
    steps = round(found / median)
    if steps > 1 and abs(found - steps * median) <= steps * tolerance and len(uneven) <= 3:
        raise IntakeError(
            RefusalCode.MISSING_SLICE,
            f"{steps - 1} slice(s) missing between this file and {above.name} "
            f"({found:.3f} mm apart, the others {median:.3f} mm); add the missing slices",
            below.name,
        )
    raise IntakeError(
        RefusalCode.UNEQUAL_SPACING,
        f"slices are not evenly spaced: {found:.3f} mm to {above.name}, "
        f"elsewhere {median:.3f} mm; give one evenly spaced reconstruction",
        below.name,
    )


def _check_lateral(
    ordered: Sequence[DicomFile],
    positions: FloatArray,
    heights: FloatArray,
    normal: FloatArray,
) -> None:
    """Check that slices are stacked along their normal (no tilted gantry)."""
    along = np.outer(heights - heights[0], normal)
    beside = np.linalg.norm(positions - positions[0] - along, axis=1)
    pixel = min(ordered[0].numbers("PixelSpacing", 2, RefusalCode.ATTRIBUTE_MISSING))
    tolerance = max(LATERAL_TOLERANCE_MM, LATERAL_TOLERANCE_PIXELS * pixel)
    if beside.max() > tolerance:
        worst = int(beside.argmax())
        angle = np.degrees(np.arctan2(beside[worst], abs(heights[worst] - heights[0])))
        raise IntakeError(
            RefusalCode.GANTRY_TILT,
            f"slices are shifted against their normal by {angle:.1f} degrees (tilted gantry); "
            "give a series reconstructed without tilt",
            ordered[worst].name,
        )


def _check_orientation(geometry: SeriesGeometry, first: DicomFile) -> None:
    """Check that slices are axial, or exactly coronal or sagittal."""
    if abs(geometry.normal[2]) >= SMALLEST_AXIAL_COSINE or is_along_axes(geometry):
        return
    limit = np.degrees(np.arccos(SMALLEST_AXIAL_COSINE))
    raise IntakeError(
        RefusalCode.NOT_AXIAL,
        f"slices are {plane_name(geometry)} and {obliquity_degrees(geometry):.0f} degrees off the "
        f"patient axes; axial slices may be up to {limit:.0f} degrees off, coronal and sagittal "
        "ones not at all. Give the axial reconstruction",
        first.name,
    )


def _orientation_warnings(geometry: SeriesGeometry) -> list[IntakeWarning]:
    if not is_along_axes(geometry):
        angle = obliquity_degrees(geometry)
        message = f"Slices are oblique: {angle:.1f} degrees off the patient axes; shown as they are"
        return [IntakeWarning(code=WarningCode.OBLIQUE, message=message)]
    if plane_name(geometry) == "axial":
        return []
    message = (
        f"Acquired or reconstructed in {plane_name(geometry)} slices; shown in axial ones by "
        "reordering voxels, without resampling"
    )
    return [IntakeWarning(code=WarningCode.REFORMATTED_TO_AXIAL, message=message)]


def _doubts(first: DicomFile) -> list[IntakeWarning]:
    """Return warnings on what was accepted but should be seen."""
    warnings = []
    if not first.text("FrameOfReferenceUID"):
        warnings.append(
            IntakeWarning(
                code=WarningCode.NO_FRAME_OF_REFERENCE,
                message="FrameOfReferenceUID is absent; masks were matched by their grid alone",
            )
        )
    if first.text("RescaleType") == "US":
        warnings.append(
            IntakeWarning(
                code=WarningCode.RESCALE_UNSPECIFIED,
                message="RescaleType is US (unspecified); values were taken as Hounsfield units",
            )
        )
    return warnings
