"""Where each node of a cohort stands between two labels and the reference standard."""

from collections import Counter
from dataclasses import dataclass, replace

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from annotation.consensus import Consensus, consensus
from annotation.models import (
    Adjudication,
    DiscussionStatement,
    Labelling,
    LabellingReopening,
    LabellingState,
    NodeLabel,
)
from annotation.submissions import first_submitted
from cohorts.models import Cohort, CohortMember, Node, Patient
from cohorts.selectors import current_masks_in, included_patients
from cohorts.vocabulary import CohortRole

ANNOTATORS = 2
"""A reference standard rests on two people who label alone."""


@dataclass(frozen=True, kw_only=True)
class NodeStanding:
    """One node with both submitted labels, what was said and decided on them, and what follows."""

    node: Node
    mask_digest: str
    first: NodeLabel | None
    second: NodeLabel | None
    first_statement: DiscussionStatement | None
    second_statement: DiscussionStatement | None
    decision: Adjudication | None
    consensus: Consensus

    @property
    def rests_on_current_mask(self) -> bool:
        rows = (self.first, self.second)
        return all(row is None or row.mask_digest == self.mask_digest for row in rows)


def labelled_patients(cohort: Cohort) -> QuerySet[Patient]:
    """Return the included patients that have a node to label."""
    return included_patients(cohort).filter(Exists(Node.objects.filter(patient=OuterRef("pk"))))


def node_counts(cohort: Cohort) -> Counter[int]:
    """Return the number of nodes by the patient's key."""
    return Counter(Node.objects.filter(patient__cohort=cohort).values_list("patient_id", flat=True))


def annotators_of(cohort: Cohort) -> list[User]:
    """Return the cohort's annotators in a fixed order."""
    members = CohortMember.objects.filter(cohort=cohort, role=CohortRole.ANNOTATOR)
    return list(User.objects.filter(pk__in=members.values("user_id")).order_by("pk"))


def standings(cohort: Cohort, only: Node | None = None) -> list[NodeStanding]:
    """Return where each node of the cohort's included patients stands, by pseudonym and number.

    Only submitted labels count. With any number of annotators but two every node waits.
    """
    masks = current_masks_in(cohort)
    if only is not None:
        masks = masks.filter(node=only)
    annotators = annotators_of(cohort)
    first, second = (
        (_submitted_labels(cohort, person) for person in annotators)
        if len(annotators) == ANNOTATORS
        else ({}, {})
    )
    decisions, statements = _current_decisions(cohort), _statements(cohort)
    return [
        _standing(
            mask.node,
            mask.digest,
            (first.get(mask.node_id), second.get(mask.node_id)),
            statements,
            decisions.get(mask.node_id),
        )
        for mask in masks
    ]


def _submitted_labels(cohort: Cohort, annotator: User) -> dict[int, NodeLabel]:
    rows = NodeLabel.objects.filter(
        labelling__annotator=annotator,
        labelling__patient__cohort=cohort,
        labelling__state=LabellingState.SUBMITTED,
        superseded_by__isnull=True,
    ).select_related("labelling")
    return {row.node_id: row for row in rows}


def standings_alone(cohort: Cohort) -> list[NodeStanding]:
    """Return the nodes that both submitted, with both labels as they were first submitted.

    Agreement is measured on these. What follows from them is what follows now: a labelling that
    was reopened may have other labels since.
    """
    annotators = annotators_of(cohort)
    if len(annotators) != ANNOTATORS:
        return []
    first, second = (_labels_first_submitted(cohort, person) for person in annotators)
    return [
        replace(one, first=first[one.node.pk], second=second[one.node.pk])
        for one in standings(cohort)
        if one.node.pk in first and one.node.pk in second
    ]


def _labels_first_submitted(cohort: Cohort, annotator: User) -> dict[int, NodeLabel]:
    own = Labelling.objects.filter(annotator=annotator, patient__cohort=cohort)
    submissions = _submissions(own)
    rows: dict[int, list[NodeLabel]] = {labelling: [] for labelling in submissions}
    for row in NodeLabel.objects.filter(labelling__in=rows).select_related("labelling"):
        rows[row.labelling_id].append(row)
    return {
        node: row
        for labelling, versions in submissions.items()
        for node, row in first_submitted(rows[labelling], versions).items()
    }


def _submissions(labellings: QuerySet[Labelling]) -> dict[int, list[int]]:
    """Return each labelling's version at each of its submissions, ascending, by its key."""
    found: dict[int, list[int]] = {}
    reopenings = LabellingReopening.objects.filter(labelling__in=labellings).order_by("version")
    for reopening in reopenings:
        found.setdefault(reopening.labelling_id, []).append(reopening.version - 1)
    for labelling in labellings.filter(state=LabellingState.SUBMITTED):
        found.setdefault(labelling.pk, []).append(labelling.version)
    return found


def _current_decisions(cohort: Cohort) -> dict[int, Adjudication]:
    rows = Adjudication.objects.filter(node__patient__cohort=cohort, superseded_by__isnull=True)
    return {row.node_id: row for row in rows}


def _statements(cohort: Cohort) -> dict[tuple[int, int], DiscussionStatement]:
    """Return what was said in discussions, by the speaker's own label and the other one."""
    rows = DiscussionStatement.objects.filter(
        own_label__labelling__patient__cohort=cohort
    ).select_related("own_label")
    return {(row.own_label_id, row.other_label_id): row for row in rows}


def _standing(
    node: Node,
    mask_digest: str,
    pair: tuple[NodeLabel | None, NodeLabel | None],
    statements: dict[tuple[int, int], DiscussionStatement],
    decision: Adjudication | None,
) -> NodeStanding:
    first, second = pair
    # What was said counts only for the very labels it was said of, as a decision does.
    said = statements.get((first.pk, second.pk)) if first and second else None
    answered = statements.get((second.pk, first.pk)) if first and second else None
    # A decision counts only for the very labels it was made on.
    on = {decision.first_label_id, decision.second_label_id} if decision else set()
    valid = decision if first and second and on == {first.pk, second.pk} else None
    return NodeStanding(
        node=node,
        mask_digest=mask_digest,
        first=first,
        second=second,
        first_statement=said,
        second_statement=answered,
        decision=valid,
        consensus=consensus(
            first.label if first else None,
            second.label if second else None,
            valid.label if valid else None,
            discussed=(said.label if said else None, answered.label if answered else None),
        ),
    )
