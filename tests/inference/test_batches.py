"""Batches across nodes and cases: what is in a batch changes nothing, and harms nobody in it."""

import numpy as np
import pytest

from cohorts import storage
from inference.models import Prediction, PredictionRun, Provenance
from inference.pipeline.compute import MODELS, STREAMED_BATCHES, member_groups
from inference.pipeline.predictions import run_predictions
from inference.pipeline.scores import NotFinite, combined, sigmoid
from inference.services import request_predictions
from jobs.models import JobState
from tests.cases import store_case
from tests.inference import toy
from tests.inference.conftest import record_version

SCORES = (
    "mask_digest",
    "metastasis_score",
    "ene_score",
    "metastasis_probability",
    "ene_probability",
)


@pytest.fixture(autouse=True)
def _own_models(settings, monkeypatch):
    settings.INFERENCE_RETRY_SECONDS = [0, 0]
    toy.make_known(monkeypatch.setitem)
    toy.READ_MEMBERS.clear()
    MODELS.clear()
    yield
    MODELS.clear()


@pytest.fixture
def case(cohort):
    """Seven nodes of three patients."""
    for number, nodes in enumerate((3, 2, 2)):
        store_case(cohort, f"P00{number}", nodes=nodes)
    return cohort


@pytest.fixture
def predicted(people, case):
    """Predict the cohort by a version; return its rows."""

    def predict(version):
        run = request_predictions(by=people.coordinator, cohort=case, model_version=version)
        run_predictions(run.pk)
        run.refresh_from_db()
        assert run.state == JobState.DONE, run.error
        return rows_of(version)

    predict.cohort = case
    return predict


def rows_of(version):
    rows = Prediction.objects.filter(model_version=version)
    return list(rows.order_by("mask_digest").values_list(*SCORES))


def test_scores_do_not_depend_on_batches(predicted, member_files, settings):
    """The real architecture: one by one, in threes across patients, all together."""
    found = []
    for size in (1, 3, 16):
        settings.INFERENCE_BATCH = size
        found.append(predicted(record_version(f"Batches of {size}", member_files)))
    assert len(found[0]) == 7
    assert found[0] == found[1] == found[2]


def test_scores_do_not_depend_on_what_stays_in_memory(predicted, member_files, settings):
    kept = predicted(record_version("Kept", member_files))
    settings.INFERENCE_MEMORY_MB = 1
    streamed = record_version("Streamed", member_files)
    assert MODELS.model(streamed).batch_size == settings.INFERENCE_BATCH * STREAMED_BATCHES
    assert predicted(streamed) == kept


def test_a_third_architecture_needs_no_other_line(predicted):
    rows = predicted(toy.toy_version("Toy"))
    assert len(rows) == 7
    assert len(set(rows)) == 7


def test_files_are_read_once_per_process(predicted, people, case):
    version = toy.toy_version("Read once")
    predicted(version)
    assert len(toy.READ_MEMBERS) == 2
    store_case(case, "P009", nodes=2)
    predicted(version)
    assert len(toy.READ_MEMBERS) == 2
    assert len(rows_of(version)) == 9


def test_a_model_too_large_for_the_memory_is_read_for_each_batch(predicted, settings):
    settings.INFERENCE_MEMORY_MB = 0
    settings.INFERENCE_BATCH = 1
    for number in range(3, 6):
        store_case(predicted.cohort, f"P00{number}", nodes=5)
    assert len(predicted(toy.toy_version("Large"))) == 22
    assert len(toy.READ_MEMBERS) == 2 * 2, "22 nodes in two batches of up to sixteen"


def test_the_model_used_longest_ago_leaves_first(db, settings):
    settings.INFERENCE_MEMORY_MB = 1
    large = [toy.toy_version(f"Large {number}") for number in range(3)]
    for version in large:
        pad(version, 400_000)
    first, second = (MODELS.model(version) for version in large[:2])
    assert MODELS.model(large[0]) is not first, "both together exceed the setting"
    settings.INFERENCE_MEMORY_MB = 2
    first, second = (MODELS.model(version) for version in large[:2])
    assert MODELS.model(large[0]) is first
    MODELS.model(large[2])
    assert MODELS.model(large[0]) is first
    assert MODELS.model(large[1]) is not second


def pad(version, size):
    """Make the members' files larger."""
    for member in version.members.all():
        data = storage.get(member.sha256)
        member.sha256 = storage.put(data + b" " * size)
        member.save()


def test_a_node_that_cannot_be_prepared_harms_no_other(people, case):
    plain = toy.toy_version("Plain")
    run = request_predictions(by=people.coordinator, cohort=case, model_version=plain)
    rows = {toy.row_of(item) for item in run.items.all()}
    run_predictions(run.pk)
    expected = rows_of(plain)
    for kind in ("refused_rows", "broken_rows", "spoils_batch_rows"):
        version = toy.toy_version(kind, **{kind: [min(rows)]})
        run = request_predictions(by=people.coordinator, cohort=case, model_version=version)
        bad = {item.mask.digest for item in run.items.all() if toy.row_of(item) == min(rows)}
        assert 0 < len(bad) < 7
        run_predictions(run.pk)
        assert [row[0] for row in rows_of(version)] == [
            row[0] for row in expected if row[0] not in bad
        ]
        assert set(rows_of(version)) <= set(expected)
        parked = run.items.filter(state="parked")
        assert {item.mask.digest for item in parked} == bad
        assert all(item.attempts == (1 if kind == "refused_rows" else 3) for item in parked)


