"""Registering, requesting, cancelling: each success, then every refusal."""

import shutil
import uuid

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django_tasks_db.models import DBTaskResult

from accounts.audit import verify
from accounts.errors import Conflict
from accounts.models import AuditEvent
from cohorts import storage
from cohorts.models import Cohort
from inference import selectors
from inference.models import ItemState, ModelVersion, Prediction, PredictionItem, PredictionRun
from inference.services import cancel_run, register_model_version, request_predictions
from jobs.models import JobState
from tests.cases import store_case
from tests.inference.conftest import PARAMETERS, record_version


def register(folder, **changes):
    given = {
        "by": None,
        "name": "Demo model",
        "folder": folder,
        "provenance": "untrained",
        "parameters": PARAMETERS,
    }
    return register_model_version(**(given | changes))


def refusal(code, action):
    with pytest.raises(ValidationError) as caught:
        action()
    assert caught.value.code == code or caught.value.error_list[0].code == code
    return " ".join(caught.value.messages)


def test_registering_keeps_the_files_and_records_their_digests(db, member_folder, people):
    version = register(member_folder, by=people.coordinator, thresholds={"metastasis": 0.4})
    members = list(version.members.all())
    assert [(m.run, m.fold) for m in members] == [(0, 0), (0, 1)]
    for member in members:
        with storage.local_file(member.sha256) as path:
            assert path.stat().st_size > 60_000_000
    assert version.thresholds == {"metastasis": 0.4}
    assert selectors.model_version(version.public_id).member_count == 2
    event = AuditEvent.objects.get(verb="register_model_version")
    assert event.new["digest"] == version.digest
    assert event.new["members"] == 2
    assert list(verify()) == []


def test_the_same_model_cannot_be_registered_twice_under_another_name(db, member_folder):
    first = register(member_folder)
    sentence = refusal("registered_already", lambda: register(member_folder, name="Again"))
    assert first.name in sentence
    other = register(member_folder, name="Cut", thresholds={"ene": 0.5})
    assert other.digest != first.digest


def test_a_folder_with_one_bad_file_is_refused_whole(db, member_folder, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(member_folder, folder)
    damaged = folder / "RUN0" / "fold1" / "last_epoch_ckpt.pth"
    damaged.write_bytes(damaged.read_bytes()[:1_000_000])
    sentence = refusal("checkpoint", lambda: register(folder))
    assert "fold1" in sentence
    assert "fold0" not in sentence
    assert not ModelVersion.objects.exists()


def test_a_folder_without_checkpoints_is_refused(db, tmp_path):
    assert "no checkpoint" in refusal("checkpoint", lambda: register(tmp_path))
    assert "no such folder" in refusal("checkpoint", lambda: register(tmp_path / "absent"))


def test_untrained_files_cannot_pass_for_published_ones(db, member_folder):
    sentence = refusal("untrained", lambda: register(member_folder, provenance="published"))
    assert "RUN0/fold0" in sentence


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("provenance", {"provenance": "external"}),
        ("provenance", {"provenance": "found somewhere"}),
        ("parameters", {"parameters": {}}),
        ("parameters", {"parameters": {**PARAMETERS, "dilation": 3}}),
        ("thresholds", {"thresholds": {"metastases": 0.5}}),
        ("thresholds", {"thresholds": {"ene": 1.0}}),
        ("thresholds", {"thresholds": {"ene": float("nan")}}),
        ("thresholds", {"thresholds": {"ene": True}}),
        ("thresholds", {"thresholds": {"ene": "0.5"}}),
    ],
)
def test_what_decides_a_prediction_is_checked_before_any_file(db, tmp_path, code, changes):
    refusal(code, lambda: register(tmp_path / "absent", **changes))


def test_more_members_than_expected_are_refused(db, member_folder):
    assert "2 members" in refusal("members", lambda: register(member_folder, expected_members=1))
    refusal("members", lambda: register(member_folder, expected_members=26))


def test_a_name_is_given_once(version, member_folder):
    refusal("name_taken", lambda: register(member_folder, name=version.name))


def test_only_coordinators_register(people, member_folder):
    with pytest.raises(PermissionDenied):
        register(member_folder, by=people.statistician)


def test_a_request_lists_each_current_mask_and_is_enqueued(
    people, cohort, version, django_capture_on_commit_callbacks
):
    store_case(cohort, "P001", nodes=3)
    excluded = store_case(cohort, "P002", nodes=2)
    excluded.exclusion_code = "no_pathology"
    excluded.save()
    with django_capture_on_commit_callbacks(execute=True):
        run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    assert run.items.count() == 3
    assert run.progress_total == 3
    queued = DBTaskResult.objects.get()
    assert queued.args_kwargs["args"] == [run.pk]
    assert AuditEvent.objects.get(verb="request_predictions").new["nodes"] == 3


