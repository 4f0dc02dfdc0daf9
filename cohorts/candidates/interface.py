"""cohorts.candidates: what a provider of candidate masks is given, and what it answers.

`docs/candidate_providers.md` explains it to who writes one.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cohorts.dicom.geometry import BoundingBox, SeriesGeometry
from cohorts.dicom.masks import NodeMaskInput
from cohorts.dicom.stations import Station

MOST_PROPOSALS = 500
"""More than any neck has nodes and levels."""


class ProposalKind(StrEnum):
    """What a proposed mask is said to be."""

    NODE = "node"
    STATION = "station"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One proposed mask on the grid of the case.

    Attributes
    ----------
    kind : ProposalKind
    box : BoundingBox
        Where the mask lies on the grid.
    voxels : ndarray of bool, shape ``box.shape_zyx``, axes (z, y, x)
    station : Station or None
        Side and level; of stations only.
    score : float or None
        How sure the provider is, from 0 to 1; None where it does not say.
    """

    kind: ProposalKind
    box: BoundingBox
    voxels: NDArray[np.bool_]
    station: Station | None = None
    score: float | None = None

    def __post_init__(self) -> None:
        if self.voxels.shape != self.box.shape_zyx or not self.voxels.any():
            raise ValueError(f"voxels of shape {self.voxels.shape} do not fill the box {self.box}")
        if (self.station is None) == (self.kind is ProposalKind.STATION):
            raise ValueError(f"a {self.kind} came with the station {self.station}")
        if self.score is not None and not 0 <= self.score <= 1:
            raise ValueError(f"score is {self.score}; a number from 0 to 1 was expected")

    @classmethod
    def of(
        cls, kind: ProposalKind, mask: NodeMaskInput, station: Station | None, score: float | None
    ) -> "Proposal":
        """Return the proposal of a mask as the readers of `cohorts.dicom` give it."""
        return cls(kind=kind, box=mask.box, voxels=mask.mask, station=station, score=score)


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """What a provider answers for one case: proposals, best first or in any order, and notes."""

    found: tuple[Proposal, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CandidateCase:
    """One case as a provider gets it: de-identified, on the grid that Nodewise serves.

    Attributes
    ----------
    cohort, pseudonym : str
    geometry : SeriesGeometry
        Grid and frame of reference; proposals lie on it.
    ct_series_uid, frame_of_reference_uid : str
        As served by DICOMweb.
    volume_hu : callable
        Returns the CT: int16, axes (z, y, x), HU.
    dicom_files : callable
        Yields the CT as DICOM files: name and pieces of each.
    """

    cohort: str
    pseudonym: str
    geometry: SeriesGeometry
    ct_series_uid: str
    frame_of_reference_uid: str
    volume_hu: Callable[[], NDArray[np.int16]]
    dicom_files: Callable[[], Iterator[tuple[str, Iterable[bytes]]]]


def _nobody(_: str) -> None:
    return


@dataclass(frozen=True, kw_only=True)
class CandidateRequest:
    """A case, an empty folder to work in, and how to say that work goes on.

    ``go_on`` is called with a few words at least every few seconds; it raises where the run was
    stopped, and whatever the provider has begun must end then.
    """

    case: CandidateCase
    work_folder: Path
    go_on: Callable[[str], None] = field(default=_nobody)


class CandidateProvider(Protocol):
    """Proposes masks for a case. It is made anew for each run, in the worker.

    What it raises as IntakeError is told to the person who asked; the rest is a fault of the system
    and the run is tried again.
    """

    def propose(self, request: CandidateRequest) -> Proposals:
        """Return the proposals for one case."""
