"""A whole training through the worker's pipeline: the model, its record, and no leak."""

import json

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db.models import F
from django.urls import reverse

from cohorts import storage
from cohorts.models import Cohort, CTSeries, NodeMask
from inference import selectors
from inference.models import ModelVersion, Prediction, PredictionOrigin, TrainingRun
from inference.pipeline.stored_nodes import node_inputs, stacked, with_series
from inference.pipeline.training import run_training
from inference.runner import (
    ComputeSettings,
    MemberWeights,
    parameters_of_fold,
    preparation_of,
    runner_of,
)
from inference.services import request_predictions, start_training
from inference.training.settings import TrainingSettings
from inference.training.splits import nested_splits
from jobs.models import JobState
from tests.cases import store_case
from tests.inference.conftest import record_version
from tests.inference.training_cases import TINY, freeze, store_development
from tests.people import join

QUICK = TINY | {"epochs": 1}


def trained(people, dataset, name="Mine", **settings) -> TrainingRun:
    run = start_training(
        by=people.coordinator,
        dataset=dataset,
        name=name,
        architecture="DeepENE",
        settings=QUICK | settings,
    )
    run_training(run.pk)
    run.refresh_from_db()
    return run


def splits_of(run):
    samples = selectors.training_samples(run.dataset)
    settings = TrainingSettings.from_dict(run.settings)
    return nested_splits([sample.labels for sample in samples], settings)


def record_of(run):
    return json.loads(selectors.training_record_bytes(run))


def member_logits(version, member, masks):
    """Return one member's logits of some masks, the way predictions are computed."""
    preparation, runner = preparation_of("DeepENE"), runner_of("DeepENE")
    parameters = parameters_of_fold(version.parameters, member.fold)
    inputs = stacked([node_inputs(mask, preparation, parameters) for mask in masks])

    def load():
        with storage.local_file(member.sha256) as path:
            return runner.load_checkpoint(path, expected_sha256=member.sha256).state

    weights = MemberWeights(run=member.run, fold=member.fold, load=load)
    return runner.ensemble([weights], ComputeSettings(threads=1)).predict(inputs)[0]


@pytest.fixture
def development(cohort):
    return store_development(cohort)


def test_a_training_ends_as_a_model_version_with_out_of_fold_scores(client, people, development):
    run = trained(people, freeze(people, development))
    assert (run.state, run.error) == (JobState.DONE, "")
    version = run.model_version
    assert (version.name, version.provenance) == ("Mine", "trained_here")
    assert version.members.count() == version.expected_members == 2
    assert len(version.parameters["fold_fingerprints"]) == 2
    assert set(version.thresholds) == {"metastasis", "ene"}
    assert run.progress_done == run.progress_total == 2

    rows = Prediction.objects.filter(model_version=version)
    assert rows.count() == 24
    assert set(rows.values_list("origin", flat=True)) == {PredictionOrigin.OUT_OF_FOLD}
    splits = splits_of(run)
    for fold, patients in enumerate(splits.outer):
        member = version.members.get(fold=fold)
        masks = list(
            with_series(NodeMask.objects.filter(node__patient__pseudonym__in=patients)).order_by(
                "digest"
            )
        )
        stored = [
            (r.metastasis_score, r.ene_score)
            for r in rows.filter(mask_digest__in=[mask.digest for mask in masks]).order_by(
                "mask_digest"
            )
        ]
        np.testing.assert_allclose(member_logits(version, member, masks), stored, atol=1e-4)

    record = record_of(run)
    assert record["data_sha256"] == run.dataset.table_key
    assert record["settings"] == run.settings
    assert [m["checkpoint_sha256"] for m in record["members"]] == list(
        version.members.values_list("sha256", flat=True)
    )
    assert len(record["members"][0]["curves"]) == 1
    assert record["parameters"] == version.parameters

    assert_pages_tell_where_scores_come_from(client, people, run)
    assert_members_never_judge_together(people, development, version)


def assert_pages_tell_where_scores_come_from(client, people, run):
    version, cohort = run.model_version, run.dataset.cohort
    client.force_login(people.coordinator)
    page = client.get(reverse("inference:model", args=[version.public_id])).content.decode()
    assert "Training record" in page
    assert run.record_key in page
    assert page.count("<svg") == 2
    assert "Outer fold 1" in page
    url = reverse("inference:scores", args=[cohort.public_id, version.public_id])
    page = client.get(url).content.decode()
    assert page.count("<td>out-of-fold</td>") == 24
    # Whoever looks after another cohort sees the version, and nothing of its training.
    elsewhere = Cohort.objects.create(name="Elsewhere")
    join(elsewhere, people.outsider, "coordinator")
    client.force_login(people.outsider)
    page = client.get(reverse("inference:model", args=[version.public_id])).content.decode()
    assert version.digest in page
    assert run.record_key not in page
    assert "<svg" not in page


