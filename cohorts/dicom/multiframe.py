"""cohorts.dicom: multi-frame CT, each frame with a header like that of a single slice."""

from collections.abc import Sequence

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset

from cohorts.dicom.bounded_reading import OBJECT_BOUNDS, read_bounded
from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.headers import HEADER_KEYWORDS, DicomFile, ObjectKind

SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"
CONVERTED = ("KVP", "SliceThickness", "ConvolutionKernel", "ContrastBolusAgent")
FUNCTIONAL_GROUPS: dict[str, tuple[str, ...]] = {
    "UnassignedSharedConvertedAttributesSequence": CONVERTED,
    "UnassignedPerFrameConvertedAttributesSequence": CONVERTED,
    "CTXRayDetailsSequence": ("KVP",),
    "CTReconstructionSequence": ("ConvolutionKernel",),
    "CTImageFrameTypeSequence": ("FrameType",),
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness"),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
}
"""Functional group -> the attributes that are read from it; a later group has the last word."""

OF_FRAMES_ONLY = (
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "NumberOfFrames",
)
"""Attributes that a multi-frame image has in its functional groups; elsewhere they are not read."""


def planes_of(dicom_file: DicomFile) -> list[DicomFile]:
    """Return the planes of a CT file: itself, or its frames in the order of the file.

    Parameters
    ----------
    dicom_file : DicomFile

    Returns
    -------
    list of DicomFile
        A single-frame image as it is; of an enhanced one, one entry per frame, whose header holds
        the frame's own position, orientation, spacing and rescale by their usual keywords.

    Raises
    ------
    IntakeError
        If the functional groups are absent, damaged, or not one per frame.

    References
    ----------
    DICOM PS3.3 C.7.6.16 (functional groups), A.38.1 (Enhanced CT), A.70 (Legacy Converted).
    """
    if dicom_file.kind is not ObjectKind.ENHANCED_CT:
        return [dicom_file]
    try:
        base = read_bounded(
            dicom_file.file.path,
            name=dicom_file.name,
            keywords=[*HEADER_KEYWORDS, SHARED, PER_FRAME],
            bounds=OBJECT_BOUNDS,
            stop_before_pixels=True,
            force=True,
        )
        shared, frames = list(base.get(SHARED) or []), list(base.get(PER_FRAME) or [])
        _check_count(dicom_file, frames, base.get("NumberOfFrames"))
        _prepare(base, shared)
        headers = [_header_of(base, group) for group in frames]
    except IntakeError:
        raise
    except UNREADABLE_ERRORS as error:
        raise IntakeError(
            RefusalCode.UNREADABLE,
            "the functional groups of the multi-frame image are damaged; export it again",
            dicom_file.name,
        ) from error
    return [
        DicomFile(dicom_file.file, header, ObjectKind.ENHANCED_CT, frame)
        for frame, header in enumerate(headers)
    ]


def _check_count(dicom_file: DicomFile, frames: Sequence[Dataset], claimed: object) -> None:
    if not frames or str(claimed) != str(len(frames)):
        raise IntakeError(
            RefusalCode.ENHANCED_MULTI_FRAME,
            f"NumberOfFrames is {str(claimed)[:12]} and {PER_FRAME} has {len(frames)} items; a "
            "multi-frame CT has one item per frame. Export it again, or one file per slice",
            dicom_file.name,
        )


def _prepare(base: FileDataset, shared: Sequence[Dataset]) -> None:
    """Turn the header of the file into what all its frames share."""
    for keyword in (*OF_FRAMES_ONLY, SHARED, PER_FRAME):
        if keyword in base:
            delattr(base, keyword)
    for group in shared[:1]:
        _take(base, group)


def _header_of(base: FileDataset, group: Dataset) -> Dataset:
    header = Dataset()
    header.file_meta = base.file_meta
    for element in base:
        header[element.tag] = element
    _take(header, group)
    return header


def _take(header: Dataset, group: Dataset) -> None:
    """Copy the attributes of functional groups into a flat header."""
    for name, keywords in FUNCTIONAL_GROUPS.items():
        for item in list(group.get(name) or [])[:1]:
            for keyword in keywords:
                if keyword in item:
                    # A new entry, never a new value: frames share the elements of the file.
                    element = _named_like_a_slice(item[keyword])
                    header[element.tag] = element


def _named_like_a_slice(element: DataElement) -> DataElement:
    if element.keyword == "FrameType":
        return DataElement("ImageType", "CS", element.value)
    return element
