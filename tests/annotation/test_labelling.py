"""Labels are saved exactly once, on the version they were made on, by their annotator alone."""

import uuid

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.errors import Conflict
from accounts.models import AuditEvent
from annotation import services
from annotation.models import Labelling, NodeLabel
from annotation.pathology_rules.details import NOT_RECORDED, LabelDetails
from cohorts.models import CohortMember, Node
from tests.annotation.conftest import label_all, save, state_of
from tests.cases import store_case


def code_of(refusal):
    return refusal.value.error_list[0].code


def test_starting_twice_gives_the_same_labelling(people, patients):
    first = services.start_labelling(by=people.annotator_one, patient=patients[0])
    again = services.start_labelling(by=people.annotator_one, patient=patients[0])
    assert first == again
    assert AuditEvent.objects.filter(verb="start_labelling").count() == 1


@pytest.mark.parametrize(
    "who", ["coordinator", "adjudicator", "statistician", "reader_one", "outsider"]
)
def test_only_annotators_start(people, patients, who):
    with pytest.raises(PermissionDenied, match="Only annotators of 'External test 1'"):
        services.start_labelling(by=getattr(people, who), patient=patients[0])


def test_an_excluded_patient_is_not_started(people, patients):
    patients[0].exclusion_code = "no_pathology"
    patients[0].save()
    with pytest.raises(ValidationError, match="P001 is excluded") as refusal:
        services.start_labelling(by=people.annotator_one, patient=patients[0])
    assert code_of(refusal) == "nothing_to_label"


def test_a_patient_without_nodes_is_not_started(people, cohort):
    patient = store_case(cohort, "P009", nodes=0)
    with pytest.raises(ValidationError, match="nothing to label"):
        services.start_labelling(by=people.annotator_one, patient=patient)


def test_a_label_is_saved_with_its_mask_and_audited_without_its_category(labelling):
    shown = services.Shown(labelling.public_id, 4)
    saved = save(labelling, 1, 2, comment="  matted ", shown=shown)
    row = NodeLabel.objects.get()
    assert (saved.row, saved.replayed) == (row, False)
    assert (row.label, row.comment, row.version, row.shown_slice) == (2, "matted", 1, 4)
    assert row.mask_digest == row.node.masks.get().digest
    event = AuditEvent.objects.get(verb="record_label")
    assert event.new == {
        "labelling": str(labelling.public_id),
        "node": str(row.node.public_id),
        "version": 1,
    }


def test_a_change_supersedes_and_keeps_the_row_before(labelling):
    first = save(labelling, 1, 0).row
    second = save(labelling, 1, 9).row
    assert second.supersedes == first
    assert NodeLabel.objects.count() == 2
    assert [node["label"] for node in state_of(labelling)["nodes"]] == [9, None]
    assert state_of(labelling)["version"] == 2


def test_a_repeated_save_is_answered_by_the_row_it_made(labelling):
    client_id = uuid.uuid4()
    first = save(labelling, 1, 1, client_id=client_id, base=0)
    again = save(labelling, 1, 1, client_id=client_id, base=0)
    assert again == (first.row, True)
    assert NodeLabel.objects.count() == 1


def test_a_repeated_save_is_answered_even_after_the_submission(people, labelling):
    client_id = uuid.uuid4()
    first = save(labelling, 1, 1, client_id=client_id)
    save(labelling, 2, 1)
    services.submit_labelling(by=people.annotator_one, labelling=labelling)
    assert save(labelling, 1, 1, client_id=client_id, base=0) == (first.row, True)


def test_what_stands_beside_a_label_is_kept_with_its_row(labelling):
    details = LabelDetails(place="left IIa", basis="guess", certainty=1, matted=" a")
    first = save(labelling, 1, 1, details=details).row
    second = save(labelling, 1, 1).row
    first.refresh_from_db()
    assert first.details == LabelDetails(place="left IIa", basis="guess", certainty=1, matted="A")
    assert (second.supersedes, second.details) == (first, NOT_RECORDED)


@pytest.mark.parametrize(
    ("label", "details", "field"),
    [
        (1, LabelDetails(basis="whole_level_negative"), "basis"),
        (0, LabelDetails(basis="whole_level_positive"), "basis"),
        (1, LabelDetails(place="left VII"), "place"),
        (1, LabelDetails(certainty=4), "certainty"),
    ],
)
def test_what_cannot_stand_beside_a_label_is_refused_by_field(labelling, label, details, field):
    with pytest.raises(ValidationError) as refusal:
        save(labelling, 1, label, details=details)
    assert list(refusal.value.message_dict) == [field]
    assert NodeLabel.objects.count() == 0


@pytest.mark.parametrize(
    "other",
    [{"label": 2}, {"comment": "x"}, {"number": 2}, {"details": LabelDetails(certainty=1)}],
)
def test_the_same_identifier_with_other_content_is_refused(labelling, other):
    client_id = uuid.uuid4()
    save(labelling, 1, 1, client_id=client_id)
    content = {"number": 1, "label": 1} | other
    with pytest.raises(ValidationError, match="other content") as refusal:
        save(labelling, client_id=client_id, **content)
    assert code_of(refusal) == "client_id_reused"
    assert NodeLabel.objects.count() == 1


