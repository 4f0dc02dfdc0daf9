"""What coordinators and the analysis see: progress in counts, and released versions."""

import uuid
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404

from accounts.models import User
from annotation.consensus import SOURCES, Outcome
from annotation.models import Labelling, NodeLabel, ReferenceStandard
from annotation.reference_differences import Difference, differences
from annotation.reference_identifiability import Stored
from annotation.reference_table import ReferenceRow
from annotation.selectors.before_release import (
    missing_for_release,
    patients_without_report,
    warnings_to_release,
)
from annotation.selectors.final_check import FinalFinding
from annotation.selectors.standings import (
    annotators_of,
    labelled_patients,
    node_counts,
    standings,
    standings_alone,
)
from cohorts.models import Cohort
from cohorts.selectors import cohort_for, cohorts_of, has_role
from cohorts.vocabulary import NOT_DETERMINABLE, CohortRole


class TruthRow(NamedTuple):
    """One node's final category in a released version."""

    patient: str
    node: int
    mask_digest: str
    label: int


class ReleasedTruth(NamedTuple):
    """The newest released version: only nodes that have a category (0, 1 or 2)."""

    version: int
    digest: str
    rows: list[TruthRow]
    identifiability: list[Stored] | None
    """Per patient what pathology leaves open; None in versions from before it was kept."""


class LabelPair(NamedTuple):
    """The two submitted labels of one node, in the fixed order of the annotators."""

    patient: str
    node: int
    first: int
    second: int


@dataclass(frozen=True, kw_only=True)
class AnnotatorProgress:
    """How far one annotator is with one patient."""

    labelled: int
    state: str
    labelling: uuid.UUID | None


@dataclass(frozen=True, kw_only=True)
class PatientProgress:
    """One patient's progress: counts only, never a label."""

    pseudonym: str
    nodes: int
    annotators: list[AnnotatorProgress]
    agreed: int
    to_discuss: int
    agreed_in_discussion: int
    open: int
    adjudicated: int


@dataclass(frozen=True, kw_only=True)
class CohortProgress:
    """A cohort's way to its reference standard, in counts."""

    cohort: Cohort
    annotators: list[User]
    patients: list[PatientProgress]
    missing: list[ValidationError]
    warnings: list[FinalFinding]
    without_report: list[str]

    @property
    def nodes(self) -> int:
        return sum(patient.nodes for patient in self.patients)

    @property
    def agreed(self) -> int:
        return sum(patient.agreed for patient in self.patients)

    @property
    def to_discuss(self) -> int:
        return sum(patient.to_discuss for patient in self.patients)

    @property
    def agreed_in_discussion(self) -> int:
        return sum(patient.agreed_in_discussion for patient in self.patients)

    @property
    def open(self) -> int:
        return sum(patient.open for patient in self.patients)

    @property
    def adjudicated(self) -> int:
        return sum(patient.adjudicated for patient in self.patients)


def cohort_to_release(coordinator: User, public_id: uuid.UUID) -> Cohort:
    """Return the cohort for one of its coordinators, or raise Http404."""
    return cohort_for(coordinator, public_id, CohortRole.COORDINATOR)


def cohort_of_reference_standards(person: User, public_id: uuid.UUID) -> Cohort:
    """Return the cohort for those who may see its released truth, or raise Http404."""
    roles = (CohortRole.COORDINATOR, CohortRole.STATISTICIAN)
    return cohort_for(person, public_id, *roles)


def cohorts_to_release(coordinator: User) -> list[Cohort]:
    """Return the cohorts whose reference standard the person releases."""
    return list(cohorts_of(coordinator, CohortRole.COORDINATOR))


def progress_of(coordinator: User, cohort: Cohort) -> CohortProgress:
    """Return the cohort's progress in counts, or raise Http404 when it is not theirs."""
    if not has_role(coordinator, cohort, CohortRole.COORDINATOR):
        raise Http404
    annotators = annotators_of(cohort)
    states, labelled = _work(cohort)
    outcomes = Counter(
        (standing.node.patient_id, standing.consensus.outcome) for standing in standings(cohort)
    )
    nodes = node_counts(cohort)
    patients = [
        PatientProgress(
            pseudonym=patient.pseudonym,
            nodes=nodes[patient.pk],
            annotators=[
                AnnotatorProgress(
                    labelled=labelled[patient.pk, person.pk],
                    state=states.get((patient.pk, person.pk), ("", None))[0],
                    labelling=states.get((patient.pk, person.pk), ("", None))[1],
                )
                for person in annotators
            ],
            agreed=outcomes[patient.pk, Outcome.AGREED],
            to_discuss=outcomes[patient.pk, Outcome.TO_DISCUSS],
            agreed_in_discussion=outcomes[patient.pk, Outcome.AGREED_IN_DISCUSSION],
            open=outcomes[patient.pk, Outcome.TO_ADJUDICATE],
            adjudicated=outcomes[patient.pk, Outcome.ADJUDICATED],
        )
        for patient in labelled_patients(cohort)
    ]
    return CohortProgress(
        cohort=cohort,
        annotators=annotators,
        patients=patients,
        missing=missing_for_release(cohort),
        warnings=warnings_to_release(cohort),
        without_report=patients_without_report(cohort),
    )


