"""Settings: the published ones, changes of them, refusals, digests."""

import dataclasses
import json
import subprocess
import sys

import pytest

from inference.training.settings import (
    DEMONSTRATION_SETTINGS,
    TrainingSettings,
    published_settings,
    settings_of,
)

PUBLISHED = settings_of("DeepENE")


def test_the_published_settings_are_those_of_the_publication():
    assert PUBLISHED.learning_rate == pytest.approx(0.01 / 64 * PUBLISHED.batch_size)
    assert (PUBLISHED.epochs, PUBLISHED.evaluate_every) == (300, 5)
    assert (PUBLISHED.weight_decay, PUBLISHED.batch_norm_momentum) == (5e-4, 0.01)
    assert (PUBLISHED.warm_up_steps, PUBLISHED.early_stopping) == (1, 0)
    assert (PUBLISHED.runs, PUBLISHED.folds, PUBLISHED.inner_folds) == (5, 5, 4)
    assert len(PUBLISHED.members()) == len(set(PUBLISHED.members())) == 25


def test_the_runner_tells_the_same_defaults():
    from inference.runner import runner_of

    assert runner_of("DeepENE").training_defaults() == published_settings("DeepENE")


def test_the_learning_rate_follows_the_batch_size_unless_given():
    assert settings_of("DeepENE", batch_size=64).learning_rate == pytest.approx(0.01)
    assert settings_of("DeepENE", batch_size=64, learning_rate=0.1).learning_rate == 0.1


def test_survive_a_round_trip_through_json():
    text = json.dumps(PUBLISHED.to_dict())
    assert TrainingSettings.from_dict(json.loads(text)) == PUBLISHED


def test_every_change_changes_the_digest():
    for name, value in PUBLISHED.to_dict().items():
        if name == "architecture":
            other = value + "2"
        elif isinstance(value, bool):
            other = not value
        elif name == "threshold_rule":
            other = "false_positive_rate"
        elif name in {"runs", "folds"}:
            other = value - 1
        else:
            other = value + 1 if isinstance(value, int) else value / 2
        changed = dataclasses.replace(PUBLISHED, **{name: other})
        assert changed.digest() != PUBLISHED.digest(), name


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"folds": 1}, "folds must be 2 to 5, not 1"),
        ({"runs": 6}, "runs must be 1 to 5, not 6"),
        ({"batch_size": 1}, "batch_size must be 2 to 1024, not 1"),
        ({"epochs": 0}, "epochs must be 1 to 10000, not 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be"),
        ({"learning_rate": 0}, "learning_rate must be"),
        ({"weight_decay": -1.0}, "weight_decay must be"),
        ({"batch_norm_momentum": 0.0}, "batch_norm_momentum must be"),
        ({"false_positive_rate": 1.5}, "false_positive_rate must be"),
        ({"threshold_rule": "best"}, "threshold_rule must be one of youden, false_positive_rate"),
        ({"epoch": 3}, "'epoch' is unknown"),
    ],
)
def test_values_out_of_range_are_refused_by_name(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        settings_of("DeepENE", **changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"epochs": 3.0}, "epochs must be a whole number, not 3.0"),
        ({"seed": True}, "seed must be a whole number, not True"),
        ({"learning_rate": "fast"}, "learning_rate must be a number, not 'fast'"),
        ({"augmentation": 1}, "augmentation must be true or false, not 1"),
        ({"batch_size": "8"}, "batch_size must be a whole number"),
    ],
)
def test_values_of_another_kind_are_refused_by_name(changes, sentence):
    with pytest.raises(TypeError, match=sentence):
        settings_of("DeepENE", **changes)


def test_a_missing_value_is_named():
    values = PUBLISHED.to_dict()
    del values["batch_norm_momentum"]
    with pytest.raises(ValueError, match="'batch_norm_momentum' is missing"):
        TrainingSettings.from_dict(values)


def test_an_unknown_architecture_is_refused():
    with pytest.raises(ValueError, match="'Third' has no published training"):
        settings_of("Third")


def test_the_last_epoch_is_always_evaluated():
    settings = settings_of("DeepENE", epochs=7, evaluate_every=3)
    assert [e for e in range(1, 8) if settings.is_evaluated(e)] == [3, 6, 7]


def test_the_demonstration_has_valid_settings():
    assert settings_of("DeepENE", **DEMONSTRATION_SETTINGS).epochs < PUBLISHED.epochs


def test_settings_splits_and_samples_do_without_torch():
    modules = ("settings", "splits", "samples", "fingerprint", "metrics", "thresholds", "record")
    code = (
        "import sys\n"
        + "".join(f"import inference.training.{name}\n" for name in modules)
        + "import inference.training.settings as s; s.settings_of('DeepENE')\n"
        + "import inference.deepene.augmentation\n"
        + "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
