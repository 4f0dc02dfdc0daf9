"""What an annotator sees: the own queue and the own labels, nothing of anybody else."""

import uuid
from collections import Counter
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404

from accounts.models import User
from annotation.label_csv import LabelRow
from annotation.models import Labelling, LabellingState, NodeLabel
from annotation.selectors.standings import labelled_patients, node_counts
from cohorts.models import Cohort, Node, Patient
from cohorts.selectors import cohort_for, cohorts_of, has_role, patient_for
from cohorts.vocabulary import CohortRole


@dataclass(frozen=True, kw_only=True)
class QueuePatient:
    """One patient as its annotator sees it in the queue."""

    public_id: uuid.UUID
    pseudonym: str
    nodes: int
    labelled: int
    state: str

    @property
    def is_submitted(self) -> bool:
        return self.state == LabellingState.SUBMITTED

    @property
    def is_started(self) -> bool:
        return self.state != ""


@dataclass(frozen=True, kw_only=True)
class QueueCohort:
    """One cohort of an annotator with its patients."""

    cohort: Cohort
    patients: list[QueuePatient]

    @property
    def submitted(self) -> int:
        return sum(patient.is_submitted for patient in self.patients)


def queue_for(annotator: User) -> list[QueueCohort]:
    """Return the cohorts the person annotates, each patient with the person's own progress."""
    return [
        QueueCohort(cohort=cohort, patients=_queue_patients(annotator, cohort))
        for cohort in cohorts_of(annotator, CohortRole.ANNOTATOR)
    ]


def _queue_patients(annotator: User, cohort: Cohort) -> list[QueuePatient]:
    states = dict(
        Labelling.objects.filter(annotator=annotator, patient__cohort=cohort).values_list(
            "patient_id", "state"
        )
    )
    labelled = Counter(
        NodeLabel.objects.filter(
            labelling__annotator=annotator,
            labelling__patient__cohort=cohort,
            superseded_by__isnull=True,
        ).values_list("labelling__patient_id", flat=True)
    )
    nodes = node_counts(cohort)
    return [
        QueuePatient(
            public_id=patient.public_id,
            pseudonym=patient.pseudonym,
            nodes=nodes[patient.pk],
            labelled=labelled[patient.pk],
            state=states.get(patient.pk, ""),
        )
        for patient in labelled_patients(cohort)
    ]


def next_patient(annotator: User, cohort: Cohort, *, after: Patient) -> QueuePatient | None:
    """Return the next patient the person has not submitted, going round after this one."""
    patients = _queue_patients(annotator, cohort)
    at = [patient.public_id for patient in patients].index(after.public_id) + 1
    waiting = (p for p in [*patients[at:], *patients[: at - 1]] if not p.is_submitted)
    return next(waiting, None)


def is_annotator(person: User) -> bool:
    """Say whether the person labels in any cohort."""
    return cohorts_of(person, CohortRole.ANNOTATOR).exists()


def patient_to_label(annotator: User, public_id: uuid.UUID) -> Patient:
    """Return a patient with something to label for its cohort's annotators, or raise Http404."""
    patient = patient_for(annotator, public_id, CohortRole.ANNOTATOR)
    if not labelled_patients(patient.cohort).filter(pk=patient.pk).exists():
        raise Http404
    return patient


def labelling_for(annotator: User, patient: uuid.UUID) -> Labelling | None:
    """Return the person's own labelling of the patient, None before it was started."""
    found = patient_to_label(annotator, patient)
    return Labelling.objects.filter(annotator=annotator, patient=found).first()


def own_labelling(annotator: User, public_id: uuid.UUID) -> Labelling:
    """Return the labelling if it is the person's own and still theirs to see, or Http404."""
    labelling = (
        Labelling.objects.select_related("patient__cohort")
        .filter(public_id=public_id, annotator=annotator)
        .first()
    )
    if labelling is None:
        raise Http404
    if not has_role(annotator, labelling.patient.cohort, CohortRole.ANNOTATOR):
        raise Http404
    return labelling


def node_of(labelling: Labelling, public_id: uuid.UUID) -> Node:
    """Return the node of the labelling's patient, or raise Http404."""
    node = labelling.patient.nodes.filter(public_id=public_id).first()
    if node is None:
        raise Http404
    return node


def current_labels(labelling: Labelling) -> QuerySet[NodeLabel]:
    """Return the current label of each labelled node, by node number; removed nodes have none."""
    return (
        labelling.labels.filter(superseded_by__isnull=True, node__removed_at__isnull=True)
        .select_related("node")
        .order_by("node__number")
    )


def unlabelled_nodes(labelling: Labelling) -> list[Node]:
    """Return the patient's nodes that have no label in this labelling yet, by number."""
    done = current_labels(labelling).values("node_id")
    return list(labelling.patient.nodes.exclude(pk__in=done).order_by("number"))


def cohort_to_import(annotator: User, public_id: uuid.UUID) -> Cohort:
    """Return the cohort for one of its annotators, or raise Http404."""
    return cohort_for(annotator, public_id, CohortRole.ANNOTATOR)


def own_labels(annotator: User, cohort: Cohort) -> list[LabelRow]:
    """Return the person's own current labels in the cohort, by pseudonym and node number."""
    rows = (
        NodeLabel.objects.filter(
            labelling__annotator=annotator,
            labelling__patient__cohort=cohort,
            superseded_by__isnull=True,
        )
        .select_related("node__patient")
        .order_by("node__patient__pseudonym", "node__number")
    )
    return [
        LabelRow(
            row=line,
            patient=row.node.patient.pseudonym,
            node=row.node.number,
            label=row.label,
            comment=row.comment,
            details=row.details,
        )
        for line, row in enumerate(rows, 2)
    ]