def test_members_see_the_inputs_of_their_fold(predicted):
    """A model trained here has one fingerprint per fold; the mean is that of its members."""
    prints = [0.25, -0.5]
    together = predicted(toy.toy_version("Folds", fold_fingerprints=prints))
    for place, score in enumerate(("metastasis_score", "ene_score"), start=1):
        alone = []
        for fold, told in enumerate(prints):
            version = toy.toy_version(f"Fold {fold} {score}", fingerprint=told)
            version.members.exclude(fold=fold).delete()
            alone.append([row[place] for row in predicted(version)])
        means = np.mean(alone, axis=0)
        np.testing.assert_allclose([row[place] for row in together], means, rtol=1e-12)


def test_members_of_equal_folds_share_their_inputs():
    one = member_groups({"fingerprint": 1}, [0, 1, 2, 0])
    assert [group.rows for group in one] == [(0, 1, 2, 3)]
    told = {"fingerprint": 9, "fold_fingerprints": [1, 2, 1]}
    two = member_groups(told, [0, 1, 2, 0])
    assert [(group.rows, group.parameters["fingerprint"]) for group in two] == [
        ((0, 2, 3), 1),
        ((1,), 2),
    ]


def test_parameters_that_lack_a_fold_end_the_run(people, case):
    version = toy.toy_version("Folds", fold_fingerprints=[0.0])
    run = request_predictions(by=people.coordinator, cohort=case, model_version=version)
    run_predictions(run.pk)
    run.refresh_from_db()
    assert run.state == JobState.FAILED
    assert "'Folds'" in run.error
    assert "fold_fingerprints has folds 0 to 0, not 1" in run.error


def test_a_missing_member_ends_the_run_with_a_sentence(people, case):
    version = toy.toy_version("Gap")
    version.members.filter(fold=1).update(sha256="0" * 64)
    run = request_predictions(by=people.coordinator, cohort=case, model_version=version)
    run_predictions(run.pk)
    run.refresh_from_db()
    assert (run.state, Prediction.objects.count()) == (JobState.FAILED, 0)
    assert run.error.startswith("Member RUN0/fold1: its stored file is missing.")


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("INFERENCE_PRECISION", "bfloat16", "NODEWISE_INFERENCE_PRECISION"),
        ("INFERENCE_DEVICE", "cuda", "NODEWISE_INFERENCE_DEVICE"),
    ],
)
def test_what_this_worker_cannot_compute_ends_the_run(
    people, case, settings, setting, value, named
):
    setattr(settings, setting, value)
    version = toy.toy_version("Elsewhere")
    run = request_predictions(by=people.coordinator, cohort=case, model_version=version)
    run_predictions(run.pk)
    run.refresh_from_db()
    assert (run.state, Prediction.objects.count()) == (JobState.FAILED, 0)
    assert run.error.startswith(named)


def test_precisions_of_one_model_do_not_mix(people, case):
    version = toy.toy_version("Mixed")
    run = request_predictions(by=people.coordinator, cohort=case, model_version=version)
    mask = run.items.last().mask
    Prediction.objects.create(
        model_version=version,
        node=mask.node,
        mask_digest=mask.digest,
        metastasis_score=1.0,
        ene_score=1.0,
        code_version="0.1.0.cuda.bfloat16",
    )
    run_predictions(run.pk)
    run.refresh_from_db()
    assert (run.state, Prediction.objects.count()) == (JobState.FAILED, 1)
    assert "were computed in bfloat16" in run.error


def test_an_untrained_models_rows_say_who_computed_them(predicted):
    version = toy.toy_version("Labels")
    predicted(version)
    assert version.provenance == Provenance.UNTRAINED
    labels = set(Prediction.objects.values_list("code_version", flat=True))
    assert len(labels) == 1
    assert not labels.pop().endswith(".bfloat16")
    assert PredictionRun.objects.get().progress_note == "7 of 7 nodes predicted"


def test_the_mean_is_exact_and_needs_no_order():
    random = np.random.default_rng(3)
    logits = random.normal(size=(25, 2)) * 10.0 ** random.integers(-8, 8, (25, 2))
    scores = combined(logits)
    assert scores == combined(logits[::-1])
    assert scores.metastasis_score == pytest.approx(logits[:, 0].mean())
    assert scores.ene_probability == sigmoid(scores.ene_score)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_logit_that_is_no_number_is_no_score(bad):
    logits = np.zeros((3, 2))
    logits[1, 1] = bad
    with pytest.raises(NotFinite, match="member 2 of 3"):
        combined(logits)


@pytest.mark.parametrize(("logit", "probability"), [(0, 0.5), (-800, 0.0), (800, 1.0), (2, None)])
def test_the_sigmoid_neither_overflows_nor_leaves_its_range(logit, probability):
    expected = 1 / (1 + np.exp(-2.0)) if probability is None else probability
    assert sigmoid(logit) == pytest.approx(expected, abs=1e-15)
