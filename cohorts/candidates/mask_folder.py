"""cohorts.candidates: a folder of mask files -> proposals on the grid of a case.

The readers of intake, with their checks and refusals: NIfTI and NRRD label maps (with tables of
names), DICOM SEG, RTSTRUCT. Names decide what is a node and what a station, as at intake.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cohorts.candidates.interface import Proposal, ProposalKind, Proposals
from cohorts.dicom.errors import UNREADABLE_ERRORS, IntakeError, RefusalCode
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.mask_files import MaskFile
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.patient_masks import choice_of, open_masks
from cohorts.dicom.patients import masks_below
from cohorts.dicom.questions import Question
from cohorts.dicom.references import ScanReference
from cohorts.dicom.stations import parse_station

SCORES = "scores.json"
LARGEST_SCORES = 256 * 1024
Scores = Mapping[str, Mapping[str, float]]


def read_proposals(
    folder: Path, geometry: SeriesGeometry, scan: ScanReference, options: IntakeOptions
) -> Proposals:
    """Read every mask below a folder.

    Parameters
    ----------
    folder : Path
        Mask files, and optionally ``scores.json``: ``{"nodes.nii.gz": {"3": 0.91}}`` by the file's
        name and the structure's number.
    geometry : SeriesGeometry
        The grid on which the masks must lie.
    scan : ScanReference
        The CT that DICOM masks must refer to.
    options : IntakeOptions
        ``node_structures`` and ``station_structures`` decide where names do not.

    Returns
    -------
    Proposals
        None at all where the folder holds no mask.

    Raises
    ------
    IntakeError
        If a mask is unreadable, not on the grid, of another scan, or its names do not say what its
        structures are; then nothing is proposed.
    """
    given = masks_below(folder)
    scores = _scores(folder / SCORES)
    notes = [note for note in given.notes if not note.startswith(SCORES)]
    found: list[Proposal] = []
    for mask_file in open_masks(given, geometry, scan):
        proposals, more = _of_file(mask_file, options, scores.get(mask_file.file.name, {}))
        found += proposals
        notes += more
    return Proposals(found=tuple(found), notes=tuple(notes))


def _of_file(
    mask_file: MaskFile, options: IntakeOptions, scores: Mapping[str, float]
) -> tuple[list[Proposal], list[str]]:
    name, choice = mask_file.file.name, choice_of(mask_file, options)
    if isinstance(choice, Question):
        raise IntakeError(
            RefusalCode.MASK_AMBIGUOUS,
            "the names of its structures do not say whether they are nodes or stations; the "
            "operator gives node_structures and station_structures in the provider's settings",
            name,
        )
    voxels = mask_file.read(choice.nodes | choice.stations)
    notes = [*mask_file.notes, *voxels.notes]
    notes += [f"{name}: structure {number} is empty" for number in voxels.empty]
    found = []
    for mask in voxels.found:
        score = scores.get(str(mask.label))
        if mask.label in choice.nodes:
            found.append(Proposal.of(ProposalKind.NODE, mask, None, score))
        elif station := parse_station(mask.name):
            found.append(Proposal.of(ProposalKind.STATION, mask, station, score))
        else:
            notes.append(f"{name}: the name of structure {mask.label} tells no level of the neck")
    return found, notes


def _scores(path: Path) -> Scores:
    """Return the scores beside the masks; none where there is no such file."""
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as opened:
            told: Any = json.loads(opened.read(LARGEST_SCORES))
        scores = {
            str(file): {str(number): float(score) for number, score in of.items()}
            for file, of in told.items()
        }
    except UNREADABLE_ERRORS as error:
        raise _bad_scores() from error
    if any(not 0 <= score <= 1 for of in scores.values() for score in of.values()):
        raise _bad_scores()
    return scores


def _bad_scores() -> IntakeError:
    return IntakeError(
        RefusalCode.MASK_VALUES,
        "holds no scores; it is an object of file names, each with an object of structure numbers "
        "and their scores from 0 to 1",
        SCORES,
    )
