"""cohorts.dicom: the nodes of a case as one DICOM Segmentation of its CT, one segment per node.

BINARY, frames only where a segment has voxels, each placed by its own position. Segments keep
their voxels where nodes overlap. `segmentation` reads it back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID

from cohorts.dicom.ct_images import (
    CT_IMAGE_STORAGE,
    CaseNames,
    CTImages,
    derived_uid,
    describe_case,
    orientation_of,
    pixel_spacing_of,
    position_of,
    slice_spacing_of,
)
from cohorts.dicom.geometry import BoundingBox

SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4"
FRAMES_AT_ONCE = 8
"""Eight frames of single bits end with a whole byte, whatever their size."""
ANATOMICAL_STRUCTURE = ("123037004", "SCT", "Anatomical Structure")
LYMPH_NODE = ("59441001", "SCT", "Lymph node")
SEGMENTATION = ("113076", "DCM", "Segmentation")
SOURCE_IMAGE = ("121322", "DCM", "Source image for image processing operation")
STUDY_ATTRIBUTES = (
    "StudyDate",
    "StudyTime",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
    "PatientSex",
    "PatientAge",
)


@dataclass(frozen=True, kw_only=True)
class NodeSegment:
    """One node: ``box`` on the CT grid and its voxels within it (z, y, x).

    Its name is not among it: free text of a source may tell who it is or what it was.
    ``description`` says which version of the mask it is. ``tool`` is what helped a person to draw
    it; empty: nothing that is known of.
    """

    number: int
    uid: str
    box: BoundingBox
    voxels: NDArray[np.bool_]
    description: str = ""
    tool: str = ""

    @property
    def slices(self) -> list[int]:
        """Slices with at least one voxel, ascending."""
        start = self.box.start_zyx[0]
        return [start + int(offset) for offset in np.flatnonzero(self.voxels.any(axis=(1, 2)))]


@dataclass(frozen=True, kw_only=True)
class SegmentationSource:
    """What tells one segmentation of a case from the next: names and date of its masks.

    Attributes
    ----------
    masks : tuple of str
        What each mask is known by, digest included: another one makes another SOP instance.
    date, time : str
        When the newest of them came, YYYYMMDD and HHMMSS.
    software : str
        Version of Nodewise.
    """

    masks: tuple[str, ...]
    date: str
    time: str
    software: str

    def uid(self, names: CaseNames) -> str:
        """Return the SOP Instance UID."""
        return derived_uid(names.seed, "seg", *self.masks)


def segmentation_header(
    nodes: Sequence[NodeSegment], images: CTImages, source: SegmentationSource
) -> Dataset:
    """Build the Segmentation without Pixel Data.

    Parameters
    ----------
    nodes : sequence of NodeSegment
        At least one, in ascending order of number. Segments are counted from 1 as the standard
        asks; a node's own number stands in the segment's label.
    images : CTImages
        The CT on whose grid the nodes lie.
    source : SegmentationSource

    Returns
    -------
    pydicom Dataset

    References
    ----------
    DICOM PS3.3 A.51 (Segmentation IOD), C.8.20.2, C.7.6.16 (functional groups), C.7.6.17
    (dimensions); codes from PS3.16 CID 7150 and CID 7173.
    """
    header = Dataset()
    for keyword in STUDY_ATTRIBUTES:
        if keyword in images.common:
            header[keyword] = images.common[keyword]
    describe_case(header, images.names)
    for keyword in ("AcquisitionNumber", "KVP", "Laterality", "PatientPosition"):
        delattr(header, keyword)
    _describe_series(header, images, source)
    _describe_segments(header, nodes)
    header.ReferencedSeriesSequence = [_references(images, range(len(images)))]
    frames = [(segment, z) for segment, node in enumerate(nodes, 1) for z in node.slices]
    header.NumberOfFrames = len(frames)
    header.SharedFunctionalGroupsSequence = [_shared_groups(images)]
    places = {z: place for place, z in enumerate(sorted({z for _, z in frames}), 1)}
    header.PerFrameFunctionalGroupsSequence = [
        _frame_groups(images, segment, z, places[z]) for segment, z in frames
    ]
    return header


def segmentation_frames(
    nodes: Sequence[NodeSegment], shape_yx: tuple[int, int]
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield segment number and plane (rows, columns) of 0 and 1 of each frame, in file order."""
    for segment, node in enumerate(nodes, start=1):
        _, rows, columns = node.box.slices
        for z in node.slices:
            plane = np.zeros(shape_yx, dtype=np.uint8)
            plane[rows, columns] = node.voxels[z - node.box.start_zyx[0]]
            yield segment, plane


def packed_frames(nodes: Sequence[NodeSegment], shape_yx: tuple[int, int]) -> Iterator[bytes]:
    """Yield the Pixel Data, eight frames at a time: single bits, the first pixel lowest.

    References
    ----------
    DICOM PS3.5 section 8.1.1: frames of single bits follow each other without padding.
    """
    waiting: list[NDArray[np.uint8]] = []
    for _, plane in segmentation_frames(nodes, shape_yx):
        waiting.append(plane)
        if len(waiting) == FRAMES_AT_ONCE:
            yield np.packbits(np.stack(waiting), bitorder="little").tobytes()
            waiting = []
    if waiting:
        yield np.packbits(np.stack(waiting), bitorder="little").tobytes()


