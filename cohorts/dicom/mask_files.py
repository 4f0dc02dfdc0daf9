"""cohorts.dicom: what every kind of mask file gives: its structures, then the voxels of some."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.masks import MOST_NODES, NodeMaskInput
from cohorts.dicom.source_files import SourceFile
from cohorts.dicom.structures import Structure


@dataclass(frozen=True, kw_only=True)
class StructureVoxels:
    """What was read of the structures that were wanted.

    Attributes
    ----------
    found : list of NodeMaskInput
        In order of label, which is the structure's number.
    empty : list of int
        Numbers of structures that hold no voxel.
    notes : list of str
        What was left out, by number; without names.
    """

    found: list[NodeMaskInput]
    empty: list[int]
    notes: list[str]


@dataclass(frozen=True, kw_only=True)
class MaskFile:
    """A mask file whose structures are known; voxels are read for those that are chosen.

    Attributes
    ----------
    file : SourceFile
    structures : tuple of Structure
    read : callable
        From numbers of structures to their voxels.
    names_expected : bool
        Whether structures without names must be asked about.
    holds_stations : bool
        Whether every structure is a station.
    notes : tuple of str
    """

    file: SourceFile
    structures: tuple[Structure, ...]
    read: Callable[[Collection[int]], StructureVoxels]
    names_expected: bool = False
    holds_stations: bool = False
    notes: tuple[str, ...] = ()


def check_count(count: int, what: str, file: SourceFile) -> None:
    """Refuse more nodes than any patient has."""
    if count > MOST_NODES:
        raise IntakeError(
            RefusalCode.MASK_VALUES,
            f"holds {count} {what}; at most {MOST_NODES} are accepted",
            file.name,
        )


def unreadable(file: SourceFile, kind: str) -> IntakeError:
    """Return the refusal of a file that its format's reader cannot read."""
    return IntakeError(
        RefusalCode.UNREADABLE, f"cannot be read as {kind}; export it again", file.name
    )
