"""cohorts.dicom: a DICOM SEG, its segments placed on the CT grid frame by frame."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames

from cohorts.dicom.bounded_reading import MIB, OBJECT_BOUNDS, read_bounded
from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.grid_placement import GridPlacement, place_on_grid
from cohorts.dicom.mask_files import MaskFile, StructureVoxels, check_count, unreadable
from cohorts.dicom.masks import MaskParts, check_label
from cohorts.dicom.pixels import (
    LOSSLESS_SYNTAXES,
    NATIVE_SYNTAXES,
    check_coded_size,
    decoded_frames,
)
from cohorts.dicom.references import ScanReference
from cohorts.dicom.source_files import SourceFile
from cohorts.dicom.structures import Structure

MOST_FRAMES = 100_000
COMPRESSED_FRAME_BYTES = 1024
"""Headers and tables of one compressed frame."""
LYMPH_NODE_CODES = frozenset({"59441001", "T-C4000"})
"""Lymph node in SNOMED CT and in the older SNOMED RT (DICOM PS3.16 CID 7166 and its mapping)."""
NEAR_LOSSLESS = "1.2.840.10008.1.2.4.81"


def open_segmentation(file: SourceFile, geometry: SeriesGeometry, scan: ScanReference) -> MaskFile:
    """Read the header of a BINARY or LABELMAP segmentation; each segment is one structure.

    Frames may be sparse and in any order, of any orientation along the CT grid; segments may
    overlap and are kept whole. Each frame is placed by its own position. Nothing is resampled.

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
        Structures by segment number, which is the label.

    Raises
    ------
    IntakeError
        If the file is unreadable, of another type, or in another frame of reference; when voxels
        are read, if it is not on the CT grid or damaged.

    References
    ----------
    DICOM PS3.3 A.51, A.90 (label map), C.8.20; PS3.5 section 8.1.1 for the packing of single bits.
    """
    try:
        dataset = read_bounded(
            file.path,
            name=file.name,
            bounds=OBJECT_BOUNDS,
            stop_before_pixels=True,
            force=True,
        )
        structures = _structures(file, dataset)
        _check_header(file, dataset)
        notes = scan.check(file, {str(dataset.get("FrameOfReferenceUID") or "")}, dataset)
    except IntakeError:
        raise
    except UNREADABLE_ERRORS as error:
        raise unreadable(file, "a DICOM segmentation") from error

    def read(numbers: Collection[int]) -> StructureVoxels:
        try:
            parts = _parts_by_segment(file, dataset, geometry, numbers)
        except IntakeError:
            raise
        except UNREADABLE_ERRORS as error:
            raise unreadable(file, "a DICOM segmentation") from error
        nodes = {
            one.number: parts[one.number].node(one.number, one.name)
            for one in structures
            if one.number in numbers
        }
        return StructureVoxels(
            found=[node for node in nodes.values() if node is not None],
            empty=[number for number, node in nodes.items() if node is None],
            notes=[],
        )

    return MaskFile(file=file, structures=structures, read=read, notes=tuple(notes))


def _structures(file: SourceFile, dataset: Dataset) -> tuple[Structure, ...]:
    found: dict[int, Structure] = {}
    check_count(len(dataset.SegmentSequence) - 1, "segments beside a background", file)
    for segment in dataset.SegmentSequence:
        number = int(segment.get("SegmentNumber", 0))
        if number == 0 and dataset.get("SegmentationType") == "LABELMAP":
            continue  # the background of a label map may be described like a segment
        check_label(number, file.name)
        codes = segment.get("SegmentedPropertyTypeCodeSequence") or [Dataset()]
        found[number] = Structure(
            number=number,
            name=str(segment.get("SegmentLabel") or ""),
            coded_as_node=str(codes[0].get("CodeValue") or "") in LYMPH_NODE_CODES,
        )
    check_count(len(found), "segments", file)
    return tuple(found[number] for number in sorted(found))


def _check_header(file: SourceFile, dataset: Dataset) -> None:
    kind = str(dataset.get("SegmentationType"))
    if kind not in {"BINARY", "LABELMAP"}:
        raise IntakeError(
            RefusalCode.MASK_TYPE,
            f"SegmentationType is {kind[:20]}; BINARY or LABELMAP is expected",
            file.name,
        )
    if not 1 <= int(dataset.NumberOfFrames) <= MOST_FRAMES:
        raise IntakeError(RefusalCode.MASK_VALUES, "NumberOfFrames is out of range", file.name)
    if len(dataset.PerFrameFunctionalGroupsSequence) != int(dataset.NumberOfFrames):
        raise IntakeError(
            RefusalCode.UNREADABLE,
            "PerFrameFunctionalGroupsSequence must have one item per frame",
            file.name,
        )
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax not in LOSSLESS_SYNTAXES - {NEAR_LOSSLESS}:
        raise IntakeError(
            RefusalCode.TRANSFER_SYNTAX,
            "is compressed in a way that may change voxels or that cannot be decoded; export the "
            "segmentation uncompressed",
            file.name,
        )


def _parts_by_segment(
    file: SourceFile, dataset: Dataset, geometry: SeriesGeometry, wanted: Collection[int]
) -> dict[int, MaskParts]:
    """Return each wanted segment's voxels; every frame is placed before any is decoded."""
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    groups = dataset.PerFrameFunctionalGroupsSequence
    placements = _placements(file, dataset, groups, shared, geometry)
    _read_pixels(file, dataset)
    labelmap = dataset.SegmentationType == "LABELMAP"
    known = {int(segment.SegmentNumber) for segment in dataset.SegmentSequence}
    parts: dict[int, MaskParts] = defaultdict(MaskParts)
    for group, placement, plane in zip(groups, placements, _planes(file, dataset), strict=True):
        if labelmap:
            numbers = [int(value) for value in np.unique(plane) if value]
        else:
            numbers = [_segment_number(group, shared)]
        if not known.issuperset(numbers):
            raise IntakeError(
                RefusalCode.MASK_VALUES,
                "a frame names a segment that SegmentSequence does not describe",
                file.name,
            )
        for number in set(numbers).intersection(wanted):
            inside = plane == number if labelmap else plane != 0
            parts[number].add(placement.box.start_zyx, placement.oriented(inside[np.newaxis]))
    return parts