def test_somebody_elses_identifier_is_refused(people, patients, labelling):
    client_id = uuid.uuid4()
    save(labelling, 1, 1, client_id=client_id)
    other = services.start_labelling(by=people.annotator_two, patient=patients[0])
    with pytest.raises(ValidationError, match="other content"):
        save(other, 1, 1, client_id=client_id)


@pytest.mark.parametrize("base", [0, 2])
def test_a_save_on_another_version_is_a_conflict_with_the_current_labels(labelling, base):
    row = save(labelling, 1, 1, comment="first").row
    with pytest.raises(Conflict, match="at version 1, this page knew version") as refusal:
        save(labelling, 1, 2, base=base)
    assert refusal.value.current == {
        "version": 1,
        "labels": [
            {
                "node": str(row.node.public_id),
                "label": 1,
                "comment": "first",
                "place": "",
                "matched": "",
                "basis": "",
                "certainty": None,
                "matted": "",
            }
        ],
    }
    assert NodeLabel.objects.count() == 1


def test_a_submitted_labelling_is_locked(people, labelling):
    save(labelling, 1, 1)
    save(labelling, 2, 1)
    services.submit_labelling(by=people.annotator_one, labelling=labelling)
    with pytest.raises(ValidationError, match="P001 is submitted") as refusal:
        save(labelling, 1, 2)
    assert code_of(refusal) == "submitted"


def test_a_node_of_another_patient_is_refused(patients, labelling):
    with pytest.raises(ValidationError, match="another patient") as refusal:
        services.record_label(
            by=labelling.annotator,
            labelling=labelling,
            node=patients[1].nodes.get(),
            client_id=uuid.uuid4(),
            base_version=0,
            label=0,
        )
    assert code_of(refusal) == "other_patient"


@pytest.mark.parametrize("label", [3, -1, 10])
def test_an_unknown_label_is_refused(labelling, label):
    with pytest.raises(ValidationError) as refusal:
        save(labelling, 1, label)
    assert "label" in refusal.value.message_dict


def test_a_comment_that_is_too_long_is_refused(labelling):
    with pytest.raises(ValidationError) as refusal:
        save(labelling, 1, 1, comment="c" * 2001)
    assert "comment" in refusal.value.message_dict


@pytest.mark.parametrize("slice_index", [12, -1])
def test_a_slice_that_does_not_exist_was_not_shown(labelling, slice_index):
    with pytest.raises(ValidationError, match="not of this patient"):
        save(labelling, 1, 1, shown=services.Shown(labelling.public_id, slice_index))


def test_another_cases_picture_is_refused(labelling):
    with pytest.raises(ValidationError, match="not of this patient") as refusal:
        save(labelling, 1, 1, shown=services.Shown(uuid.uuid4(), 4))
    assert code_of(refusal) == "other_picture"


def test_nobody_saves_in_anothers_labelling(people, labelling):
    with pytest.raises(PermissionDenied, match="another annotator"):
        save(labelling, 1, 1, by=people.annotator_two)


def test_who_lost_the_role_saves_no_more(people, labelling):
    CohortMember.objects.filter(user=people.annotator_one).delete()
    with pytest.raises(PermissionDenied, match="Only annotators"):
        save(labelling, 1, 1)


def test_submitting_locks_and_is_audited(people, labelling):
    save(labelling, 1, 1)
    save(labelling, 2, 1)
    done = services.submit_labelling(by=people.annotator_one, labelling=labelling, base_version=2)
    assert done.state == "submitted"
    assert done.submitted_at is not None
    event = AuditEvent.objects.get(verb="submit_labelling")
    assert (event.old, event.new) == ({"state": "draft"}, {"state": "submitted", "version": 2})


def test_submitting_again_changes_nothing(people, patients):
    done = label_all(people.annotator_one, patients[1], [1])
    again = services.submit_labelling(by=people.annotator_one, labelling=done, base_version=0)
    assert again.submitted_at == Labelling.objects.get().submitted_at == done.submitted_at
    assert AuditEvent.objects.filter(verb="submit_labelling").count() == 1


def test_an_incomplete_labelling_is_not_submitted(people, labelling):
    save(labelling, 2, 1)
    with pytest.raises(ValidationError, match=r"P001: 1 of 2 nodes .* \(node 1\)") as refusal:
        services.submit_labelling(by=people.annotator_one, labelling=labelling)
    assert code_of(refusal) == "incomplete"


def test_a_submission_of_another_version_is_a_conflict(people, labelling):
    save(labelling, 1, 1)
    save(labelling, 2, 1)
    with pytest.raises(Conflict):
        services.submit_labelling(by=people.annotator_one, labelling=labelling, base_version=1)


def test_nobody_submits_anothers_labelling(people, labelling):
    with pytest.raises(PermissionDenied):
        services.submit_labelling(by=people.annotator_two, labelling=labelling)


def test_nodes_have_no_way_up_to_labels(labelling):
    save(labelling, 1, 1)
    names = {field.name for field in Node._meta.get_fields()}
    assert not names & {"labels", "nodelabel", "adjudication"}
