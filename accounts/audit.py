"""The only writer of the audit trail, and its check.

Rows are chained by HMAC-SHA256 under a key that is not in the database, so that somebody who can
edit the rows cannot make a chain that verifies.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from accounts.models import AuditEvent, AuditHead, User

START = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong with the trail."""

    sequence: int
    sentence: str


def _seal(*parts: str) -> str:
    key = hashlib.sha256(b"nodewise-audit:" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


def _digest(event: AuditEvent) -> str:
    body = {
        "sequence": event.sequence,
        "at": event.at.isoformat(),
        "actor": event.actor_id,
        "verb": event.verb,
        "object": [event.object_type, event.object_id],
        "old": event.old,
        "new": event.new,
        "reason": event.reason,
    }
    return _seal(event.previous_digest, json.dumps(body, sort_keys=True, ensure_ascii=True))


@transaction.atomic
def record(
    *,
    by: User | None,
    verb: str,
    target: models.Model,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEvent:
    """Append one event inside the caller's transaction and move the sealed head."""
    AuditHead.objects.get_or_create(id=1)
    head = AuditHead.objects.select_for_update().get(id=1)
    event = AuditEvent(
        sequence=head.count + 1,
        at=timezone.now(),
        actor=by,
        verb=verb,
        object_type=target._meta.label_lower,
        object_id=str(target.pk),
        old=old,
        new=new,
        reason=reason,
        previous_digest=head.digest,
    )
    event.digest = _digest(event)
    event.save(force_insert=True)
    head.count, head.digest = event.sequence, event.digest
    head.seal = _seal(str(head.count), head.digest)
    head.save()
    return event


def verify(*, anchor: str = "") -> Iterator[Finding]:
    """Yield what is wrong: edited, missing, reordered rows, a cut tail, a foreign anchor.

    ``anchor`` is a head digest written down earlier; a restored older database lacks it.
    """
    head = AuditHead.objects.filter(id=1).first() or AuditHead()
    previous, expected, anchored = START, 1, not anchor
    for event in AuditEvent.objects.order_by("sequence").iterator():
        if event.sequence != expected:
            yield Finding(sequence=expected, sentence="an event is missing here")
        if event.previous_digest != previous or event.digest != _digest(event):
            yield Finding(sequence=event.sequence, sentence="this event was changed or moved")
        previous, expected = event.digest, event.sequence + 1
        anchored = anchored or event.digest == anchor
    if head.count != expected - 1 or head.digest != previous:
        yield Finding(sequence=expected, sentence="the end of the trail was cut off or replaced")
    if head.count and head.seal != _seal(str(head.count), head.digest):
        yield Finding(sequence=head.count, sentence="the head of the trail was edited")
    if not anchored:
        yield Finding(sequence=0, sentence="the given anchor is not part of this trail")
