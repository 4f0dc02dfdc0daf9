"""cohorts.dicom: read the header of a file once, and say what kind of object it is."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.uid import UID

from cohorts.dicom.bounded_reading import read_bounded
from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.source_files import SourceFile

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = frozenset({f"{CT_IMAGE}.1", f"{CT_IMAGE}.2"})
MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
SECONDARY_CAPTURE_ROOT = "1.2.840.10008.5.1.4.1.1.7"
SEGMENTATION = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
UID_PATTERN = re.compile(r"\d+(\.\d+)+")
UID_LENGTH = 64

HEADER_KEYWORDS = [
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "FrameOfReferenceUID",
    "PatientID",
    "PatientName",
    "Modality",
    "ImageType",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "LossyImageCompression",
    "BurnedInAnnotation",
    "GantryDetectorTilt",
    "Manufacturer",
    "KVP",
    "SliceThickness",
    "ConvolutionKernel",
    "ContrastBolusAgent",
    "SpecificCharacterSet",
    "ReferencedSeriesSequence",
    "ReferencedFrameOfReferenceSequence",
]
"""All that intake ever looks at; the reader skips the rest of a header unparsed."""


class ObjectKind(StrEnum):
    """What a file is to intake."""

    CT = "ct"
    SEGMENTATION = "segmentation"
    STRUCTURE_SET = "structure_set"
    ENHANCED_CT = "enhanced_ct"
    SECONDARY_CAPTURE = "secondary_capture"
    DIRECTORY = "directory"
    OTHER = "other"


@dataclass(frozen=True)
class DicomFile:
    """A DICOM file, or one frame of it, with its header (no pixels).

    Attributes
    ----------
    file : SourceFile
    header : Dataset
        The attributes of `HEADER_KEYWORDS`. A frame's header reads like that of a single slice.
    kind : ObjectKind
    frame : int or None
        Index of the frame (from 0); None for a whole file.
    """

    file: SourceFile
    header: Dataset
    kind: ObjectKind
    frame: int | None = None
    _texts: dict[str, str] = field(default_factory=dict, compare=False, repr=False)
    _numbers: dict[str, tuple[float, ...]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The name as shown to people; frames are counted from 1."""
        if self.frame is None:
            return self.file.name
        return f"{self.file.name} (frame {self.frame + 1})"

    def text(self, keyword: str) -> str:
        """Return an attribute as stripped text; empty if absent."""
        if keyword not in self._texts:
            # Remembered: checks ask the same of every slice, and converting costs most of a check.
            self._texts[keyword] = str(self.header.get(keyword) or "").strip()
        return self._texts[keyword]

    @property
    def patient_id(self) -> str:
        """PatientID as found."""
        return self.text("PatientID")

    @property
    def series_uid(self) -> str:
        """SeriesInstanceUID as found."""
        return self.text("SeriesInstanceUID")

    @property
    def transfer_syntax(self) -> str:
        """TransferSyntaxUID of the file meta information; empty if there is none."""
        meta = getattr(self.header, "file_meta", None)
        return str(meta.get("TransferSyntaxUID", "") or "") if meta is not None else ""

    @property
    def image_type(self) -> tuple[str, ...]:
        """The values of ImageType in capitals."""
        # Of a file that gives it another VR it is one value of any type.
        value = self.header.get("ImageType") or ()
        parts = value if isinstance(value, list | tuple | MultiValue) else [value]
        return tuple(str(part).strip().upper() for part in parts)

    def numbers(self, keyword: str, count: int, missing: RefusalCode) -> tuple[float, ...]:
        """Return a numeric attribute.

        Parameters
        ----------
        keyword : str
            DICOM keyword.
        count : int
            How many values are expected.
        missing : RefusalCode
            The code to refuse with if the attribute is absent or empty.

        Raises
        ------
        IntakeError
            If the attribute is absent, has another number of values or is not finite.
        """
        if keyword in self._numbers:
            return self._numbers[keyword]
        value = self.header.get(keyword)
        if value is None or value == "":
            raise IntakeError(
                missing,
                f"{keyword} is absent; export the series again with this attribute",
                self.name,
            )
        try:
            values = tuple(float(item) for item in (value if count > 1 else [value]))
        except (TypeError, ValueError):
            values = ()
        if len(values) != count or not np.isfinite(values).all():
            raise IntakeError(
                RefusalCode.ATTRIBUTE_INVALID,
                f"{keyword} must hold {count} finite number(s); export the series again",
                self.name,
            )
        self._numbers[keyword] = values
        return values


