"""Checkpoints: read as published, and refused with the first thing that is wrong."""

import hashlib
import zipfile

import numpy as np
import pytest
import torch

from inference.deepene.checkpoints import (
    FILE_NAME,
    CheckpointError,
    find_members,
    inventory,
    load_checkpoint,
    member_path,
    save_checkpoint,
    sha256_of_file,
)
from inference.deepene.network import DeepENENetwork

SOME_KEY = "fuse_pre_meta.weight"
FIRST_KEY = "backbone_preserve.features.0.0.weight"


@pytest.fixture(scope="module")
def saved(untrained_weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / FILE_NAME
    save_checkpoint(path, untrained_weights, note="UNTRAINED")
    return path


def as_training_writes_it(state):
    """The published layout: prefixed keys, an optimiser, numpy scalars for the metrics."""
    optimiser = torch.optim.Adam([torch.nn.Parameter(torch.zeros(3))])
    return {
        "start_epoch": 300,
        "model": {f"module.{key}": tensor for key, tensor in state.items()},
        "optimizer": optimiser.state_dict(),
        "best_metric": np.float64(0.91),
        "curr_metric": np.mean([0.8, 0.9]),
    }


def test_what_was_saved_is_loaded(saved, untrained_weights):
    loaded = load_checkpoint(saved)
    assert loaded.note == "UNTRAINED"
    assert loaded.sha256 == sha256_of_file(saved)
    assert list(loaded.state) == list(untrained_weights)
    assert all(torch.equal(loaded.state[key], untrained_weights[key]) for key in untrained_weights)
    DeepENENetwork().load_state_dict(loaded.state, strict=True)


def test_saving_twice_writes_the_same_bytes_and_leaves_nothing_else(
    saved, untrained_weights, tmp_path
):
    digest = save_checkpoint(tmp_path / "x" / "other.pth", untrained_weights, note="UNTRAINED")
    assert digest == sha256_of_file(tmp_path / "x" / "other.pth") == sha256_of_file(saved)
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["other.pth"]


def test_a_checkpoint_of_the_training_code_is_loaded(untrained_weights, tmp_path):
    path = tmp_path / FILE_NAME
    torch.save(as_training_writes_it(untrained_weights), path)
    loaded = load_checkpoint(path)
    assert list(loaded.state) == list(untrained_weights)
    assert torch.equal(loaded.state[SOME_KEY], untrained_weights[SOME_KEY])
    assert loaded.note == ""


def test_a_checkpoint_written_with_older_numpy_is_loaded(untrained_weights, tmp_path):
    torch.save(as_training_writes_it(untrained_weights), tmp_path / "new.pth")
    old, replaced = tmp_path / "old.pth", 0
    with zipfile.ZipFile(tmp_path / "new.pth") as source, zipfile.ZipFile(old, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("data.pkl"):
                replaced = content.count(b"cnumpy._core.multiarray\n")
                content = content.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
            target.writestr(name, content)
    assert replaced
    assert torch.equal(load_checkpoint(old).state[SOME_KEY], untrained_weights[SOME_KEY])


def test_a_checkpoint_in_the_format_before_zip_is_loaded(untrained_weights, tmp_path):
    path = tmp_path / FILE_NAME
    torch.save({"model": untrained_weights}, path, _use_new_zipfile_serialization=False)
    assert torch.equal(load_checkpoint(path).state[SOME_KEY], untrained_weights[SOME_KEY])


def changed(state, **changes):
    return {**state, **{key.replace("__", "."): value for key, value in changes.items()}}


def without(state, key):
    return {k: v for k, v in state.items() if k != key}


def with_bad_value(state, key, value):
    tensor = state[key].clone()
    tensor.view(-1)[-1] = value
    return {**state, key: tensor}


VARIANCE = "backbone_invariant.features.0.1.running_var"

WRONG_STATES = [
    (lambda s: without(s, SOME_KEY), f"'{SOME_KEY}' is missing"),
    (lambda s: {}, f"'{FIRST_KEY}' is missing"),
    (lambda s: {**s, "head.weight": torch.zeros(1)}, "'head.weight' is unexpected"),
    (
        lambda s: {**s, SOME_KEY: s[SOME_KEY][:, :1728]},
        rf"'{SOME_KEY}' has shape \(960, 1728, 1, 1\), expected \(960, 2880, 1, 1\)",
    ),
    (
        lambda s: {**s, SOME_KEY: s[SOME_KEY].half()},
        f"'{SOME_KEY}' has type torch.float16, expected torch.float32",
    ),
    (lambda s: with_bad_value(s, SOME_KEY, float("nan")), f"'{SOME_KEY}' holds .* not finite"),
    (lambda s: with_bad_value(s, SOME_KEY, float("inf")), f"'{SOME_KEY}' holds .* not finite"),
    (lambda s: with_bad_value(s, VARIANCE, -0.1), f"'{VARIANCE}' holds a negative variance"),
    (lambda s: {**s, SOME_KEY: [1.0]}, f"'{SOME_KEY}' is not a plain tensor"),
    (lambda s: {**s, SOME_KEY: s[SOME_KEY].to_sparse()}, f"'{SOME_KEY}' is not a plain tensor"),
    (lambda s: {**s, f"module.{SOME_KEY}": s[SOME_KEY]}, f"'{SOME_KEY}' is there twice"),
]


@pytest.mark.parametrize(("change", "sentence"), WRONG_STATES)
def test_refuses_a_wrong_state_dict_naming_the_first_key(
    untrained_weights, tmp_path, change, sentence
):
    path = tmp_path / FILE_NAME
    torch.save({"model": change(dict(untrained_weights))}, path)
    with pytest.raises(CheckpointError, match=sentence) as refusal:
        load_checkpoint(path)
    assert str(path) in str(refusal.value)


def test_refuses_to_save_a_wrong_state_dict(untrained_weights, tmp_path):
    with pytest.raises(CheckpointError, match=f"'{SOME_KEY}' is missing"):
        save_checkpoint(tmp_path / FILE_NAME, without(untrained_weights, SOME_KEY))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stored", [{}, {"model": 3}, [1, 2], torch.zeros(3), {"state_dict": {}}])
def test_refuses_a_file_without_a_model(tmp_path, stored):
    path = tmp_path / FILE_NAME
    torch.save(stored, path)
    with pytest.raises(CheckpointError, match="no state dict under 'model'"):
        load_checkpoint(path)


class Intruder:
    """Would write a file if it were unpickled without restriction."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (open, (self.target, "w"))


@pytest.mark.parametrize("zipped", [True, False])
def test_refuses_code_in_a_pickle_and_does_not_run_it(tmp_path, zipped):
    path, target = tmp_path / FILE_NAME, tmp_path / "written"
    stored = {"model": {}, "extra": Intruder(str(target))}
    torch.save(stored, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(CheckpointError, match="more than tensors and numbers"):
        load_checkpoint(path)
    assert not target.exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_refuses_a_file_cut_off_anywhere(tmp_path, zipped):
    whole, path = tmp_path / "whole.pth", tmp_path / FILE_NAME
    torch.save({"model": {"a": torch.zeros(9)}}, whole, _use_new_zipfile_serialization=zipped)
    content = whole.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match=FILE_NAME):
            load_checkpoint(path)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("zipped", [True, False])
def test_refuses_damaged_bytes_with_a_sentence(tmp_path, zipped):
    whole, path = tmp_path / "whole.pth", tmp_path / FILE_NAME
    torch.save({"model": {"a": torch.zeros(9)}}, whole, _use_new_zipfile_serialization=zipped)
    content, rng = whole.read_bytes(), np.random.default_rng(5)
    for _ in range(300):
        damaged = bytearray(content)
        for position in rng.integers(0, len(content), 3):
            damaged[position] = rng.integers(256)
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=FILE_NAME):
            load_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", bytes(5000), b"<html></html>"])
def test_refuses_files_of_another_kind(tmp_path, content):
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=FILE_NAME):
        load_checkpoint(path)


def test_refuses_a_missing_file(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(tmp_path / "nowhere.pth")


def test_refuses_a_file_that_has_changed(saved, tmp_path):
    path = tmp_path / FILE_NAME
    content = bytearray(saved.read_bytes())
    digest = hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    assert load_checkpoint(path, expected_sha256=digest.upper()).sha256 == digest
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="the file has changed"):
        load_checkpoint(path, expected_sha256=digest)


def test_members_are_found_by_run_and_fold(tmp_path):
    for run, fold in [(4, 4), (0, 1), (0, 0), (5, 0)]:
        path = member_path(tmp_path, run, fold)
        path.parent.mkdir(parents=True)
        path.touch()
    (tmp_path / "RUN1" / "fold0").mkdir(parents=True)
    found = [(member.run, member.fold) for member in find_members(tmp_path)]
    assert found == [(0, 0), (0, 1), (4, 4)]
    listed = inventory(tmp_path)
    assert len(listed.missing) == 22
    assert str(listed).startswith("3 of 25 members; missing: RUN0/fold2, RUN0/fold3")


def test_a_complete_inventory_says_so(tmp_path):
    for run in range(5):
        for fold in range(5):
            member_path(tmp_path, run, fold).parent.mkdir(parents=True)
            member_path(tmp_path, run, fold).touch()
    assert str(inventory(tmp_path)) == "25 of 25 members"


def test_refuses_a_folder_without_members(tmp_path):
    with pytest.raises(ValueError, match=r"expected RUN0/fold0/last_epoch_ckpt\.pth"):
        find_members(tmp_path)
    with pytest.raises(ValueError, match="no such folder"):
        find_members(tmp_path / "nowhere")
