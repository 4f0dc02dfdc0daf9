"""Training from the command line: frozen, trained and told in one go; refusals in sentences."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from cohorts.models import Cohort
from inference.models import ModelVersion, TrainingDataset, TrainingRun
from tests import walk
from tests.cases import store_case

QUICK = {
    "inner_folds": 2,
    "evaluate_every": 1,
    "batch_size": 4,
    "threads": 1,
}


@pytest.fixture
def development(people, cohort):
    Cohort.objects.filter(pk=cohort.pk).update(kind="development")
    cohort.refresh_from_db()
    for number in range(1, 7):
        store_case(cohort, f"P00{number}", nodes=3)
    walk.release_truth(people, cohort)
    return cohort


@pytest.fixture
def settings_file(tmp_path):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(QUICK))
    return path


def train(*more, command="train_deepene", by="statistician", cohort="External test 1", **options):
    told = io.StringIO()
    call_command(
        command, *more, cohort=cohort, name="Mine", by=by, stdout=told, folds=2, runs=1, **options
    )
    return told.getvalue()


@pytest.mark.django_db(transaction=True)
def test_it_trains_and_tells_what_it_made(transactional_db, development, settings_file):
    told = train(wait=True, epochs=1, settings_file=settings_file)
    assert "2 members, 1 epochs each, on 18 nodes of 6 patients" in told
    version = ModelVersion.objects.get()
    assert f"Registered 'Mine', {version.digest}." in told
    assert TrainingRun.objects.get().settings["batch_size"] == 4


def test_a_coordinator_trains_on_what_was_frozen_last(people, development, settings_file):
    with pytest.raises(CommandError, match="No training data are frozen"):
        train(by="coordinator", settings_file=settings_file)
    train(settings_file=settings_file)
    TrainingRun.objects.update(name="Other")
    told = train(
        by="coordinator",
        settings_file=settings_file,
        command="train_model",
        architecture="DeepENE",
        seed=5,
    )
    assert "A worker trains it" in told
    assert TrainingDataset.objects.count() == 1
    assert set(TrainingRun.objects.values_list("settings__seed", flat=True)) == {0, 5}


def test_refusals_are_sentences(people, development, settings_file, tmp_path):
    for wrong, sentence in (
        ({"by": "nobody"}, "no active account"),
        ({"cohort": "None"}, "no cohort named"),
        ({"epochs": 0}, "epochs must be"),
        ({"settings_file": tmp_path / "absent.json"}, "cannot be read"),
        ({"by": "annotator_one"}, "frozen|Only a"),
        ({"resume": True}, "no training named"),
    ):
        with pytest.raises(CommandError, match=sentence):
            train(**wrong)
    Cohort.objects.update(kind="external_test")
    with pytest.raises(CommandError, match="train on a development cohort"):
        train(settings_file=settings_file)
    assert not TrainingRun.objects.exists()