def test_only_what_is_missing_is_requested(people, cohort, version):
    store_case(cohort, "P001", nodes=3)
    mask = selectors.masks_to_request(cohort, version)[0]
    predict(version, mask)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    assert run.items.count() == 2
    assert not run.items.filter(mask=mask).exists()


def predict(version, mask, score=0.0):
    return Prediction.objects.create(
        model_version=version,
        node=mask.node,
        mask_digest=mask.digest,
        metastasis_score=score,
        ene_score=score,
        code_version="test",
    )


def test_nothing_missing_is_refused_with_the_reason(people, cohort, version):
    def ask():
        return request_predictions(by=people.coordinator, cohort=cohort, model_version=version)

    assert "no nodes yet" in refusal("nothing_missing", ask)
    store_case(cohort, "P001", nodes=2)
    ask()
    assert "requested already" in refusal("nothing_missing", ask)
    for mask in selectors.masks_without_prediction(cohort, version):
        predict(version, mask)
    assert "All 2 nodes" in refusal("nothing_missing", ask)


def test_nodes_of_a_cancelled_run_can_be_requested_again(people, cohort, version):
    store_case(cohort, "P001", nodes=2)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    cancel_run(by=people.coordinator, run=run)
    again = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    assert again.items.count() == 2


def test_another_cohorts_model_run_does_not_hide_this_cohorts_nodes(people, cohort, version):
    other = Cohort.objects.create(name="Another")
    store_case(other, "X001", nodes=2)
    store_case(cohort, "P001", nodes=1)
    for mask in selectors.masks_without_prediction(other, version):
        predict(version, mask)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    assert run.items.count() == 1


def test_an_external_model_cannot_be_run(people, cohort):
    outside = ModelVersion.objects.create(
        name="Elsewhere", architecture="external", provenance="external", digest="e" * 64
    )
    refusal(
        "external_model",
        lambda: request_predictions(by=people.coordinator, cohort=cohort, model_version=outside),
    )


@pytest.mark.parametrize("person", ["annotator_one", "adjudicator", "statistician", "outsider"])
def test_only_the_cohorts_coordinator_requests_and_cancels(people, cohort, version, person):
    store_case(cohort, "P001", nodes=1)
    by = getattr(people, person)
    with pytest.raises(PermissionDenied):
        request_predictions(by=by, cohort=cohort, model_version=version)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    with pytest.raises(PermissionDenied):
        cancel_run(by=by, run=run)


def test_cancelling_is_asked_once_and_refused_when_over(people, cohort, version):
    store_case(cohort, "P001", nodes=1)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    cancel_run(by=people.coordinator, run=run)
    cancel_run(by=people.coordinator, run=run)
    assert AuditEvent.objects.filter(verb="cancel_prediction_run").count() == 1
    PredictionRun.objects.filter(pk=run.pk).update(state=JobState.DONE)
    run.refresh_from_db()
    with pytest.raises(Conflict) as caught:
        cancel_run(by=people.coordinator, run=run)
    assert caught.value.current == {"state": "done"}


def test_predictions_follow_the_current_mask(people, cohort, version):
    patient = store_case(cohort, "P001", nodes=2)
    for mask in selectors.masks_without_prediction(cohort, version):
        predict(version, mask, score=1.5)
    rows = selectors.predictions_of(cohort, version)
    assert [(row.patient, row.node, row.metastasis_score) for row in rows] == [
        ("P001", 1, 1.5),
        ("P001", 2, 1.5),
    ]
    old = patient.nodes.get(number=1).masks.get()
    old.is_current = False
    old.save()
    old.pk, old.version, old.is_current, old.digest = None, 2, True, uuid.uuid4().hex * 2
    old.save()
    assert [row.node for row in selectors.predictions_of(cohort, version)] == [2]
    assert list(selectors.models_with_predictions([cohort])) == [version]
    coverage = selectors.coverage_of(cohort)
    assert [(entry.predicted, entry.nodes) for entry in coverage] == [(1, 2)]


def test_models_without_predictions_here_are_not_offered(cohort, version, member_files):
    other = Cohort.objects.create(name="Another")
    store_case(other, "X001", nodes=1)
    predict(version, selectors.masks_without_prediction(other, version)[0])
    record_version("Unused", member_files[:1])
    assert list(selectors.models_with_predictions([cohort])) == []
    assert list(selectors.models_with_predictions([cohort, other])) == [version]


def test_items_wait_at_first(people, cohort, version):
    store_case(cohort, "P001", nodes=1)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    assert [item.state for item in PredictionItem.objects.all()] == [ItemState.WAITING]
    assert run.state == JobState.REQUESTED
