"""A report is entered, checked by a second person, locked, and corrected as a new version."""

from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404

from accounts.errors import Conflict
from accounts.models import AuditEvent
from annotation import selectors, services
from annotation.models import PathologyReport, ReportState
from annotation.pathology_rules.report_json import digest_of
from tests.annotation.pathology_rules.reports import report, rows


def steps():
    rows_made = PathologyReport.objects.order_by("revision")
    return [(step.revision, step.version, step.state) for step in rows_made]


def test_entered_checked_locked(people, patient, sound, locked):
    assert steps() == [(1, 1, "draft"), (2, 1, "checked"), (3, 1, "locked")]
    found = selectors.report_state(patient)
    done = (found.entered.by, found.checked.by, found.locked.by)
    assert done == (people.annotator_one, people.annotator_two, people.coordinator)
    assert found.report == sound
    assert found.staged.category == "pN1"
    assert found.errors == found.warnings == ()


def test_only_the_locked_report_counts(people, patient, sound, checked):
    assert selectors.current_report(patient) is None
    services.lock_report(by=people.annotator_one, patient=patient, base_revision=2)
    assert selectors.current_report(patient) == replace(sound, report_id="")


def test_every_step_is_in_the_trail_without_a_count(people, patient, sound, locked):
    events = AuditEvent.objects.filter(object_type="annotation.pathologyreport")
    assert list(events.values_list("verb", "actor__username")) == [
        ("enter_report", "annotator_one"),
        ("check_report", "annotator_two"),
        ("lock_report", "coordinator"),
    ]
    assert events.first().new == {
        "patient": str(patient.public_id),
        "revision": 1,
        "version": 1,
        "digest": digest_of(replace(sound, report_id="")),
    }


def test_the_laboratorys_number_is_encrypted(entered):
    stored = str(PathologyReport.objects.values_list().get())
    assert "P-1" not in stored
    assert selectors.values_of(entered).report_id == "P-1"


def test_under_another_key_all_but_the_laboratorys_number_is_read(entered, settings, sound):
    settings.SECRET_KEY = "another-key-0123456789-0123456789-0123456789"
    assert selectors.values_of(entered) == replace(sound, report_id="")


def test_a_draft_may_have_errors_but_is_not_checked(people, patient):
    wrong = report(*rows(L_III=(2, 3, 0)), report_id="")
    services.enter_report(by=people.annotator_one, patient=patient, report=wrong, base_revision=0)
    with pytest.raises(ValidationError) as refusal:
        services.check_report(by=people.annotator_two, patient=patient, base_revision=1)
    assert refusal.value.messages == [
        "report_id: is empty.",
        "left III, positive: 3 positive of 2 examined.",
    ]
    found = selectors.report_state(patient)
    assert (len(found.errors), found.staged) == (2, None)


def test_who_entered_a_report_does_not_check_it(people, patient, entered):
    with pytest.raises(ValidationError, match="You entered this report") as refusal:
        services.check_report(by=people.annotator_one, patient=patient, base_revision=1)
    assert refusal.value.code == "own_entry"


def test_a_changed_report_is_checked_anew(people, patient, sound, checked):
    services.enter_report(
        by=people.annotator_two, patient=patient, report=replace(sound, pt="pT2"), base_revision=2
    )
    assert steps()[-1] == (3, 1, "draft")
    assert selectors.report_state(patient).checked is None
    with pytest.raises(ValidationError, match="is not checked"):
        services.lock_report(by=people.coordinator, patient=patient, base_revision=3)


def test_saving_what_is_there_adds_nothing(people, patient, sound, entered):
    again = services.enter_report(
        by=people.annotator_one, patient=patient, report=sound, base_revision=0
    )
    assert again == entered
    assert PathologyReport.objects.count() == 1


def test_saving_a_checked_report_unchanged_leaves_it_checked(people, patient, sound, checked):
    again = services.enter_report(
        by=people.annotator_one, patient=patient, report=sound, base_revision=2
    )
    assert again == checked


@pytest.mark.parametrize("base_revision", [0, 2])
def test_a_save_on_an_unseen_state_is_a_conflict(people, patient, sound, entered, base_revision):
    with pytest.raises(Conflict, match="it is at revision 1, this page knew") as refusal:
        services.enter_report(
            by=people.annotator_two,
            patient=patient,
            report=replace(sound, pt="pT3"),
            base_revision=base_revision,
        )
    assert refusal.value.current == {"revision": 1, "state": "draft"}


@pytest.mark.parametrize("verb", ["check_report", "lock_report"])
def test_a_step_on_an_unseen_state_is_a_conflict(people, patient, entered, verb):
    with pytest.raises(Conflict):
        getattr(services, verb)(by=people.annotator_two, patient=patient, base_revision=7)


@pytest.mark.parametrize(
    ("verb", "code"), [("check_report", "no_draft"), ("lock_report", "not_checked")]
)
def test_without_a_report_there_is_nothing_to_check_or_lock(people, patient, verb, code):
    with pytest.raises(ValidationError) as refusal:
        getattr(services, verb)(by=people.annotator_two, patient=patient, base_revision=0)
    assert refusal.value.code == code


