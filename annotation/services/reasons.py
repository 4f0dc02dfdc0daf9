"""An annotator says why a finding of the rules may stand; nothing is submitted over an open one.

As with labels, the audit trail names the row and never what it says.
"""

import uuid
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from annotation.models import FindingReason, Labelling
from annotation.selectors import report_check
from annotation.services.labelling import lock_own, refuse_submitted


class GivenReason(NamedTuple):
    """The reason's row, and whether it had been saved before under the same client id."""

    row: FindingReason
    replayed: bool


@transaction.atomic
def give_reason(
    *, by: User, labelling: Labelling, client_id: uuid.UUID, code: str, sentence: str, reason: str
) -> GivenReason:
    """Save why a warning may stand, or that ENE of the report is not visible on CT.

    The finding is named by its code and its sentence as it was shown. A known ``client_id`` with
    the same content returns the row it made; a finding that has moved on raises Conflict.
    """
    locked = lock_own(by, labelling)
    earlier = FindingReason.objects.filter(client_id=client_id).first()
    if earlier is not None:
        given = (locked.pk, code, sentence, reason.strip())
        _refuse_other_content(earlier, given)
        return GivenReason(earlier, replayed=True)
    refuse_submitted(locked)
    if not reason.strip():
        message = "Write why it may stand: a warning needs a reason."
        raise ValidationError({"reason": ValidationError(message, code="required")})
    _refuse_no_finding(locked, code, sentence)
    row = FindingReason(
        labelling=locked, client_id=client_id, code=code, sentence=sentence, reason=reason.strip()
    )
    row.full_clean()
    row.save(force_insert=True)
    new = {"labelling": str(locked.public_id), "version": locked.version}
    audit.record(by=by, verb="give_reason", target=row, new=new)
    return GivenReason(row, replayed=False)


def _refuse_other_content(earlier: FindingReason, given: tuple[int, str, str, str]) -> None:
    was = (earlier.labelling_id, earlier.code, earlier.sentence, earlier.reason)
    if was != given:
        raise ValidationError(
            "This reason repeats an earlier one's identifier with other content: reload the page.",
            code="client_id_reused",
        )


def _refuse_no_finding(labelling: Labelling, code: str, sentence: str) -> None:
    check = report_check(labelling)
    for one in check.findings if check else ():
        if (one.finding.code, one.finding.sentence) == (code, sentence):
            if one.finding.takes_reason:
                return
            raise ValidationError(
                f"{code} is no warning: no reason settles it. Change the labels.", code="blocked"
            )
    raise Conflict(
        "What the reason is for no longer stands as it was shown: look at the findings now.",
        code="stale_finding",
    )
