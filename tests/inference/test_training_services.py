"""Starting, stopping and resuming a training: who may, and what is refused before it begins."""

import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.errors import Conflict
from accounts.models import AuditEvent
from inference import selectors
from inference.models import TrainingMember, TrainingRun
from inference.services import (
    keep_training_dataset,
    resume_training,
    start_training,
    stop_training,
)
from jobs.models import JobState
from tests.inference.conftest import record_version
from tests.inference.training_cases import TINY, freeze, store_development, table_of
from tests.people import join


@pytest.fixture
def dataset(people, cohort):
    return freeze(people, store_development(cohort))


def start(people, dataset, **changes):
    asked = {"name": "Mine", "architecture": "DeepENE", "settings": TINY} | changes
    return start_training(by=asked.pop("by", people.coordinator), dataset=dataset, **asked)


def refusal(people, dataset, **changes) -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        start(people, dataset, **changes)
    assert not TrainingRun.objects.exists()
    return raised.value


def test_a_training_has_a_row_for_each_member_and_every_choice_written_out(people, dataset):
    run = start(people, dataset)
    assert list(run.members.values_list("run", "fold")) == [(0, 0), (0, 1)]
    assert run.settings["epochs"] == 2
    assert run.settings["weight_decay"] == 0.0005  # published, not asked for
    assert run.settings["fold_seed"] == 12345
    event = AuditEvent.objects.get(verb="start_training")
    assert event.new["dataset"] == dataset.table_key


@pytest.mark.parametrize("who", ["annotator_one", "adjudicator", "reader_one", "outsider"])
def test_who_judges_or_reads_starts_nothing(people, dataset, who):
    with pytest.raises(PermissionDenied):
        start(people, dataset, by=getattr(people, who))
    assert not TrainingRun.objects.exists()


def test_a_coordinator_who_also_labels_sees_and_starts_nothing(people, cohort, dataset):
    join(cohort, people.coordinator, "annotator")
    with pytest.raises(PermissionDenied, match="judges none of its nodes"):
        start(people, dataset)
    assert not selectors.training_datasets_for(people.coordinator).exists()


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ({"epochs": 0}, "epochs"),
        ({"folds": 9}, "folds"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"colour": 1}, "colour"),
        ({"architecture": "DualNet"}, "DualNet"),
    ],
)
def test_a_wrong_setting_is_named(people, dataset, wanted, named):
    problem = refusal(people, dataset, settings=wanted)
    assert problem.code == "settings"
    assert named in problem.message


def test_an_unknown_architecture_is_refused(people, dataset):
    assert refusal(people, dataset, architecture="Net").code == "architecture"


def test_too_few_patients_are_refused_before_anything_is_written(people, cohort):
    few = freeze(people, store_development(cohort, patients=3))
    problem = refusal(people, few, settings=TINY | {"folds": 5})
    assert problem.code == "cannot_split"
    assert "3 patients" in problem.message


def test_a_taken_name_is_refused(people, dataset, member_files):
    record_version("Mine", member_files)
    assert refusal(people, dataset).code == "name_taken"
    start(people, dataset, name="Other")
    with pytest.raises(ValidationError, match="training named 'Other'"):
        start(people, dataset, name="Other")


def test_a_waiting_training_stops_and_resumes(people, dataset):
    run = start(people, dataset)
    with pytest.raises(Conflict):
        resume_training(by=people.coordinator, run=run)
    stop_training(by=people.statistician, run=run)
    run.refresh_from_db()
    assert run.cancel_requested
    TrainingRun.objects.filter(pk=run.pk).update(state=JobState.CANCELLED, attempts=4)
    run.refresh_from_db()
    with pytest.raises(Conflict):
        stop_training(by=people.coordinator, run=run)
    resume_training(by=people.coordinator, run=run)
    run.refresh_from_db()
    assert (run.state, run.cancel_requested, run.attempts) == (JobState.REQUESTED, False, 0)
    assert TrainingMember.objects.count() == 2


@pytest.mark.parametrize("who", ["annotator_one", "adjudicator", "reader_one", "outsider"])
def test_who_judges_or_reads_stops_nothing(people, dataset, who):
    run = start(people, dataset)
    for act in (stop_training, resume_training):
        with pytest.raises(PermissionDenied):
            act(by=getattr(people, who), run=run)


@pytest.mark.parametrize(
    ("field", "value"), [("mask", None), ("metastasis", 2), ("ene", 7), ("patient", 3)]
)
def test_malformed_tables_are_refused(people, cohort, field, value):
    table = table_of(store_development(cohort, patients=1))
    table["nodes"][1][field] = value
    with pytest.raises(ValidationError, match="Row 1"):
        keep_training_dataset(
            by=people.statistician, cohort=cohort, table=json.dumps(table).encode()
        )


def test_only_a_statistician_hands_truth_down(people, cohort):
    table = json.dumps(table_of(store_development(cohort, patients=1))).encode()
    with pytest.raises(PermissionDenied):
        keep_training_dataset(by=people.coordinator, cohort=cohort, table=table)
