"""The two annotators discuss a node they labelled differently; each has the last word once."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from annotation.consensus import Outcome
from annotation.models import DiscussionStatement
from annotation.selectors import Discussion, discussion_among
from cohorts.models import Cohort, Node
from cohorts.selectors import has_role
from cohorts.vocabulary import CohortRole


@transaction.atomic
def state_in_discussion(
    *, by: User, node: Node, label: int, reason: str = "", base_version: int = 0
) -> DiscussionStatement:
    """Keep or revise one's own label of a node, having seen both.

    ``base_version`` is the number of statements on the node that the person has seen (0 or 1).
    The same statement sent again returns the row it made.
    """
    # The cohort's row is the lock shared with decisions and the release.
    cohort = Cohort.objects.select_for_update().get(pk=node.patient.cohort_id)
    found = _own_discussion(by, cohort, node)
    reason = reason.strip()
    if found.own_statement is not None:
        return _said_already(found.own_statement, label, reason)
    _refuse_closed(found)
    _refuse_stale(found, base_version)
    if label != found.own.label and not reason:
        words = "Write why you revise your label."
        raise ValidationError({"reason": ValidationError(words, code="required")})
    row = DiscussionStatement(
        own_label=found.own, other_label=found.other, label=label, reason=reason
    )
    row.full_clean()
    row.save(force_insert=True)
    # Never the label: people who read the trail may be annotators of other nodes.
    new = {"node": str(node.public_id), "version": base_version + 1}
    audit.record(by=by, verb="state_in_discussion", target=row, new=new)
    return row


def _own_discussion(by: User, cohort: Cohort, node: Node) -> Discussion:
    if not has_role(by, cohort, CohortRole.ANNOTATOR):
        raise PermissionDenied(f"Only annotators of '{cohort.name}' discuss its nodes.")
    found = discussion_among(by, cohort, node)
    if found is None:
        raise ValidationError(
            f"Node {node.number} of {node.patient.pseudonym} is not to discuss: only nodes that "
            "you and the other annotator have submitted with different labels are, and only once "
            "both have submitted every patient of the cohort.",
            code="no_discussion",
        )
    return found


def _said_already(said: DiscussionStatement, label: int, reason: str) -> DiscussionStatement:
    if (said.label, said.reason) != (label, reason):
        raise ValidationError(
            "You have had your last word on this node; it is kept as you said it.",
            code="already_stated",
        )
    return said


def _refuse_closed(found: Discussion) -> None:
    if found.outcome != Outcome.TO_DISCUSS:
        raise ValidationError("This node is decided already: look at the list.", code="closed")


def _refuse_stale(found: Discussion, base_version: int) -> None:
    if found.version != base_version:
        raise Conflict(
            "The other annotator has spoken since you opened this page: read it first.",
            code="stale_version",
            current={"version": found.version},
        )
