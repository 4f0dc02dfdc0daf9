"""What the two annotators see of nodes they labelled differently, once both are done."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import Http404

from accounts.models import User
from annotation.consensus import Outcome
from annotation.models import DiscussionStatement, Labelling, LabellingState, NodeLabel
from annotation.selectors.labelling_state import given_in
from annotation.selectors.standings import (
    ANNOTATORS,
    NodeStanding,
    annotators_of,
    labelled_patients,
    standings,
)
from cohorts.models import Cohort, Node
from cohorts.selectors import cohort_for, cohorts_of
from cohorts.vocabulary import CohortRole


@dataclass(frozen=True, kw_only=True)
class Discussion:
    """A node with two different labels as one of its annotators sees it."""

    node: Node
    own: NodeLabel
    other: NodeLabel
    own_statement: DiscussionStatement | None
    other_statement: DiscussionStatement | None
    outcome: Outcome

    @property
    def version(self) -> int:
        """How many of the two have spoken."""
        return (self.own_statement is not None) + (self.other_statement is not None)

    @property
    def waits_for_me(self) -> bool:
        """Whether the person's own word is still missing."""
        return self.outcome == Outcome.TO_DISCUSS and self.own_statement is None


@dataclass(frozen=True, kw_only=True)
class CohortDiscussion:
    """One cohort of an annotator: whether its discussion is open, and the nodes in it."""

    cohort: Cohort
    is_open: bool
    nodes: list[Discussion]


def discussion_is_open(cohort: Cohort) -> bool:
    """Say whether both annotators have submitted every patient.

    Not before: who has seen how the other labels is no longer independent on the patients left.
    """
    annotators = annotators_of(cohort)
    patients = labelled_patients(cohort)
    submitted = Labelling.objects.filter(
        annotator__in=annotators, patient__in=patients, state=LabellingState.SUBMITTED
    ).count()
    return len(annotators) == ANNOTATORS and submitted == ANNOTATORS * patients.count()


def cohort_discussions(annotator: User) -> list[CohortDiscussion]:
    """Return each cohort the person annotates with the nodes to discuss and those discussed."""
    return [
        CohortDiscussion(
            cohort=cohort,
            is_open=discussion_is_open(cohort),
            nodes=_discussions(annotator, cohort, standings(cohort)),
        )
        for cohort in cohorts_of(annotator, CohortRole.ANNOTATOR)
    ]


def discussions_in(annotator: User, public_id: uuid.UUID) -> list[Discussion]:
    """Return the nodes of one cohort the person annotates, or raise Http404."""
    cohort = cohort_for(annotator, public_id, CohortRole.ANNOTATOR)
    return _discussions(annotator, cohort, standings(cohort))


def discussion_for(annotator: User, node: uuid.UUID) -> Discussion:
    """Return one node's discussion, or raise Http404 when it is not theirs or not open yet."""
    cohorts = cohorts_of(annotator, CohortRole.ANNOTATOR)
    found = (
        Node.objects.select_related("patient__cohort")
        .filter(public_id=node, patient__cohort__in=cohorts)
        .first()
    )
    discussion = discussion_among(annotator, found.patient.cohort, found) if found else None
    if discussion is None:
        raise Http404
    return discussion


def discussion_among(annotator: User, cohort: Cohort, node: Node) -> Discussion | None:
    """Return the node's discussion as the person sees it; None when there is none for them."""
    found = _discussions(annotator, cohort, standings(cohort, only=node))
    return found[0] if found else None


def next_discussion(annotator: User, cohort: Cohort) -> Discussion | None:
    """Return the first node of the cohort that waits for the person's word."""
    found = _discussions(annotator, cohort, standings(cohort))
    return next((one for one in found if one.waits_for_me), None)


def _discussions(annotator: User, cohort: Cohort, nodes: list[NodeStanding]) -> list[Discussion]:
    is_open = discussion_is_open(cohort)
    seen = (_as_seen_by(annotator, standing) for standing in nodes)
    # A patient that came later closes the door only for nodes nobody has spoken of.
    return [one for one in seen if one is not None and (is_open or one.version)]


def _as_seen_by(annotator: User, standing: NodeStanding) -> Discussion | None:
    first, second = standing.first, standing.second
    if first is None or second is None or first.label == second.label:
        return None
    sides = [(first, standing.first_statement), (second, standing.second_statement)]
    if second.labelling.annotator_id == annotator.pk:
        sides.reverse()
    (own, own_statement), (other, other_statement) = sides
    if own.labelling.annotator_id != annotator.pk:
        return None
    return Discussion(
        node=standing.node,
        own=own,
        other=other,
        own_statement=own_statement,
        other_statement=other_statement,
        outcome=standing.consensus.outcome,
    )


def discussion_state(found: Discussion) -> dict[str, Any]:
    """Return a discussion as one of its two annotators is sent it."""
    return {
        "node": found.node.public_id,
        "patient": found.node.patient.public_id,
        "pseudonym": found.node.patient.pseudonym,
        "number": found.node.number,
        "own": side_of(found.own, found.own_statement),
        "other": side_of(found.other, found.other_statement),
        "outcome": str(found.outcome),
        "version": found.version,
    }


def side_of(row: NodeLabel, statement: DiscussionStatement | None) -> dict[str, Any]:
    """Return one annotator's label of a node, what stands beside it, and the last word."""
    said = {"label": statement.label, "reason": statement.reason} if statement else None
    return given_in(row) | {"statement": said}