def test_a_warning_asks_for_a_reason(people, patient, sound):
    late = replace(sound, days_ct_to_surgery=61, pn="pN2b")
    services.enter_report(by=people.annotator_one, patient=patient, report=late, base_revision=0)
    services.check_report(by=people.annotator_two, patient=patient, base_revision=1)
    assert [one.code for one in selectors.report_state(patient).warnings] == ["W7", "W8"]
    with pytest.raises(ValidationError, match=r"61 days after CT.*pN2b") as refusal:
        services.lock_report(by=people.annotator_two, patient=patient, base_revision=2, reason="  ")
    assert "reason" in refusal.value.message_dict
    done = services.lock_report(
        by=people.annotator_two, patient=patient, base_revision=2, reason=" The paper says so. "
    )
    assert (done.state, done.reason) == (ReportState.LOCKED, "The paper says so.")


def test_a_locked_report_is_not_overwritten(people, patient, sound, locked):
    with pytest.raises(ValidationError, match="is locked: correct it") as refusal:
        services.enter_report(
            by=people.annotator_one, patient=patient, report=sound, base_revision=3
        )
    assert refusal.value.code == "locked"


def correct(people, patient, corrected, **changes):
    told = {"by": people.annotator_one, "patient": patient, "report": corrected}
    told |= {"base_revision": 3, "reason": "Level III was read as IV."}
    return services.correct_report(**(told | changes))


def test_a_correction_is_a_new_version_and_the_old_one_counts_until_it_is_locked(
    people, patient, sound, locked
):
    corrected = replace(sound, pt="pT3")
    correct(people, patient, corrected)
    assert selectors.current_report(patient).pt == ""
    services.check_report(by=people.annotator_two, patient=patient, base_revision=4)
    services.lock_report(by=people.annotator_two, patient=patient, base_revision=5)
    assert selectors.current_report(patient).pt == "pT3"
    found = selectors.report_state(patient)
    assert (found.version, found.reason) == (2, "Level III was read as IV.")
    assert [row.version for row in selectors.locked_versions(patient)] == [1, 2]
    assert AuditEvent.objects.get(verb="correct_report").reason == "Level III was read as IV."


def test_a_correction_is_saved_again_as_its_draft(people, patient, sound, locked):
    correct(people, patient, replace(sound, pt="pT3"))
    services.enter_report(
        by=people.annotator_one, patient=patient, report=replace(sound, pt="pT4"), base_revision=4
    )
    assert steps()[-2:] == [(4, 2, "draft"), (5, 2, "draft")]
    assert selectors.report_state(patient).reason == "Level III was read as IV."


def test_a_correction_needs_a_reason_and_a_change(people, patient, sound, locked):
    with pytest.raises(ValidationError) as refusal:
        correct(people, patient, replace(sound, pt="pT3"), reason=" ")
    assert "reason" in refusal.value.message_dict
    with pytest.raises(ValidationError, match="Nothing is changed"):
        correct(people, patient, sound)


def test_what_is_not_locked_needs_no_correction(people, patient, sound, entered):
    with pytest.raises(ValidationError, match="is not locked"):
        correct(people, patient, replace(sound, pt="pT3"), base_revision=1)


@pytest.mark.parametrize("who", ["statistician", "reader_one", "outsider"])
def test_who_has_no_part_in_the_truth_does_and_sees_nothing(people, patient, sound, who):
    by = getattr(people, who)
    for refused in (
        lambda: services.enter_report(by=by, patient=patient, report=sound, base_revision=0),
        lambda: correct(people, patient, sound, by=by),
        lambda: services.check_report(by=by, patient=patient, base_revision=0),
        lambda: services.lock_report(by=by, patient=patient, base_revision=0),
    ):
        with pytest.raises(PermissionDenied, match="Only annotators, adjudicators"):
            refused()
    with pytest.raises(Http404):
        selectors.pathology_patient(by, patient.public_id)
    with pytest.raises(Http404):
        selectors.pathology_cohort(by, patient.cohort.public_id)
    assert not PathologyReport.objects.exists()


@pytest.mark.parametrize("who", ["annotator_one", "annotator_two", "adjudicator", "coordinator"])
def test_who_makes_or_releases_the_truth_enters_reports(people, patient, sound, who):
    by = getattr(people, who)
    assert selectors.pathology_patient(by, patient.public_id) == patient
    made = services.enter_report(by=by, patient=patient, report=sound, base_revision=0)
    assert made.made_by == by


def test_content_that_is_no_report_is_refused(entered):
    entered.content = entered.content.replace('"pN1"', "1")
    with pytest.raises(ValidationError, match="is no text"):
        entered.clean()
    entered.content = '{"format":1}'
    with pytest.raises(ValidationError, match="missing or unknown"):
        entered.clean()


def test_content_that_is_not_canonical_or_not_the_digests_is_refused(entered):
    text = entered.content
    entered.content = f" {text}"
    with pytest.raises(ValidationError, match="not in its fixed form"):
        entered.clean()
    entered.content = text.replace('"pN1"', '"pN2a"')
    with pytest.raises(ValidationError, match="not that of the content"):
        entered.clean()
