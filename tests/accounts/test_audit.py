"""The audit trail finds edits, deletions, reorders and truncation."""

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import append_only, audit
from accounts.models import AuditEvent, AuditHead
from tests.people import person


@pytest.fixture
def trail(db):
    """Five events, and the triggers out of the way as an intruder would have it."""
    user = person("someone")
    for number in range(5):
        audit.record(by=user, verb="test", target=user, new={"n": number})
    append_only.remove(connection, "accounts_auditevent")
    return list(AuditEvent.objects.all())


def sentences():
    return [finding.sentence for finding in audit.verify()]


def test_an_untouched_trail_verifies(trail):
    assert sentences() == []


def test_an_edit_is_found(trail):
    AuditEvent.objects.filter(sequence=3).update(new={"n": 99})
    assert sentences() == ["this event was changed or moved"]


def test_a_deletion_is_found(trail):
    AuditEvent.objects.filter(sequence=2).delete()
    assert "an event is missing here" in sentences()


def test_a_cut_tail_is_found(trail):
    AuditEvent.objects.filter(sequence=5).delete()
    assert sentences() == ["the end of the trail was cut off or replaced"]


def test_a_cut_tail_with_a_mended_head_is_found(trail):
    AuditEvent.objects.filter(sequence=5).delete()
    AuditHead.objects.update(count=4, digest=trail[3].digest)
    assert sentences() == ["the head of the trail was edited"]


def test_a_reorder_is_found(trail):
    AuditEvent.objects.filter(sequence=2).update(sequence=100)
    AuditEvent.objects.filter(sequence=3).update(sequence=2)
    AuditEvent.objects.filter(sequence=100).update(sequence=3)
    assert "this event was changed or moved" in sentences()


def test_an_older_database_lacks_the_anchor(trail):
    assert [f.sentence for f in audit.verify(anchor="f" * 64)] == [
        "the given anchor is not part of this trail"
    ]
    assert list(audit.verify(anchor=trail[2].digest)) == []


@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_the_database_refuses_changes(db, statement):
    user = person("someone")
    audit.record(by=user, verb="test", target=user)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format("accounts_auditevent"))


def test_every_protected_table_has_its_triggers(db):
    query = (
        "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if connection.vendor == "sqlite"
        else "SELECT event_object_table FROM information_schema.triggers"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        guarded = {name for (name,) in cursor.fetchall()}
    assert guarded == set(append_only.APPEND_ONLY_TABLES)
