"""How far pathology settles the final labels of a cohort: in its versions, and as they stand."""

from typing import NamedTuple

from annotation.models import ReferenceStandard
from annotation.reference_differences import Difference
from annotation.reference_identifiability import (
    SettledCounts,
    SettledLevel,
    Stored,
    settled_by_pathology,
    settled_counts,
    settled_levels,
)
from annotation.selectors.final_nodes import final_nodes_in
from annotation.selectors.pathology import locked_reports_in
from annotation.selectors.released import differences_of, reference_standards_of
from cohorts.models import Cohort


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
    return [
        settled_by_pathology(patient.pseudonym, nodes, reports.get(patient.pk))
        for patient, nodes in final_nodes_in(cohort)
    ]
