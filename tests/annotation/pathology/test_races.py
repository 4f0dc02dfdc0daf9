"""Steps of a report that meet each other: one wins, the others are told, on both databases."""

from dataclasses import replace

import pytest

from accounts import audit
from accounts.errors import Conflict
from annotation import services
from annotation.models import PathologyReport
from tests.annotation.test_races import THREADS, together

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_of_many_first_saves_wins(transactional_db, people, patient, sound):
    def act(number):
        told = replace(sound, days_ct_to_surgery=number)
        return services.enter_report(
            by=people.annotator_one, patient=patient, report=told, base_revision=0
        )

    results = together(act)
    conflicts = [result for result in results if isinstance(result, Conflict)]
    assert len(conflicts) == THREADS - 1
    assert {conflict.current["revision"] for conflict in conflicts} == {1}
    assert PathologyReport.objects.count() == 1
    assert list(audit.verify()) == []


def test_a_correction_and_others_on_the_same_version_make_one(
    transactional_db, people, patient, sound, locked
):
    def act(number):
        told = replace(sound, days_ct_to_surgery=number)
        return services.correct_report(
            by=people.coordinator, patient=patient, report=told, base_revision=3, reason="Misread."
        )

    results = together(act)
    assert sum(isinstance(result, Conflict) for result in results) == THREADS - 1
    versions = PathologyReport.objects.order_by("revision").values_list("version", flat=True)
    assert list(versions) == [1, 1, 1, 2]