def packed_length(nodes: Sequence[NodeSegment], shape_yx: tuple[int, int]) -> int:
    """Return the length of the Pixel Data in bytes, without the padding to an even number."""
    frames = sum(len(node.slices) for node in nodes)
    return (frames * shape_yx[0] * shape_yx[1] + 7) // 8


def _describe_series(header: Dataset, images: CTImages, source: SegmentationSource) -> None:
    header.SOPClassUID, header.Modality = SEGMENTATION_STORAGE, "SEG"
    header.SOPInstanceUID = source.uid(images.names)
    header.SeriesInstanceUID = images.names.segmentation_series_uid
    header.SeriesNumber, header.InstanceNumber = 100, 1
    header.SeriesDescription = header.ContentDescription = "Lymph nodes"
    header.Manufacturer = header.ManufacturerModelName = "Nodewise"
    header.SoftwareVersions, header.DeviceSerialNumber = source.software, "none"
    header.ContentDate, header.ContentTime = source.date, source.time
    header.ContentLabel, header.ContentCreatorName = "NODES", None
    header.ImageType = ["DERIVED", "PRIMARY"]
    header.LossyImageCompression, header.BurnedInAnnotation = "00", "NO"
    _, header.Rows, header.Columns = images.geometry.shape_zyx
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated = header.BitsStored = 1
    header.HighBit = header.PixelRepresentation = 0
    _describe_dimensions(header, images)


def _describe_dimensions(header: Dataset, images: CTImages) -> None:
    """Frames are counted by segment, then by place."""
    organisation = Dataset()
    organisation.DimensionOrganizationUID = derived_uid(images.names.seed, "seg dimensions")
    header.DimensionOrganizationSequence = [organisation]
    header.DimensionIndexSequence = [
        _dimension(organisation.DimensionOrganizationUID, index, group)
        for index, group in (
            ("ReferencedSegmentNumber", "SegmentIdentificationSequence"),
            ("ImagePositionPatient", "PlanePositionSequence"),
        )
    ]


def _dimension(organisation: UID, index: str, group: str) -> Dataset:
    item = Dataset()
    item.DimensionOrganizationUID = organisation
    item.DimensionIndexPointer, item.FunctionalGroupPointer = Tag(index), Tag(group)
    item.DimensionDescriptionLabel = index
    return item


def _describe_segments(header: Dataset, nodes: Sequence[NodeSegment]) -> None:
    header.SegmentationType, header.SegmentsOverlap = "BINARY", "UNDEFINED"
    header.SegmentSequence = [_segment(number, node) for number, node in enumerate(nodes, start=1)]


def _segment(number: int, node: NodeSegment) -> Dataset:
    item = Dataset()
    item.SegmentNumber = number
    item.SegmentLabel = f"Node {node.number}"
    if node.description:
        item.SegmentDescription = node.description
    item.SegmentAlgorithmType = "SEMIAUTOMATIC" if node.tool else "MANUAL"
    if node.tool:
        item.SegmentAlgorithmName = node.tool
    item.SegmentedPropertyCategoryCodeSequence = [_code(ANATOMICAL_STRUCTURE)]
    item.SegmentedPropertyTypeCodeSequence = [_code(LYMPH_NODE)]
    item.TrackingID, item.TrackingUID = item.SegmentLabel, node.uid
    return item


def _code(words: tuple[str, str, str]) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = words
    return item


def _references(images: CTImages, slices: Sequence[int]) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = images.names.ct_series_uid
    item.ReferencedInstanceSequence = [_reference(images, z) for z in slices]
    return item


def _reference(images: CTImages, z: int) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT_IMAGE_STORAGE, images.uid(z)
    return item


def _shared_groups(images: CTImages) -> Dataset:
    measures = Dataset()
    measures.PixelSpacing = pixel_spacing_of(images.geometry)
    measures.SliceThickness = slice_spacing_of(images.geometry)
    measures.SpacingBetweenSlices = slice_spacing_of(images.geometry)
    orientation = Dataset()
    orientation.ImageOrientationPatient = orientation_of(images.geometry)
    shared = Dataset()
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [orientation]
    return shared


def _frame_groups(images: CTImages, segment: int, z: int, place: int) -> Dataset:
    content, position, identified = Dataset(), Dataset(), Dataset()
    content.DimensionIndexValues = [segment, place]
    position.ImagePositionPatient = position_of(images.geometry, z)
    identified.ReferencedSegmentNumber = segment
    source = _reference(images, z)
    source.SpatialLocationsPreserved = "YES"
    source.PurposeOfReferenceCodeSequence = [_code(SOURCE_IMAGE)]
    derivation = Dataset()
    derivation.SourceImageSequence = [source]
    derivation.DerivationCodeSequence = [_code(SEGMENTATION)]
    groups = Dataset()
    groups.FrameContentSequence = [content]
    groups.PlanePositionSequence = [position]
    groups.SegmentIdentificationSequence = [identified]
    groups.DerivationImageSequence = [derivation]
    return groups