def read_dicom_file(file: SourceFile) -> DicomFile | None:
    """Read a file's header.

    Returns
    -------
    DicomFile or None
        None if the file is not DICOM.

    Raises
    ------
    IntakeError
        If the file calls itself DICOM (by its first bytes or its name) but cannot be read.
    """
    try:
        header = _read_header(file, force=False)
    except InvalidDicomError:
        return _read_without_preamble(file)
    except IntakeError:
        raise
    except UNREADABLE_ERRORS as error:
        raise IntakeError(
            RefusalCode.UNREADABLE, "the DICOM header is damaged; copy the file again", file.name
        ) from error
    kind = _kind_of(header)
    if kind is ObjectKind.OTHER and not header.get("SOPClassUID"):
        # It may be a slice that broke before it said so: left out, the volume would end early.
        raise IntakeError(
            RefusalCode.UNREADABLE,
            "does not say what it is (SOPClassUID is absent): damaged, or no image; copy it again "
            "or remove it",
            file.name,
        )
    return DicomFile(file, header, kind)


def _read_without_preamble(file: SourceFile) -> DicomFile | None:
    """Accept old files that begin without preamble, if they hold a SOP class."""
    try:
        header = _read_header(file, force=True)
    except UNREADABLE_ERRORS:
        header = Dataset()
    if header.get("SOPClassUID"):
        return DicomFile(file, header, _kind_of(header))
    if file.name.casefold().endswith((".dcm", ".dicom", ".ima")):
        raise IntakeError(
            RefusalCode.NOT_DICOM,
            "named as a DICOM file but holds none; replace it with the real slice or remove it",
            file.name,
        )
    return None


def _read_header(file: SourceFile, *, force: bool) -> Dataset:
    header = read_bounded(
        file.path, name=file.name, keywords=HEADER_KEYWORDS, stop_before_pixels=True, force=force
    )
    for part in (header.file_meta, header):
        for tag in list(part.keys()):
            try:
                # pydicom turns bytes into values when first asked: here, where the file is known.
                _ = part[tag]
            except UNREADABLE_ERRORS as error:
                raise IntakeError(
                    RefusalCode.UNREADABLE,
                    f"{keyword_for_tag(tag) or tag} is damaged; export the file again",
                    file.name,
                ) from error
    return header


def _kind_of(header: Dataset) -> ObjectKind:
    sop_class = str(header.get("SOPClassUID") or "")
    modality = str(header.get("Modality") or "")
    if not sop_class and _media_class(header) == MEDIA_DIRECTORY:
        return ObjectKind.DIRECTORY
    if sop_class == CT_IMAGE or (not sop_class and modality == "CT"):
        return ObjectKind.CT
    if sop_class in ENHANCED_CT:
        return ObjectKind.ENHANCED_CT
    if sop_class in SEGMENTATION:
        return ObjectKind.SEGMENTATION
    if sop_class == STRUCTURE_SET:
        return ObjectKind.STRUCTURE_SET
    if sop_class.startswith(SECONDARY_CAPTURE_ROOT) and modality == "CT":
        return ObjectKind.SECONDARY_CAPTURE
    return ObjectKind.OTHER


def _media_class(header: Dataset) -> str:
    meta = getattr(header, "file_meta", None)
    return str(meta.get("MediaStorageSOPClassUID") or "") if meta is not None else ""


def kind_name(dicom_file: DicomFile) -> str:
    """Return the standard's name for what a file is, for a note to people."""
    name = UID(dicom_file.text("SOPClassUID")).name
    return name if name and not name[0].isdigit() else "an object of unknown class"


def require_uid(dicom_file: DicomFile, keyword: str) -> str:
    """Return a UID attribute.

    Raises
    ------
    IntakeError
        If it is absent, empty, or no UID.

    References
    ----------
    DICOM PS3.5 chapter 9.
    """
    uid = dicom_file.text(keyword)
    if not uid:
        raise IntakeError(
            RefusalCode.UID_MISSING,
            f"{keyword} is empty; slices without identifiers cannot be told apart safely. "
            "Export the series again with its UIDs",
            dicom_file.name,
        )
    if len(uid) > UID_LENGTH or not UID_PATTERN.fullmatch(uid):
        raise IntakeError(
            RefusalCode.UID_INVALID,
            f"{keyword} is not a UID (digits and dots, at most {UID_LENGTH} characters)",
            dicom_file.name,
        )
    return uid
