"""cohorts.dicom: a DICOM SEG, its segments placed on the CT grid frame by frame."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.utils import iter_pixels

from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.masks import MOST_NODES, NodeMaskInput, check_label, node_from_voxels
from cohorts.dicom.pixels import NATIVE_SYNTAXES
from cohorts.dicom.source_files import SourceFile

PLACE_TOLERANCE_VOXELS = 0.1
DIRECTION_TOLERANCE = 1e-3
MOST_FRAMES = 100_000


def read_segmentation(
    file: SourceFile, geometry: SeriesGeometry
) -> tuple[list[NodeMaskInput], list[str]]:
    """Read a BINARY or LABELMAP segmentation in which every segment is one node.

    Frames may be sparse and in any order; segments may overlap and are kept whole. Each frame is
    placed by its own position. Nothing is resampled.

    Parameters
    ----------
    file : SourceFile
    geometry : SeriesGeometry
        Grid and frame of reference of the CT series.

    Returns
    -------
    nodes : list of NodeMaskInput
        In ascending order of segment number, which is the label.
    notes : list of str
        Segments without a voxel, by number.

    Raises
    ------
    IntakeError
        If the file is unreadable, of another type, in another frame of reference, not on the CT
        grid, or empty.

    References
    ----------
    DICOM PS3.3 A.51, C.8.20; PS3.5 section 8.1.1 for the packing of single bits.
    """
    try:
        dataset = pydicom.dcmread(file.path, force=True)
        names = _segment_names(dataset)
        _check_header(file, dataset, geometry)
        voxels = _voxels_by_segment(file, dataset, geometry)
    except IntakeError:
        raise
    except UNREADABLE_ERRORS as error:
        raise IntakeError(
            RefusalCode.UNREADABLE,
            "cannot be read as a DICOM segmentation; export it again",
            file.name,
        ) from error
    return _nodes_of(file, names, voxels)


def _segment_names(dataset: Dataset) -> dict[int, str]:
    return {
        int(segment.SegmentNumber): str(segment.get("SegmentLabel") or "")
        for segment in dataset.SegmentSequence
    }


def _check_header(file: SourceFile, dataset: Dataset, geometry: SeriesGeometry) -> None:
    kind = str(dataset.get("SegmentationType"))
    if kind not in {"BINARY", "LABELMAP"}:
        raise IntakeError(
            RefusalCode.MASK_TYPE,
            f"SegmentationType is {kind[:20]}; BINARY or LABELMAP is expected",
            file.name,
        )
    if str(dataset.get("FrameOfReferenceUID") or "") != geometry.frame_of_reference_uid:
        raise IntakeError(
            RefusalCode.MASK_FRAME_OF_REFERENCE,
            "FrameOfReferenceUID differs from the CT's: the mask was made on another scan. "
            "Give the segmentation of this CT",
            file.name,
        )
    if (int(dataset.Rows), int(dataset.Columns)) != geometry.shape_zyx[1:]:
        raise _off_grid(file, f"has {dataset.Rows} rows and {dataset.Columns} columns")
    if not 1 <= int(dataset.NumberOfFrames) <= MOST_FRAMES:
        raise IntakeError(RefusalCode.MASK_VALUES, "NumberOfFrames is out of range", file.name)


def _voxels_by_segment(
    file: SourceFile, dataset: Dataset, geometry: SeriesGeometry
) -> dict[int, list[NDArray[np.int64]]]:
    """Return each segment's voxel indices (z, y, x), one array per frame."""
    shared = dataset.get("SharedFunctionalGroupsSequence") or [Dataset()]
    groups = dataset.PerFrameFunctionalGroupsSequence
    labelmap = dataset.SegmentationType == "LABELMAP"
    voxels: dict[int, list[NDArray[np.int64]]] = defaultdict(list)
    for group, plane in zip(groups, _planes(file, dataset), strict=True):
        z = _slice_index(file, group, shared[0], geometry)
        if labelmap:
            numbers = [int(value) for value in np.unique(plane) if value]
        else:
            numbers = [_segment_number(group, shared[0])]
        for number in numbers:
            rows, columns = np.nonzero(plane == number if labelmap else plane)
            index = np.stack((np.full_like(rows, z), rows, columns), axis=1)
            voxels[number].append(index)
    return voxels


