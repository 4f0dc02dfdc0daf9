"""An adjudicator decides a node on which the two annotators disagree."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from annotation.consensus import Outcome
from annotation.models import Adjudication
from annotation.selectors import (
    NodeStanding,
    current_decision,
    decisions_on,
    may_adjudicate,
    standings,
)
from cohorts.models import Cohort, Node


@transaction.atomic
def adjudicate(
    *, by: User, node: Node, label: int, reason: str, base_version: int = 0
) -> Adjudication:
    """Decide the node's category, with a reason.

    ``base_version`` is the number of decisions the person has seen on this node: 0 for the first.
    A later decision supersedes the one before.
    """
    # The cohort's row is the lock shared with the release: no decision slips in between.
    cohort = Cohort.objects.select_for_update().get(pk=node.patient.cohort_id)
    if not may_adjudicate(by, cohort):
        raise PermissionDenied(
            f"Only an adjudicator of '{cohort.name}' who has labelled nothing in it decides here."
        )
    if not reason.strip():
        raise ValidationError(
            {"reason": ValidationError("Write why: a decision needs a reason.", code="required")}
        )
    standing = _discordant(cohort, node)
    _refuse_stale(node, base_version)
    decision = Adjudication(
        node=node,
        adjudicator=by,
        label=label,
        reason=reason.strip(),
        first_label=standing.first,
        second_label=standing.second,
        supersedes=current_decision(node),
    )
    decision.full_clean()
    decision.save(force_insert=True)
    new = {"node": str(node.public_id), "version": base_version + 1}
    audit.record(by=by, verb="adjudicate", target=decision, new=new, reason=decision.reason)
    return decision


def _discordant(cohort: Cohort, node: Node) -> NodeStanding:
    for standing in standings(cohort, only=node):
        if standing.consensus.outcome in (Outcome.TO_ADJUDICATE, Outcome.ADJUDICATED):
            return standing
        if standing.consensus.outcome == Outcome.TO_DISCUSS:
            raise ValidationError(
                f"Node {node.number} of {node.patient.pseudonym} is still in the annotators' "
                "discussion: it comes to you if they go on to differ.",
                code="in_discussion",
            )
    raise ValidationError(
        f"Node {node.number} of {node.patient.pseudonym} is no disagreement: only nodes of "
        "included patients that both annotators have submitted with different labels are decided.",
        code="no_disagreement",
    )


def _refuse_stale(node: Node, base_version: int) -> None:
    version = decisions_on(node)
    if version != base_version:
        raise Conflict(
            f"This node has {version} decisions, you have seen {base_version}: reload the page "
            "and look at the latest one first.",
            code="stale_version",
            current={"version": version},
        )
