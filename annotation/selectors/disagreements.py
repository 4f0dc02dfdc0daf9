"""What an adjudicator sees: nodes with two different submitted labels, without names."""

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404

from accounts.models import User
from annotation.consensus import Outcome, anonymous_order
from annotation.models import Adjudication, DiscussionStatement, Labelling, NodeLabel
from annotation.selectors.discussion import side_of
from annotation.selectors.standings import NodeStanding, standings
from cohorts.models import Cohort, Node
from cohorts.selectors import cohort_for, cohorts_of, has_role
from cohorts.vocabulary import CohortRole

Side = tuple[NodeLabel, DiscussionStatement | None]
DISCORDANT = (Outcome.TO_ADJUDICATE, Outcome.ADJUDICATED)


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """A node both annotators labelled differently, as the adjudicator sees it: no names."""

    node: Node
    label_a: NodeLabel
    label_b: NodeLabel
    statement_a: DiscussionStatement | None
    statement_b: DiscussionStatement | None
    decision: Adjudication | None
    base_version: int


def may_adjudicate(user: User, cohort: Cohort) -> bool:
    """Say whether the person decides here: adjudicator, and never one who labelled here."""
    if not has_role(user, cohort, CohortRole.ADJUDICATOR):
        return False
    if has_role(user, cohort, CohortRole.ANNOTATOR):
        return False
    return not Labelling.objects.filter(annotator=user, patient__cohort=cohort).exists()


def discordant_nodes(adjudicator: User, cohort: Cohort) -> list[Disagreement]:
    """Return the nodes to decide and those decided, or raise Http404 when they are not theirs."""
    if not may_adjudicate(adjudicator, cohort):
        raise Http404
    return _disagreements(standings(cohort))


def disagreements_by_cohort(adjudicator: User) -> list[tuple[Cohort, list[Disagreement]]]:
    """Return each cohort in which the person decides, with its disagreements."""
    return [
        (cohort, _disagreements(standings(cohort)))
        for cohort in cohorts_of(adjudicator, CohortRole.ADJUDICATOR)
        if may_adjudicate(adjudicator, cohort)
    ]


def disagreement_for(adjudicator: User, node: uuid.UUID) -> Disagreement:
    """Return one disagreement; Http404 when there is none or it is not theirs to decide."""
    cohorts = cohorts_of(adjudicator, CohortRole.ADJUDICATOR)
    found = (
        Node.objects.select_related("patient__cohort")
        .filter(public_id=node, patient__cohort__in=cohorts)
        .first()
    )
    if found is None or not may_adjudicate(adjudicator, found.patient.cohort):
        raise Http404
    disagreements = _disagreements(standings(found.patient.cohort, only=found))
    if not disagreements:
        raise Http404
    return disagreements[0]


def _disagreements(nodes: Iterable[NodeStanding]) -> list[Disagreement]:
    discordant = [n for n in nodes if n.consensus.outcome in DISCORDANT and n.first and n.second]
    versions = Counter(
        Adjudication.objects.filter(node__in=[n.node.pk for n in discordant]).values_list(
            "node_id", flat=True
        )
    )
    return [_disagreement(standing, versions[standing.node.pk]) for standing in discordant]


def anonymous_sides(standing: NodeStanding) -> tuple[Side, Side]:
    """Return both labels with what was said on them, in an order that tells nobody who is who.

    Raises
    ------
    ValueError
        If a label is missing.
    """
    if standing.first is None or standing.second is None:
        raise ValueError("a disagreement has two labels")
    return anonymous_order(
        (standing.first, standing.first_statement),
        (standing.second, standing.second_statement),
        node=str(standing.node.public_id),
        key=settings.SECRET_KEY.encode(),
    )


def _disagreement(standing: NodeStanding, base_version: int) -> Disagreement:
    (label_a, statement_a), (label_b, statement_b) = anonymous_sides(standing)
    return Disagreement(
        node=standing.node,
        label_a=label_a,
        label_b=label_b,
        statement_a=statement_a,
        statement_b=statement_b,
        decision=standing.decision,
        base_version=base_version,
    )


def decisions_on(node: Node) -> int:
    """Return how many decisions the node has had, superseded ones included."""
    return Adjudication.objects.filter(node=node).count()


def current_decision(node: Node) -> Adjudication | None:
    """Return the node's latest decision, whatever labels it was made on."""
    return Adjudication.objects.filter(node=node, superseded_by__isnull=True).first()


def cohort_to_adjudicate(adjudicator: User, public_id: uuid.UUID) -> Cohort:
    """Return the cohort for one of its adjudicators, or raise Http404."""
    return cohort_for(adjudicator, public_id, CohortRole.ADJUDICATOR)


def next_disagreement(adjudicator: User, cohort: Cohort) -> Disagreement | None:
    """Return the first node of the cohort that is not decided yet."""
    waiting = (d for d in discordant_nodes(adjudicator, cohort) if d.decision is None)
    return next(waiting, None)


def disagreement_state(found: Disagreement) -> dict[str, Any]:
    """Return a disagreement as its adjudicator is sent it: no names, no times, no row numbers."""
    decision = found.decision
    return {
        "node": found.node.public_id,
        "patient": found.node.patient.public_id,
        "pseudonym": found.node.patient.pseudonym,
        "number": found.node.number,
        "annotator_a": side_of(found.label_a, found.statement_a),
        "annotator_b": side_of(found.label_b, found.statement_b),
        "decision": None
        if decision is None
        else {"label": decision.label, "reason": decision.reason},
        "version": found.base_version,
    }
