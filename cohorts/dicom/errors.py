"""cohorts.dicom: the one family of refusals that intake can answer with."""

import struct
import zlib
from enum import StrEnum

from pydicom.errors import BytesLengthException

UNREADABLE_ERRORS: tuple[type[Exception], ...] = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    NotImplementedError,
    OverflowError,
    ArithmeticError,
    RecursionError,
    RuntimeError,
    EOFError,
    OSError,
    struct.error,
    zlib.error,
    BytesLengthException,
)
"""What parsers of foreign bytes are known to raise; intake turns each into a refusal."""


class RefusalCode(StrEnum):
    """Stable codes: stored, shown and tested; a code is never renamed."""

    NO_CT = "no_ct"
    NOT_DICOM = "not_dicom"
    UNREADABLE = "unreadable"
    ENHANCED_MULTI_FRAME = "enhanced_multi_frame"
    SECONDARY_CAPTURE = "secondary_capture"
    NOT_CT_MODALITY = "not_ct_modality"
    UID_MISSING = "uid_missing"
    UID_INVALID = "uid_invalid"
    TWO_PATIENTS = "two_patients"
    TWO_SERIES = "two_series"
    ATTRIBUTE_MISSING = "attribute_missing"
    ATTRIBUTE_INVALID = "attribute_invalid"
    NO_POSITION = "no_position"
    NO_RESCALE = "no_rescale"
    NOT_HOUNSFIELD = "not_hounsfield"
    BURNED_IN = "burned_in_annotation"
    TRANSFER_SYNTAX = "transfer_syntax"
    LOSSY = "lossy_pixels"
    PIXELS_TRUNCATED = "pixels_truncated"
    PIXELS_UNDECODABLE = "pixels_undecodable"
    IMAGE_TOO_LARGE = "image_too_large"
    MIXED_SHAPES = "mixed_shapes"
    MIXED_ORIENTATIONS = "mixed_orientations"
    MIXED_FRAMES_OF_REFERENCE = "mixed_frames_of_reference"
    TOO_FEW_SLICES = "too_few_slices"
    DUPLICATE_INSTANCE = "duplicate_instance"
    DUPLICATE_POSITION = "duplicate_position"
    MISSING_SLICE = "missing_slice"
    UNEQUAL_SPACING = "unequal_spacing"
    GANTRY_TILT = "gantry_tilt"
    NOT_AXIAL = "not_axial"
    MASK_UNATTRIBUTED = "mask_unattributed"
    MASK_GRID = "mask_grid"
    MASK_EMPTY = "mask_empty"
    MASK_VALUES = "mask_values"
    MASK_LABELS_CLASH = "mask_labels_clash"
    MASK_FRAME_OF_REFERENCE = "mask_frame_of_reference"
    MASK_TYPE = "mask_type"
    ARCHIVE_DAMAGED = "archive_damaged"
    ARCHIVE_ENCRYPTED = "archive_encrypted"
    ARCHIVE_NESTED = "archive_nested"
    ARCHIVE_PATH = "archive_path"
    ARCHIVE_RATIO = "archive_ratio"
    ARCHIVE_SIZE = "archive_size"
    ARCHIVE_ENTRIES = "archive_entries"
    OUT_OF_MEMORY = "out_of_memory"
    OUT_OF_TIME = "out_of_time"
    READER_DIED = "reader_died"
    NOT_PRIMARY = "not_primary"
    ARCHIVE_METHOD = "archive_method"
    ARCHIVE_DUPLICATE = "archive_duplicate"
    ARCHIVE_OVERLAP = "archive_overlap"
    DISK_FULL = "disk_full"
    OUTPUT_SIZE = "output_size"
    TOO_COMPLEX = "too_complex"
    REMOTE_NOT_INSTALLED = "remote_not_installed"
    REMOTE_UNREACHABLE = "remote_unreachable"
    REMOTE_TLS = "remote_tls"
    REMOTE_AUTHENTICATION = "remote_authentication"
    REMOTE_REDIRECT = "remote_redirect"
    REMOTE_NOT_FOUND = "remote_not_found"
    REMOTE_CONTENT_TYPE = "remote_content_type"
    REMOTE_TIME_OUT = "remote_time_out"
    REMOTE_FAULT = "remote_fault"
    REMOTE_TOO_LARGE = "remote_too_large"
    REMOTE_COUNT = "remote_count"
    MASK_DETACHED = "mask_detached"
    MASK_TWICE = "mask_twice"
    MASK_AMBIGUOUS = "mask_ambiguous"
    LABEL_TABLE = "label_table"
    NO_MASKS = "no_masks"
    PROGRAM_FAILED = "program_failed"


class IntakeError(ValueError):
    """An input that is refused whole.

    Parameters
    ----------
    code : RefusalCode
        What is wrong, for programs.
    message : str
        A sentence for the person who uploaded: attribute, what was expected, what to do.
    file : str
        The file concerned, by the relative name under which it was given; may be empty.
    """

    def __init__(self, code: RefusalCode, message: str, file: str = "") -> None:
        super().__init__(f"{file}: {message}" if file else message)
        self.code = code
        self.message = message
        self.file = file

    def as_dict(self) -> dict[str, str]:
        """Return code, message and file as plain strings."""
        return {"code": str(self.code), "message": self.message, "file": self.file}

    @classmethod
    def from_dict(cls, record: dict[str, str]) -> "IntakeError":
        """Build the refusal that `as_dict` described."""
        return cls(RefusalCode(record["code"]), record["message"], record["file"])
