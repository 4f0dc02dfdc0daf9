"""Parameters: read, written, refused, and told apart by their digest."""

import dataclasses
import json

import pytest

from inference.deepene.parameters import (
    REFERENCE_FINGERPRINT,
    IntensityFingerprint,
    PreprocessingParameters,
    check_spacing,
)
from inference.runner import parameters_of_fold

PARAMETERS = PreprocessingParameters(fingerprint=REFERENCE_FINGERPRINT)
DEFAULT_DIGEST = "1747e87e6d7a93f4a1f34283c977628fb8be1fdd8126ebc261ee877b75d96eee"


def test_survive_a_round_trip_through_json():
    text = json.dumps(PARAMETERS.to_dict())
    assert PreprocessingParameters.from_dict(json.loads(text)) == PARAMETERS


def test_leave_everything_but_the_fingerprint_to_its_default():
    given = {"fingerprint": dataclasses.asdict(REFERENCE_FINGERPRINT)}
    assert PreprocessingParameters.from_dict(given) == PARAMETERS


def test_the_digest_is_pinned():
    assert PARAMETERS.digest() == DEFAULT_DIGEST


def test_whole_numbers_and_floats_have_the_same_digest():
    whole = dataclasses.replace(PARAMETERS, target_spacing_zyx_mm=(3, 0.46, 0.46), padding_hu=-1024)
    assert whole.digest() == PARAMETERS.digest()


@pytest.mark.parametrize(
    "change",
    [
        {"target_spacing_zyx_mm": (3.0, 0.46, 0.47)},
        {"dilation_radius_mm": 5.000001},
        {"patch_margin_zyx_mm": (18.0, 20.0, 21.0)},
        {"padding_hu": -1000.0},
        {"ties_inside": False},
        {"fingerprint": dataclasses.replace(REFERENCE_FINGERPRINT, sd_hu=59.0)},
    ],
)
def test_every_change_changes_the_digest(change):
    assert dataclasses.replace(PARAMETERS, **change).digest() != PARAMETERS.digest()


def test_ties_count_as_inside_unless_told_otherwise():
    assert PARAMETERS.inside_from == 0.5 - 1e-6
    assert dataclasses.replace(PARAMETERS, ties_inside=False).inside_from == 0.5


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"convention": "P2"}, "convention must be one of P1, not 'P2'"),
        ({"target_spacing_zyx_mm": (3.0, 0.46, 0.0)}, r"target_spacing_zyx_mm \(x\) must be 0.05"),
        ({"target_spacing_zyx_mm": (3.0, float("nan"), 1.0)}, r"target_spacing_zyx_mm \(y\)"),
        ({"dilation_radius_mm": -1.0}, "dilation_radius_mm must not be negative"),
        ({"dilation_radius_mm": float("inf")}, "dilation_radius_mm must be a finite number of mm"),
        ({"patch_margin_zyx_mm": (18.0, -1.0, 20.0)}, "patch_margin_zyx_mm must not be negative"),
        ({"padding_hu": float("nan")}, "padding_hu must be a finite number of HU"),
    ],
)
def test_refuse_numbers_out_of_range(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(PARAMETERS, **change)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"ties_inside": 1}, "ties_inside must be true or false"),
        ({"target_spacing_zyx_mm": [3.0, 0.46]}, r"three numbers \(z, y, x\) in mm"),
        ({"target_spacing_zyx_mm": 3.0}, r"three numbers \(z, y, x\) in mm"),
        ({"dilation_radius_mm": "5"}, "dilation_radius_mm must be a number of mm, not '5'"),
        ({"padding_hu": True}, "padding_hu must be a number of HU, not True"),
        ({"fingerprint": 3}, "fingerprint must be an object"),
    ],
)
def test_refuse_values_of_another_kind(change, sentence):
    with pytest.raises(TypeError, match=sentence):
        PreprocessingParameters.from_dict({**PARAMETERS.to_dict(), **change})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sd_hu": 0.0}, "fingerprint.sd_hu must be positive"),
        ({"mean_hu": float("nan")}, "fingerprint.mean_hu must be a finite number of HU"),
        ({"percentile_00_5_hu": 300.0}, "must be below"),
    ],
)
def test_refuse_an_impossible_fingerprint(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(REFERENCE_FINGERPRINT, **change)


def test_refuse_unknown_and_missing_keys():
    values = PARAMETERS.to_dict()
    with pytest.raises(ValueError, match="unknown key 'dilation_mm'"):
        PreprocessingParameters.from_dict({**values, "dilation_mm": 5})
    with pytest.raises(ValueError, match="'fingerprint' is missing"):
        PreprocessingParameters.from_dict({})
    short = {k: v for k, v in values["fingerprint"].items() if k != "sd_hu"}
    with pytest.raises(ValueError, match="fingerprint: 'sd_hu' is missing"):
        PreprocessingParameters.from_dict({"fingerprint": short})
    with pytest.raises(ValueError, match="fingerprint: unknown key 'median_hu'"):
        PreprocessingParameters.from_dict(
            {"fingerprint": {**values["fingerprint"], "median_hu": 1}}
        )


def test_a_fingerprint_may_be_given_in_whole_numbers():
    whole = IntensityFingerprint(
        percentile_00_5_hu=-96, percentile_99_5_hu=226, mean_hu=71, sd_hu=59
    )
    assert isinstance(whole.mean_hu, float)


@pytest.mark.parametrize("spacing", [(3.0, 0.5), (3.0, 0.5, 25.0), (0.01, 0.5, 0.5)])
def test_refuse_a_spacing_no_ct_has(spacing):
    with pytest.raises(ValueError, match="spacing_zyx_mm"):
        check_spacing("spacing_zyx_mm", spacing)


OTHER = dataclasses.replace(REFERENCE_FINGERPRINT, mean_hu=80.0)
PER_FOLD = dataclasses.replace(PARAMETERS, fold_fingerprints=(REFERENCE_FINGERPRINT, OTHER))


def test_fingerprints_per_fold_survive_a_round_trip_and_count_in_the_digest():
    read = PreprocessingParameters.from_dict(json.loads(json.dumps(PER_FOLD.to_dict())))
    assert read == PER_FOLD
    assert PER_FOLD.digest() != PARAMETERS.digest()


def test_each_fold_has_its_own_parameters():
    assert PER_FOLD.of_fold(1) == dataclasses.replace(PARAMETERS, fingerprint=OTHER)
    assert PARAMETERS.of_fold(4) is PARAMETERS
    with pytest.raises(ValueError, match="fold_fingerprints has folds 0 to 1, not 2"):
        PER_FOLD.of_fold(2)


def test_a_fold_of_plain_values_agrees_with_the_parameters_themselves():
    plain = parameters_of_fold(PER_FOLD.to_dict(), 1)
    assert PreprocessingParameters.from_dict(plain) == PER_FOLD.of_fold(1)
    assert parameters_of_fold(PARAMETERS.to_dict(), 4) == PARAMETERS.to_dict()
    with pytest.raises(ValueError, match="do not belong together"):
        parameters_of_fold(PER_FOLD.to_dict(), 2)


@pytest.mark.parametrize("given", [3, {"0": {}}])
def test_fingerprints_per_fold_that_are_no_list_are_refused(given):
    with pytest.raises(TypeError, match="fold_fingerprints must be a list"):
        PreprocessingParameters.from_dict({**PARAMETERS.to_dict(), "fold_fingerprints": given})