def assert_members_never_judge_together(people, development, version):
    """Neither the nodes, nor another mask of a patient, nor the same CT in another cohort."""

    def refused(cohort):
        with pytest.raises(ValidationError, match="trained on these nodes") as raised:
            request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
        return raised.value.code == "nothing_missing"

    assert refused(development)
    NodeMask.objects.filter(node__patient__pseudonym="D001").update(digest=F("runs_key"))
    assert refused(development)
    tested = Cohort.objects.create(name="Tested", kind="external_test")
    join(tested, people.coordinator, "coordinator")
    twin = store_case(tested, "T001", nodes=1)
    series = development.patients.get(pseudonym="D003").series
    CTSeries.objects.filter(patient=twin).update(hu_sha256=series.hu_sha256)
    assert refused(tested)
    store_case(tested, "T002", nodes=2)
    run = request_predictions(by=people.coordinator, cohort=tested, model_version=version)
    assert set(run.items.values_list("node__patient__pseudonym", flat=True)) == {"T002"}


def test_states_and_patches_are_cleared_away(people, development, settings):
    run = trained(people, freeze(people, development), epochs=2)
    assert run.progress_done == run.progress_total == 4
    assert run.state == JobState.DONE
    assert not run.members.exclude(state_key="").exists()
    assert not (settings.DATA_DIR / "training-cache" / str(run.public_id)).exists()
    assert [point.epoch for point in selectors.curve_points(run)] == [1, 2, 1, 2]


def test_labels_of_the_outer_fold_reach_nothing_of_their_fold(people, development):
    """The leak test: other labels in fold 0's outer patients change nothing that fold 0 made."""
    before = trained(people, freeze(people, development), name="Before")
    splits = splits_of(before)
    flipped = frozenset(splits.outer[0])
    after = trained(people, freeze(people, development, flipped=flipped), name="After")
    assert splits_of(after) == splits
    one, two = record_of(before), record_of(after)
    assert one["data_sha256"] != two["data_sha256"]

    def made_by(record, fold):
        return (
            record["parameters"]["fold_fingerprints"][fold],
            record["thresholds"]["by_fold"][fold],
            [member for member in record["members"] if member["fold"] == fold],
        )

    assert made_by(one, 0) == made_by(two, 0)
    # Fold 1 trains and validates on those patients: its members must differ.
    assert made_by(one, 1)[2] != made_by(two, 1)[2]


def test_no_patient_is_on_both_sides(people, development):
    run = start_training(
        by=people.coordinator,
        dataset=freeze(people, development),
        name="Split",
        architecture="DeepENE",
        settings=TINY | {"runs": 5, "folds": 4},
    )
    splits = splits_of(run)
    everyone = {sample.patient for sample in selectors.training_samples(run.dataset)}
    assert sorted(p for fold in splits.outer for p in fold) == sorted(everyone)
    for member in splits.members:
        sides = [set(member.training), set(member.validation), set(member.outer)]
        assert set.union(*sides) == everyone
        assert sum(map(len, sides)) == len(everyone)


def test_the_same_training_again_says_which_model_it_gave(people, development):
    dataset = freeze(people, development)
    first = trained(people, dataset)
    again = trained(people, dataset, name="Again")
    assert again.state == JobState.FAILED
    assert "registered as 'Mine'" in again.error
    assert list(ModelVersion.objects.all()) == [first.model_version]


def test_a_node_that_cannot_be_prepared_is_named(people, development):
    mask = NodeMask.objects.get(node__patient__pseudonym="D002", node__number=3)
    dataset = freeze(people, development)
    series = mask.node.patient.series
    series.geometry |= {"spacing_zyx_mm": [90.0, 0.8, 0.8]}
    series.save()
    run = trained(people, dataset)
    assert run.state == JobState.FAILED
    assert "D002 node 1" in run.error
    assert "spacing" in run.error


def test_a_name_taken_meanwhile_loses_nothing(people, development, member_files):
    run = start_training(
        by=people.coordinator,
        dataset=freeze(people, development),
        name="Mine",
        architecture="DeepENE",
        settings=QUICK,
    )
    record_version("Mine", member_files)
    run_training(run.pk)
    run.refresh_from_db()
    assert run.model_version.name == f"Mine (training {run.pk})"
