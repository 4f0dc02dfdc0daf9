"""cohorts.dicom: what the person who imports decided beforehand, and answered since."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MULTI_PART_CHOICES = ("ask", "one", "several")


@dataclass(frozen=True, kw_only=True)
class IntakeOptions:
    """Decisions that hold for a whole upload.

    Attributes
    ----------
    node_structures, station_structures : tuple of str
        Shell patterns (``fnmatch``, letter case ignored) for the names of structures and segments
        that are nodes, or level ("station") masks. Empty: the names decide, and what they do not
        decide is asked.
    multi_part : str
        "ask", "one" or "several": what a structure of several parts without contact is.
    protect_faces : bool
        Whether the face is made unrecognisable (see `face`).
    secret : str
        Hexadecimal key of the cohort: UIDs and dates are replaced by it, so that a second import
        of the same patient matches. Never stored in a case or report.
    answers : mapping of str to str
        Answer by `Question.id`.
    """

    node_structures: tuple[str, ...] = ()
    station_structures: tuple[str, ...] = ()
    multi_part: str = "ask"
    protect_faces: bool = False
    secret: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.multi_part not in MULTI_PART_CHOICES:
            choices = ", ".join(MULTI_PART_CHOICES)
            raise ValueError(f"multi_part is '{self.multi_part}'; one of {choices} was expected")

    def to_dict(self) -> dict[str, Any]:
        """Return the options as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "IntakeOptions":
        """Build the options that `to_dict` described; absent keys have their defaults."""
        told = dict(record)
        for name in ("node_structures", "station_structures"):
            told[name] = tuple(told.get(name, ()))
        return cls(**told)
