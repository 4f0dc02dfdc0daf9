"""How far pathology settles the final labels of a cohort: in its versions, and as they stand."""

from collections import defaultdict
from typing import NamedTuple

from annotation.models import ReferenceStandard
from annotation.pathology_rules.details import LabelDetails
from annotation.reference_differences import Difference
from annotation.reference_identifiability import (
    FinalNode,
    SettledCounts,
    SettledLevel,
    Stored,
    settled_by_pathology,
    settled_counts,
    settled_levels,
)
from annotation.selectors.pathology import locked_reports_in
from annotation.selectors.released import differences_of, reference_standards_of
from annotation.selectors.standings import NodeStanding, standings
from cohorts.models import Cohort
from cohorts.selectors import current_masks_in


class ReleasedVersion(NamedTuple):
    """A version as its page shows it; levels and counts are None where it keeps none."""

    row: ReferenceStandard
    differences: list[Difference]
    levels: list[SettledLevel] | None
    counts: SettledCounts | None


def released_versions(cohort: Cohort) -> list[ReleasedVersion]:
    """Return every version with what it changed and what pathology settles, newest first."""
    return [
        ReleasedVersion(
            row=row,
            differences=differences_of(row),
            levels=None if row.identifiability is None else settled_levels(row.identifiability),
            counts=None if row.identifiability is None else settled_counts(row.identifiability),
        )
        for row in reference_standards_of(cohort)
    ]


def settled_in(cohort: Cohort) -> list[Stored]:
    """Return one entry per patient with final labels, by pseudonym."""
    reports = locked_reports_in(cohort)
    sizes_mm = {mask.node_id: mask.short_axis_mm for mask in current_masks_in(cohort)}
    nodes: dict[tuple[str, int], list[FinalNode]] = defaultdict(list)
    for standing in standings(cohort):
        if (found := _final(standing, sizes_mm[standing.node.pk])) is not None:
            nodes[standing.node.patient.pseudonym, standing.node.patient_id].append(found)
    return [
        settled_by_pathology(pseudonym, found, reports.get(patient))
        for (pseudonym, patient), found in sorted(nodes.items())
    ]


def _final(standing: NodeStanding, short_axis_mm: float) -> FinalNode | None:
    first, second, label = standing.first, standing.second, standing.consensus.label
    if first is None or second is None or label is None:
        return None
    details: tuple[LabelDetails, LabelDetails] = (first.details, second.details)
    return FinalNode(
        number=standing.node.number,
        label=label,
        short_axis_mm=short_axis_mm,
        labels=(first.label, second.label),
        details=details,
    )
