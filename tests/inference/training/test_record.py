"""The training record: complete, and the same for equal trainings."""

import dataclasses
import json

from inference.training.metrics import EpochResult
from inference.training.record import MemberRecord, training_record
from inference.training.thresholds import chosen_thresholds
from tests.inference.training.test_thresholds import SAMPLES, SCORES, SETTINGS, SPLITS

CURVE = (EpochResult(epoch=1, training_loss=0.5, validation=None),)
MEMBERS = [
    MemberRecord(run=m.run, fold=m.fold, checkpoint_sha256=f"{m.run}{m.fold}", curves=CURVE)
    for m in SPLITS.members
]


def record(**changes):
    values = {
        "data_digest": "d" * 64,
        "settings": SETTINGS,
        "splits": SPLITS,
        "parameters": {"fold_fingerprints": [{"mean_hu": 1.0}]},
        "thresholds": chosen_thresholds(SAMPLES, SPLITS, SCORES, SETTINGS),
        "members": MEMBERS,
        "versions": {"code": "1", "torch": "2"},
    }
    return training_record(**{**values, **changes})


def test_holds_what_a_reader_needs_to_repeat_it():
    content = json.loads(record())
    assert content["data_sha256"] == "d" * 64
    assert content["settings"] == SETTINGS.to_dict()
    assert content["settings"]["seed"] == 0
    first = content["splits"]["members"][0]
    assert first["training"] == list(SPLITS.members[0].training)
    assert content["thresholds"]["by_fold"][2]["ene"]["probability"] > 0
    assert content["members"][0]["curves"] == [CURVE[0].to_dict()]
    assert content["versions"]["torch"] == "2"


def test_equal_trainings_have_equal_records():
    assert record(members=MEMBERS[::-1]) == record()
    assert record(settings=dataclasses.replace(SETTINGS, seed=1)) != record()