def _read_pixels(file: SourceFile, dataset: Dataset) -> None:
    """Read the pixel data that the header, now checked, asks for; more is refused unread."""
    frames, size = int(dataset.NumberOfFrames), int(dataset.Rows) * int(dataset.Columns)
    expected = frames * size * max(int(dataset.BitsAllocated), 1) // 8
    if str(dataset.file_meta.TransferSyntaxUID) not in NATIVE_SYNTAXES:
        expected = 2 * frames * (size + COMPRESSED_FRAME_BYTES)
    read = read_bounded(
        file.path,
        name=file.name,
        keywords=["PixelData"],
        bounds=replace(OBJECT_BOUNDS, pixel_bytes=expected + MIB),
        force=True,
    )
    dataset["PixelData"] = read["PixelData"]


def _planes(file: SourceFile, dataset: Dataset) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames one at a time, so that a large SEG never stands in memory unpacked."""
    frames, size = int(dataset.NumberOfFrames), int(dataset.Rows) * int(dataset.Columns)
    bits = int(dataset.BitsAllocated)
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax not in NATIVE_SYNTAXES:
        for coded in generate_frames(dataset.PixelData, number_of_frames=frames):
            check_coded_size(file.name, syntax, coded, dataset)
        yield from decoded_frames(dataset)
        return
    if len(dataset.PixelData) * 8 < frames * size * bits:
        raise IntakeError(
            RefusalCode.PIXELS_TRUNCATED, "the pixel data is cut off; copy it again", file.name
        )
    if bits != 1:
        yield from decoded_frames(dataset)
        return
    packed = np.frombuffer(dataset.PixelData, dtype=np.uint8)
    for frame in range(frames):
        # Frames follow each other without padding, so one may begin inside a byte.
        first_byte, first_bit = divmod(frame * size, 8)
        part = packed[first_byte : (frame * size + size + 7) // 8]
        unpacked = np.unpackbits(part, bitorder="little")[first_bit : first_bit + size]
        yield unpacked.reshape(int(dataset.Rows), int(dataset.Columns))


def _functional_group(keyword: str, group: Dataset, shared: Dataset) -> Dataset:
    """Return one functional group's item, the frame's own or the shared one."""
    item: Dataset = (group.get(keyword) or shared.get(keyword) or [Dataset()])[0]
    return item


def _segment_number(group: Dataset, shared: Dataset) -> int:
    item = _functional_group("SegmentIdentificationSequence", group, shared)
    return int(item.ReferencedSegmentNumber)


def _placements(
    file: SourceFile,
    dataset: Dataset,
    groups: Sequence[Dataset],
    shared: Dataset,
    geometry: SeriesGeometry,
) -> list[GridPlacement]:
    shape = (1, int(dataset.Rows), int(dataset.Columns))
    if min(shape) < 1 or max(shape) > max(geometry.shape_zyx):
        raise _off_grid(file, f"has {dataset.Rows} rows and {dataset.Columns} columns")
    return [_placement(file, group, shared, shape, geometry) for group in groups]


def _placement(
    file: SourceFile,
    group: Dataset,
    shared: Dataset,
    shape: tuple[int, int, int],
    geometry: SeriesGeometry,
) -> GridPlacement:
    """Return where a frame lies on the CT grid."""
    orientation = _functional_group("PlaneOrientationSequence", group, shared)
    measures = _functional_group("PixelMeasuresSequence", group, shared)
    position = _functional_group("PlanePositionSequence", group, shared)
    cosines = np.array([float(value) for value in orientation.ImageOrientationPatient])
    row, column = cosines[:3], cosines[3:]
    row_spacing, column_spacing = (float(value) for value in measures.PixelSpacing)
    normal = np.cross(row, column)
    # A frame has no thickness of its own: it counts as one voxel of the CT along its normal.
    along = np.abs(np.linalg.inv(geometry.affine_zyx_to_lps())[:3, :3] @ normal).max()
    if not along > 0:
        raise _off_grid(file, "has no usable ImageOrientationPatient")
    affine = np.eye(4)
    affine[:3, :3] = np.stack((normal / along, column * row_spacing, row * column_spacing), axis=1)
    affine[:3, 3] = [float(value) for value in position.ImagePositionPatient]
    placement = place_on_grid(affine, shape, geometry, lambda found: _off_grid(file, found))
    if not placement.is_within(geometry.shape_zyx):
        raise _off_grid(file, "has a frame outside the CT")
    return placement


def _off_grid(file: SourceFile, found: str) -> IntakeError:
    return IntakeError(
        RefusalCode.MASK_GRID,
        f"{found}; a segmentation must have the grid of its CT. Export it on the original CT grid",
        file.name,
    )
