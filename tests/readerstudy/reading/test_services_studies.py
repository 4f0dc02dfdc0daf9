"""A study's life: created, described, opened, closed; a case reopened."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import AuditEvent
from cohorts.models import Cohort, Patient
from cohorts.roles import refuse_conflicts
from cohorts.vocabulary import CohortRole
from readerstudy.reading.models import (
    Assignment,
    AssignmentNode,
    AssignmentState,
    Reopening,
    Study,
    StudyReader,
    StudyState,
)
from readerstudy.reading.order import case_order
from readerstudy.reading.plan import default_plan
from readerstudy.reading.services import (
    add_reader,
    close_study,
    create_study,
    open_study,
    reopen_case,
    submit_case,
    update_protocol,
)
from tests.cases import store_case
from tests.people import join
from tests.readerstudy.reading.conftest import SEED, read_case


def code_of(refusal):
    return refusal.value.error_list[0].code


def audited(verb):
    return AuditEvent.objects.filter(verb=verb).last()


# create


def test_a_coordinator_creates_a_draft_with_the_default_plan(people, cohort):
    study = create_study(by=people.coordinator, title=" Neck nodes ", cohorts=[cohort])
    assert (study.title, study.state, study.plan) == ("Neck nodes", "draft", default_plan())
    assert list(study.cohorts.all()) == [cohort]
    assert audited("create_study").new == {"title": "Neck nodes", "cohorts": [cohort.name]}


def test_a_study_needs_a_cohort(people):
    with pytest.raises(ValidationError) as refusal:
        create_study(by=people.coordinator, title="Empty", cohorts=[])
    assert code_of(refusal) == "no_cohort"


def test_a_study_needs_a_title_of_its_own(people, cohort):
    create_study(by=people.coordinator, title="Neck nodes", cohorts=[cohort])
    with pytest.raises(ValidationError, match="Title"):
        create_study(by=people.coordinator, title="Neck nodes", cohorts=[cohort])


@pytest.mark.parametrize("name", ["annotator_one", "statistician", "reader_one", "outsider"])
def test_only_a_coordinator_creates(people, cohort, name):
    with pytest.raises(PermissionDenied):
        create_study(by=getattr(people, name), title="Neck nodes", cohorts=[cohort])


def test_every_cohort_must_be_coordinated(people, cohort):
    other = Cohort.objects.create(name="Another hospital")
    with pytest.raises(PermissionDenied, match="Another hospital"):
        create_study(by=people.coordinator, title="Neck nodes", cohorts=[cohort, other])


# protocol


def test_the_protocol_of_a_draft_is_changed(people, draft):
    update_protocol(by=people.coordinator, study=draft, protocol=" New. ", title="Renamed")
    draft.refresh_from_db()
    assert (draft.protocol, draft.title) == ("New.", "Renamed")
    assert audited("update_protocol").old == {
        "title": "Neck nodes",
        "protocol": "Call every node.",
    }


def test_the_protocol_is_locked_at_opening(people, study):
    with pytest.raises(ValidationError) as refusal:
        update_protocol(by=people.coordinator, study=study, protocol="Other.")
    assert code_of(refusal) == "study_not_draft"


@pytest.mark.parametrize("name", ["annotator_one", "reader_one", "outsider"])
def test_only_a_coordinator_changes_the_protocol(people, draft, name):
    with pytest.raises(PermissionDenied):
        update_protocol(by=getattr(people, name), study=draft, protocol="Other.")


def test_a_coordinator_of_one_of_two_cohorts_may_not(people, draft):
    draft.cohorts.add(Cohort.objects.create(name="Another hospital"))
    with pytest.raises(PermissionDenied):
        update_protocol(by=people.coordinator, study=draft, protocol="Other.")


# open


def test_opening_stores_each_readers_order_from_the_seed(study):
    assert (study.state, study.seed) == (StudyState.OPEN, SEED)
    names = [f"{p.cohort.name}/{p.pseudonym}" for p in Patient.objects.select_related("cohort")]
    for reader in study.readers.all():
        stored = [
            f"{case.patient.cohort.name}/{case.patient.pseudonym}"
            for case in reader.assignments.order_by("position")
        ]
        drawn = case_order(names, seed=SEED, reader_number=reader.number, period=1)
        assert tuple(stored) == drawn
        assert [case.position for case in reader.assignments.all()] == [1, 2, 3]


def test_opening_freezes_the_masks_numbered_cranial_first(study):
    for case in Assignment.objects.all():
        nodes = list(AssignmentNode.objects.filter(assignment=case).order_by("number"))
        heights = [node.mask.centroid_zyx[0] for node in nodes]
        assert [node.number for node in nodes] == [1, 2, 3]
        assert heights == sorted(heights, reverse=True)
        assert all(node.mask.node_id == node.node_id for node in nodes)


def test_a_later_mask_is_not_read(people, study, case):
    frozen = case.nodes.first().mask
    type(frozen).objects.filter(pk=frozen.pk).update(is_current=False)
    assert case.nodes.first().mask == frozen


def test_identifiers_are_random_for_each_reader(study):
    first, second = StudyReader.objects.filter(study=study)
    assert not set(first.assignments.values_list("public_id")) & set(
        second.assignments.values_list("public_id")
    )
    ids = AssignmentNode.objects.values_list("public_id", flat=True)
    assert len(set(ids)) == len(ids) == 18


def test_opening_is_audited_with_seed_and_digest(study):
    assert audited("open_study").new == {
        "state": "open",
        "seed": SEED,
        "protocol_digest": study.protocol_digest,
        "readers": 2,
        "cases": 3,
    }
    assert len(study.protocol_digest) == 64


def test_the_same_draft_and_seed_give_the_same_digest(people, draft):
    from django.db import transaction

    digests = []
    for seed in (1, 1, 2):
        with transaction.atomic():
            digests.append(
                open_study(by=people.coordinator, study=draft, seed=seed).protocol_digest
            )
            transaction.set_rollback(True)
    assert digests[0] == digests[1] != digests[2]


def test_a_seed_is_drawn_when_none_is_given(people, draft):
    assert open_study(by=people.coordinator, study=draft).seed is not None


def test_an_excluded_patient_is_not_read(people, draft):
    Patient.objects.filter(pseudonym="P002").update(exclusion_code="image_quality")
    open_study(by=people.coordinator, study=draft)
    assert not Assignment.objects.filter(patient__pseudonym="P002").exists()


def without_protocol(draft, people, cohort):
    Study.objects.filter(pk=draft.pk).update(protocol="  ")


def without_readers(draft, people, cohort):
    draft.readers.all().delete()


def without_cohort(draft, people, cohort):
    draft.cohorts.clear()


def without_patients(draft, people, cohort):
    Patient.objects.update(exclusion_code="other")


def without_nodes(draft, people, cohort):
    store_case(cohort, "P009", nodes=0)


def with_a_reader_who_annotates(draft, people, cohort):
    join(cohort, people.reader_two, CohortRole.ANNOTATOR)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (without_protocol, "no_protocol"),
        (without_readers, "no_reader"),
        (without_patients, "empty_cohort"),
        (without_nodes, "patient_without_node"),
        (with_a_reader_who_annotates, "role_conflict"),
    ],
)
def test_a_study_that_cannot_be_read_stays_a_draft(people, cohort, draft, spoil, code):
    spoil(draft, people, cohort)
    with pytest.raises(ValidationError) as refusal:
        open_study(by=people.coordinator, study=draft)
    assert code_of(refusal) == code
    draft.refresh_from_db()
    assert draft.state == StudyState.DRAFT
    assert not Assignment.objects.exists()


def test_a_study_without_cohorts_belongs_to_nobody(people, cohort, draft):
    without_cohort(draft, people, cohort)
    with pytest.raises(PermissionDenied):
        open_study(by=people.coordinator, study=draft)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(people, draft, seed):
    with pytest.raises(ValidationError) as refusal:
        open_study(by=people.coordinator, study=draft, seed=seed)
    assert code_of(refusal) == "seed_out_of_range"


def test_a_study_opens_once(people, study):
    with pytest.raises(ValidationError) as refusal:
        open_study(by=people.coordinator, study=study)
    assert code_of(refusal) == "study_not_draft"


def test_only_a_coordinator_opens(people, draft):
    with pytest.raises(PermissionDenied):
        open_study(by=people.statistician, study=draft)


def test_opening_takes_as_many_reads_for_more_cases(
    people, draft, cohort, django_assert_max_num_queries
):
    for number in range(10, 22):
        store_case(cohort, f"P{number:03}", nodes=2)
    with django_assert_max_num_queries(40):
        open_study(by=people.coordinator, study=draft)


# roles, from both sides


def test_a_reader_cannot_be_given_a_role(people, cohort, draft):
    with pytest.raises(ValidationError, match="reads CT of 'External test 1' blinded") as refusal:
        refuse_conflicts(user=people.reader_one, cohort=cohort, role=CohortRole.COORDINATOR)
    assert code_of(refusal) == "role_conflict"


def test_a_reader_can_be_given_a_role_elsewhere(people, draft):
    other = Cohort.objects.create(name="Another hospital")
    refuse_conflicts(user=people.reader_one, cohort=other, role=CohortRole.ANNOTATOR)


@pytest.mark.parametrize("name", ["coordinator", "annotator_one", "adjudicator", "statistician"])
def test_a_person_with_a_role_cannot_read(people, draft, name):
    with pytest.raises(ValidationError, match="would not read it blinded") as refusal:
        add_reader(by=people.coordinator, study=draft, user=getattr(people, name))
    assert code_of(refusal) == "role_conflict"


# close


def test_a_complete_study_closes(people, study):
    for reader in study.readers.all():
        for case in reader.assignments.order_by("position"):
            read_case(reader.user, case)
    closed = close_study(by=people.coordinator, study=study)
    assert closed.state == StudyState.CLOSED
    assert closed.closed_at is not None
    assert audited("close_study").new == {"state": "closed", "cases": 6, "unsubmitted": 0}


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({}, "incomplete"),
        ({"reason": "Time is up."}, "incomplete"),
        ({"confirm_incomplete": True, "reason": "  "}, "reason_missing"),
    ],
)
def test_an_incomplete_study_closes_only_confirmed_and_with_a_reason(people, study, answers, code):
    with pytest.raises(ValidationError, match="6 of 6 cases") as refusal:
        close_study(by=people.coordinator, study=study, **answers)
    assert code_of(refusal) == code
    study.refresh_from_db()
    assert study.state == StudyState.OPEN


def test_an_incomplete_study_closes_with_the_reason_kept(people, study):
    close_study(by=people.coordinator, study=study, confirm_incomplete=True, reason="Time is up.")
    assert audited("close_study").reason == "Time is up."
    assert audited("close_study").new["unsubmitted"] == 6


def test_a_draft_cannot_be_closed(people, draft):
    with pytest.raises(ValidationError) as refusal:
        close_study(by=people.coordinator, study=draft)
    assert code_of(refusal) == "study_not_open"


def test_only_a_coordinator_closes(people, study):
    with pytest.raises(PermissionDenied):
        close_study(by=people.reader_one, study=study)


# reopen


def test_a_submitted_case_is_reopened_with_a_reason(people, study, case):
    read_case(people.reader_one, case)
    reopened = reopen_case(by=people.coordinator, assignment=case, reason="Wrong side scored.")
    assert (reopened.state, reopened.version) == (AssignmentState.REOPENED, 4)
    row = Reopening.objects.get(assignment=case)
    assert (row.by, row.reason, row.version) == (people.coordinator, "Wrong side scored.", 4)
    assert audited("reopen_case").reason == "Wrong side scored."


def test_a_submit_from_before_cannot_lock_a_reopened_case(people, study, case):
    read_case(people.reader_one, case)
    reopen_case(by=people.coordinator, assignment=case, reason="Again.")
    with pytest.raises(ValidationError) as refusal:
        submit_case(by=people.reader_one, case=case.public_id, base_version=case.version)
    assert code_of(refusal) == "stale_version"


def test_reopening_needs_a_reason(people, study, case):
    read_case(people.reader_one, case)
    with pytest.raises(ValidationError) as refusal:
        reopen_case(by=people.coordinator, assignment=case, reason=" ")
    assert code_of(refusal) == "reason_missing"


def test_a_draft_case_cannot_be_reopened(people, study, case):
    with pytest.raises(ValidationError) as refusal:
        reopen_case(by=people.coordinator, assignment=case, reason="Why not.")
    assert code_of(refusal) == "case_not_submitted"


def test_no_case_of_a_closed_study_is_reopened(people, study, case):
    read_case(people.reader_one, case)
    close_study(by=people.coordinator, study=study, confirm_incomplete=True, reason="Over.")
    with pytest.raises(ValidationError) as refusal:
        reopen_case(by=people.coordinator, assignment=case, reason="Again.")
    assert code_of(refusal) == "study_not_open"


@pytest.mark.parametrize("name", ["reader_one", "annotator_one", "statistician", "outsider"])
def test_only_a_coordinator_reopens(people, study, case, name):
    read_case(people.reader_one, case)
    with pytest.raises(PermissionDenied):
        reopen_case(by=getattr(people, name), assignment=case, reason="Again.")
