"""cohorts.dicom: what is accepted but must stay visible with the case."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class WarningCode(StrEnum):
    """Stable codes: stored, shown and tested; a code is never renamed."""

    NO_FRAME_OF_REFERENCE = "no_frame_of_reference"
    RESCALE_UNSPECIFIED = "rescale_unspecified"
    REFORMATTED_TO_AXIAL = "reformatted_to_axial"
    OBLIQUE = "oblique"
    FOREIGN_FILES = "foreign_files"
    NO_NODES = "no_nodes"
    SMALL_NODE = "small_node"
    CUT_BY_BORDER = "cut_by_border"
    ONE_SLICE_NODE = "one_slice_node"
    OVERLAPPING_NODES = "overlapping_nodes"
    EMPTY_STRUCTURE = "empty_structure"
    MASK_IN_AIR = "mask_in_air"
    NO_STATION = "no_station"
    FACE_KEPT = "face_kept"
    BITS_IGNORED = "bits_ignored"
    OTHER_SERIES = "other_series"


@dataclass(frozen=True, kw_only=True)
class IntakeWarning:
    """One warning about a case.

    Attributes
    ----------
    code : WarningCode
    message : str
        A sentence without file names, identifiers or free text of the source: it is stored.
    node : int or None
        The label of the node concerned.
    """

    code: WarningCode
    message: str
    node: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the warning as plain JSON values."""
        return asdict(self)