def _planes(file: SourceFile, dataset: Dataset) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames one at a time, so that a large SEG never stands in memory unpacked."""
    frames, size = int(dataset.NumberOfFrames), int(dataset.Rows) * int(dataset.Columns)
    bits = int(dataset.BitsAllocated)
    if len(dataset.PerFrameFunctionalGroupsSequence) != frames:
        raise IntakeError(
            RefusalCode.UNREADABLE,
            "PerFrameFunctionalGroupsSequence must have one item per frame",
            file.name,
        )
    if str(dataset.file_meta.TransferSyntaxUID) not in NATIVE_SYNTAXES:
        yield from iter_pixels(dataset)
        return
    if len(dataset.PixelData) * 8 < frames * size * bits:
        raise IntakeError(
            RefusalCode.PIXELS_TRUNCATED, "the pixel data is cut off; copy it again", file.name
        )
    if bits != 1:
        yield from iter_pixels(dataset)
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


def _slice_index(
    file: SourceFile, group: Dataset, shared: Dataset, geometry: SeriesGeometry
) -> int:
    """Return the CT slice that a frame lies on."""
    orientation = _functional_group("PlaneOrientationSequence", group, shared)
    measures = _functional_group("PixelMeasuresSequence", group, shared)
    position = _functional_group("PlanePositionSequence", group, shared)
    cosines = np.array([float(value) for value in orientation.ImageOrientationPatient])
    expected = (*geometry.row_direction, *geometry.column_direction)
    if np.abs(cosines - expected).max() > DIRECTION_TOLERANCE:
        raise _off_grid(file, "has another ImageOrientationPatient")
    spacing = [float(value) for value in measures.PixelSpacing]
    if not np.allclose(spacing, geometry.spacing_zyx_mm[1:], rtol=1e-3, atol=0):
        raise _off_grid(file, "has another PixelSpacing")
    origin = [float(value) for value in position.ImagePositionPatient]
    index = geometry.lps_mm_to_voxel(origin)
    z = int(np.rint(index[0]))
    if np.abs(index - (z, 0, 0)).max() > PLACE_TOLERANCE_VOXELS:
        raise _off_grid(file, "has a frame that lies on no CT slice")
    if not 0 <= z < geometry.shape_zyx[0]:
        raise _off_grid(file, "has a frame outside the CT")
    return z


def _off_grid(file: SourceFile, found: str) -> IntakeError:
    return IntakeError(
        RefusalCode.MASK_GRID,
        f"{found}; a segmentation must have the grid of its CT. Export it on the original CT grid",
        file.name,
    )


def _nodes_of(
    file: SourceFile, names: dict[int, str], voxels: dict[int, list[NDArray[np.int64]]]
) -> tuple[list[NodeMaskInput], list[str]]:
    nodes, notes = [], []
    for number in sorted(names.keys() | voxels.keys()):
        check_label(number, file.name)
        index = np.concatenate(voxels.get(number) or [np.empty((0, 3), dtype=np.int64)])
        if len(index):
            nodes.append(node_from_voxels(number, names.get(number, ""), index))
        else:
            notes.append(f"{file.name}: segment {number} is empty and was left out")
    if not nodes:
        raise IntakeError(
            RefusalCode.MASK_EMPTY, "holds no node (every segment is empty)", file.name
        )
    if len(nodes) > MOST_NODES:
        raise IntakeError(
            RefusalCode.MASK_VALUES,
            f"holds {len(nodes)} segments; at most {MOST_NODES} nodes are accepted",
            file.name,
        )
    return nodes, notes
