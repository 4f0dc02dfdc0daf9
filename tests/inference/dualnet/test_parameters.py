"""Parameters: published defaults, plain JSON and back, refusals by name."""

import dataclasses
import json

import pytest

from inference.dualnet.parameters import DualNetParameters

pytestmark = pytest.mark.no_database


def test_the_defaults_are_the_published_numbers():
    assert DualNetParameters().to_dict() == {
        "convention": "D",
        "target_spacing_zyx_mm": [3.0, 1.0, 1.0],
        "beyond_volume_hu": 0.0,
        "dilation_voxels": 4,
        "box_shape_zyx": [32, 118, 118],
        "padding_hu": -1024.0,
        "window_hu": [-175.0, 275.0],
        "background": 0.001,
    }


def test_parameters_survive_json():
    changed = DualNetParameters(window_hu=(-100, 200), dilation_voxels=3)
    assert DualNetParameters.from_dict(json.loads(json.dumps(changed.to_dict()))) == changed


def test_whole_numbers_are_stored_as_floats_so_that_equal_parameters_are_equal_text():
    typed = DualNetParameters.from_dict({"window_hu": [-175, 275], "padding_hu": -1024})
    assert json.dumps(typed.to_dict()) == json.dumps(DualNetParameters().to_dict())


def test_parameters_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DualNetParameters().background = 0.0


REFUSALS = [
    ({"convention": "E"}, ValueError, "convention must be one of D, not 'E'"),
    ({"window": [0, 1]}, ValueError, "unknown key 'window'; known are convention, target"),
    ({"window_hu": [275, -175]}, ValueError, "window_hu must be the lower, then the higher"),
    ({"window_hu": [1]}, TypeError, "window_hu must be 2 numbers"),
    ({"window_hu": [0, float("inf")]}, ValueError, "window_hu must be a finite number"),
    ({"target_spacing_zyx_mm": [3, 1]}, TypeError, "target_spacing_zyx_mm must be 3 numbers"),
    ({"target_spacing_zyx_mm": [3, 1, 0]}, ValueError, r"target_spacing_zyx_mm \(x\) must be"),
    ({"dilation_voxels": 4.0}, TypeError, "dilation_voxels must be a whole number"),
    ({"dilation_voxels": True}, TypeError, "dilation_voxels must be a whole number"),
    ({"dilation_voxels": -1}, ValueError, "dilation_voxels must be 0 to 118 voxels, not -1"),
    ({"box_shape_zyx": [32, 96, 96]}, ValueError, "the only size that the network takes"),
    ({"box_shape_zyx": 32}, ValueError, "box_shape_zyx must be"),
    ({"background": 1.0}, ValueError, "background must be at least 0 and below 1"),
    ({"background": "0"}, TypeError, "background must be a number"),
    ({"padding_hu": float("nan")}, ValueError, "padding_hu must be a finite number"),
    ({"beyond_volume_hu": None}, TypeError, "beyond_volume_hu must be a number"),
]


@pytest.mark.parametrize(("values", "error", "sentence"), REFUSALS)
def test_refuses_bad_parameters_by_name(values, error, sentence):
    with pytest.raises(error, match=sentence):
        DualNetParameters.from_dict(values)