def labelling_to_reopen(coordinator: User, public_id: uuid.UUID) -> Labelling:
    """Return the labelling for a coordinator of its cohort, or raise Http404."""
    cohorts = cohorts_of(coordinator, CohortRole.COORDINATOR)
    found = (
        Labelling.objects.select_related("patient__cohort", "annotator")
        .filter(public_id=public_id, patient__cohort__in=cohorts)
        .first()
    )
    if found is None:
        raise Http404
    return found


def _work(
    cohort: Cohort,
) -> tuple[dict[tuple[int, int], tuple[str, uuid.UUID | None]], Counter[tuple[int, int]]]:
    """Return labellings and numbers of current labels by patient and annotator."""
    states: dict[tuple[int, int], tuple[str, uuid.UUID | None]] = {
        (row.patient_id, row.annotator_id): (str(row.state), row.public_id)
        for row in Labelling.objects.filter(patient__cohort=cohort)
    }
    labelled = Counter(
        NodeLabel.objects.filter(
            labelling__patient__cohort=cohort, superseded_by__isnull=True
        ).values_list("labelling__patient_id", "labelling__annotator_id")
    )
    return states, labelled


def final_rows(cohort: Cohort) -> list[ReferenceRow]:
    """Return the cohort's final labels; nodes without one are left out (none before a release)."""
    return [
        ReferenceRow(
            patient=standing.node.patient.pseudonym,
            node=standing.node.number,
            mask_digest=standing.mask_digest,
            label=standing.consensus.label,
            source=SOURCES[standing.consensus.outcome],
        )
        for standing in standings(cohort)
        if standing.consensus.label is not None
    ]


def reference_standards_of(cohort: Cohort) -> QuerySet[ReferenceStandard]:
    """Return the released versions, newest first."""
    return (
        ReferenceStandard.objects.filter(cohort=cohort)
        .select_related("released_by")
        .order_by("-version")
    )


def reference_standard(cohort: Cohort, version: int) -> ReferenceStandard:
    """Return one released version, or raise Http404."""
    found = ReferenceStandard.objects.filter(cohort=cohort, version=version).first()
    if found is None:
        raise Http404
    return found


def differences_of(released: ReferenceStandard) -> list[Difference]:
    """Return what a version changed; the first changed nothing."""
    if released.version == 1:
        return []
    before = reference_standard(released.cohort, released.version - 1)
    return differences(before.content, released.content)


def released_content(released: ReferenceStandard) -> dict[str, Any]:
    """Return a version as it is handed out.

    The digest is taken over ``content``, and ``identifiability`` where the version keeps it.
    """
    return {
        "version": released.version,
        "digest": released.digest,
        "released_at": released.released_at,
        "content": released.content,
        "identifiability": released.identifiability,
        "findings": released.findings,
        "differences": [asdict(one) for one in differences_of(released)],
    }


def next_differences(cohort: Cohort) -> list[Difference]:
    """Return what a release would change now; nothing where there is no version before."""
    last = last_reference_standard(cohort)
    return differences(last.content, final_rows(cohort)) if last else []


def last_reference_standard(cohort: Cohort) -> ReferenceStandard | None:
    """Return the newest released version, None before the first."""
    return reference_standards_of(cohort).first()


def released_truth(cohort: Cohort) -> ReleasedTruth | None:
    """Return the newest released categories for the analysis; None before the first release.

    Nodes that are not determinable have no category and are not among the rows:
    ``not_determinable_nodes`` lists them.
    """
    last = last_reference_standard(cohort)
    if last is None:
        return None
    rows = [row for row in _truth_rows(last) if row.label != NOT_DETERMINABLE]
    return ReleasedTruth(last.version, last.digest, rows, last.identifiability)


def not_determinable_nodes(cohort: Cohort) -> list[TruthRow]:
    """Return the nodes of the newest released version that have no category."""
    last = last_reference_standard(cohort)
    rows = _truth_rows(last) if last else []
    return [row for row in rows if row.label == NOT_DETERMINABLE]


def _truth_rows(released: ReferenceStandard) -> list[TruthRow]:
    return [
        TruthRow(row["patient"], row["node"], row["mask_digest"], row["label"])
        for row in released.content
    ]


def annotator_pairs(cohort: Cohort) -> list[LabelPair]:
    """Return both labels of each node as first submitted, for agreement."""
    return [
        LabelPair(one.node.patient.pseudonym, one.node.number, one.first.label, one.second.label)
        for one in standings_alone(cohort)
        if one.first and one.second
    ]
