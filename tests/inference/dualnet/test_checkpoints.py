"""Checkpoints: Keras files by the stated mapping, our own files, and what is refused by name."""

import hashlib

import h5py
import numpy as np
import pytest
import torch

from inference.checkpoint_files import CheckpointError
from inference.dualnet.checkpoints import (
    FILE_NAME,
    find_members,
    load_checkpoint,
    member_of_path,
    member_path,
    save_checkpoint,
)
from inference.dualnet.network import DualNetNetwork
from tests.inference.dualnet.keras_files import write_keras_file

pytestmark = pytest.mark.no_database

KERNEL = "model_weights/conv3as/conv3as/kernel:0"


@pytest.fixture(scope="module")
def keras_file(weight_table, synthetic_state, tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "0208-1531-1_DualNet.h5"
    return write_keras_file(path, weight_table, synthetic_state, first_dense=5)


@pytest.fixture
def changed_file(weight_table, tmp_path):
    """A Keras file of zeros that a function may change before it is loaded."""

    def change(how):
        path = write_keras_file(tmp_path / "model.h5", weight_table, first_dense=5)
        with h5py.File(path, "r+") as file:
            how(file)
        return path

    yield change
    (tmp_path / "model.h5").unlink(missing_ok=True)


@pytest.mark.golden
def test_a_keras_file_gives_the_golden_logits(keras_file, golden_network, synthetic_state):
    loaded = load_checkpoint(keras_file)
    assert loaded.sha256 == hashlib.sha256(keras_file.read_bytes()).hexdigest()
    assert loaded.note == ""
    with torch.device("meta"):
        network = DualNetNetwork()
    network.load_state_dict(loaded.state, strict=True, assign=True)
    assert list(loaded.state) == list(network.state_dict())
    assert all(torch.equal(loaded.state[key], value) for key, value in synthetic_state.items())
    with torch.inference_mode():
        box, small = (torch.from_numpy(golden_network[k][:1])[None] for k in ("box", "small"))
        logits = network.eval()(box, small)
    assert np.abs(logits.numpy() - golden_network["logits"][:1]).max() <= 1e-4


def test_dense_layers_of_a_first_model_are_found_as_well(weight_table, synthetic_state, tmp_path):
    path = write_keras_file(tmp_path / "first.h5", weight_table, synthetic_state)
    loaded = load_checkpoint(path)
    path.unlink()
    assert torch.equal(loaded.state["dense.weight"], synthetic_state["dense.weight"])


def test_the_file_that_the_refusals_below_change_is_itself_loaded(changed_file):
    assert not load_checkpoint(changed_file(lambda file: None)).state["dense.weight"].any()


def replaced(name, **values):
    def change(file):
        del file[name]
        file.create_dataset(name, **values)

    return change


def removed(name):
    def change(file):
        del file[name]

    return change


def without_dense(file):
    del file["model_weights/dense_7"]
    names = [name for name in file["model_weights"].attrs["layer_names"] if name != b"dense_7"]
    file["model_weights"].attrs["layer_names"] = np.array(names)


def extra_layer(file, name=b"dense_10"):
    file["model_weights"].create_dataset(f"{name.decode()}/{name.decode()}/kernel:0", data=[1.0])
    names = [*file["model_weights"].attrs["layer_names"], name]
    file["model_weights"].attrs["layer_names"] = np.array(names)


def unlisted_layer(file):
    file["model_weights"].create_dataset("conv9/conv9/kernel:0", data=[1.0])


def reordered(file):
    names = list(file["model_weights"].attrs["layer_names"])
    one, two = names.index(b"dense_5"), names.index(b"dense_6")
    names[one], names[two] = names[two], names[one]
    file["model_weights"].attrs["layer_names"] = np.array(names)


def linked(link):
    def change(file):
        del file[KERNEL]
        file[KERNEL] = link

    return change


def virtual(file):
    source = h5py.VirtualSource("elsewhere.h5", "secret", shape=(3, 3, 3, 128, 256))
    layout = h5py.VirtualLayout((3, 3, 3, 128, 256), dtype="f4")
    layout[...] = source
    del file[KERNEL]
    file.create_virtual_dataset(KERNEL, layout)


def with_value(name, value):
    def change(file):
        file[name][0] = value

    return change


def no_order(file):
    del file["model_weights"].attrs["layer_names"]


def order_of(names):
    def change(file):
        file["model_weights"].attrs["layer_names"] = names

    return change


SHAPE = (3, 3, 3, 128, 256)
HUGE = {"shape": (1 << 20, 1 << 20), "dtype": "f4", "chunks": (1 << 10, 1 << 10)}
WRONG_FILES = [
    (removed(KERNEL), "'conv3as/conv3as/kernel:0' is missing"),
    (removed("model_weights/bn4a"), "layer 'bn4a' is missing"),
    (removed("model_weights/bn4a/bn4a"), "layer 'bn4a' is missing"),
    (removed("model_weights"), "'model_weights' is missing"),
    (without_dense, "layer 'dense_4' is missing; DualNet has 5 dense layers, the file 4"),
    (extra_layer, "layer 'dense_10' is unexpected; DualNet has 5 dense layers"),
    (lambda f: extra_layer(f, b"metadata"), "layer 'metadata' is unexpected"),
    (unlisted_layer, "layer 'conv9' is unexpected: layer_names does not list it"),
    (reordered, r"'dense_6/dense_6/kernel:0' has shape \(2048, 2048\), expected \(8192, 2048\)"),
    (lambda f: f.create_group("extra"), "'extra' is unexpected"),
    (
        lambda f: f["model_weights/conv1/conv1"].create_dataset("extra:0", data=[1.0]),
        "'conv1/conv1/extra:0' is unexpected",
    ),
    (lambda f: f["model_weights/conv1"].create_group("other"), "'conv1/other' is unexpected"),
    (
        replaced(KERNEL, data=np.zeros((3, 3, 3, 256, 128), "f4")),
        r"'conv3as/conv3as/kernel:0' has shape \(3, 3, 3, 256, 128\), expected",
    ),
    (replaced(KERNEL, data=np.zeros(SHAPE, "f8")), "kernel:0' has type float64, expected float32"),
    (replaced(KERNEL, **HUGE), r"has shape \(1048576, 1048576\), expected"),
    (replaced(KERNEL, shape=SHAPE, dtype="f4", compression="gzip"), "not stored as plain values"),
    (replaced(KERNEL, shape=SHAPE, dtype="f4"), "not stored as plain values"),
    (
        replaced(KERNEL, shape=SHAPE, dtype="f4", external=[("/etc/hostname", 0, 1 << 30)]),
        "not stored as plain values",
    ),
    (virtual, "not stored as plain values"),
    (linked(h5py.SoftLink("/model_weights/conv3a/conv3a/kernel:0")), "'kernel:0' is a link"),
    (linked(h5py.ExternalLink("/elsewhere.h5", "/secret")), "'kernel:0' is a link to elsewhere"),
    (lambda f: f.move("model_weights", "weights"), "'weights' is unexpected"),
    (no_order, "'layer_names' is missing"),
    (order_of([b"conv1", b"conv1"]), "layer 'conv1' is listed twice"),
    (order_of(np.zeros(5000, "S8")), "'layer_names' is not a short list"),
    (order_of("conv1"), "'layer_names' is not a short list"),
    (with_value("model_weights/bn2/bn2/moving_variance:0", -1), "'bn2.running_var' .* negative"),
    (with_value("model_weights/conv1/conv1/bias:0", np.nan), "'conv1.bias' .* not finite"),
]


@pytest.mark.parametrize(("change", "sentence"), WRONG_FILES)
def test_refuses_a_wrong_keras_file_naming_the_first_thing(changed_file, change, sentence):
    path = changed_file(change)
    with pytest.raises(CheckpointError, match=sentence) as refusal:
        load_checkpoint(path)
    assert str(path) in str(refusal.value)


def test_refuses_a_keras_file_cut_off_anywhere(keras_file, tmp_path):
    content, path = keras_file.read_bytes(), tmp_path / "model.h5"
    for length in (8, 9, 100, 800, 2048, 100_000, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match="not a complete HDF5 file"):
            load_checkpoint(path)


def test_refuses_damaged_structure_with_a_sentence(tmp_path):
    whole, path, random = tmp_path / "whole.h5", tmp_path / "model.h5", np.random.default_rng(5)
    with h5py.File(whole, "w") as file:
        file.create_dataset("model_weights/conv1/conv1/bias:0", data=np.zeros(64, "f4"))
        file["model_weights"].attrs["layer_names"] = np.array([b"conv1"])
    content = whole.read_bytes()
    for _ in range(200):
        damaged = bytearray(content)
        for position in random.integers(8, len(content), 3):
            damaged[position] = random.integers(256)
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"model\.h5"):
            load_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"hello", bytes(5000), b"\x89HDF\r\n\x1a\n"])
def test_refuses_files_of_another_kind(tmp_path, content):
    (tmp_path / "model.h5").write_bytes(content)
    with pytest.raises(CheckpointError, match="complete"):
        load_checkpoint(tmp_path / "model.h5")


def test_a_member_trained_here_is_saved_and_loaded(synthetic_state, tmp_path):
    path = member_path(tmp_path, 2, 3)
    digest = save_checkpoint(path, synthetic_state, note="trained here")
    loaded = load_checkpoint(path, expected_sha256=digest.upper())
    assert (loaded.sha256, loaded.note) == (digest, "trained here")
    assert list(loaded.state) == list(synthetic_state)
    assert all(torch.equal(loaded.state[key], value) for key, value in synthetic_state.items())
    with path.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"x")
    with pytest.raises(CheckpointError, match="the file has changed"):
        load_checkpoint(path, expected_sha256=digest)


SMALL_STATE = {"conv1.weight": torch.zeros(64, 1, 3, 3, 3)}
WRONG_STATES = [
    ({"model": SMALL_STATE}, "'conv1.bias' is missing; not a DualNet checkpoint"),
    ({"model": {"conv1.weight": torch.zeros(3)}}, r"'conv1.weight' has shape \(3,\)"),
    ({"state_dict": SMALL_STATE}, "no state dict under 'model'"),
    ([1, 2], "no state dict under 'model'"),
]


@pytest.mark.parametrize(("stored", "sentence"), WRONG_STATES)
def test_refuses_a_torch_file_that_is_no_dualnet(tmp_path, stored, sentence):
    torch.save(stored, tmp_path / FILE_NAME)
    with pytest.raises(CheckpointError, match=sentence):
        load_checkpoint(tmp_path / FILE_NAME)


def test_refuses_to_save_a_wrong_state(tmp_path):
    with pytest.raises(CheckpointError, match=r"'conv1\.bias' is missing"):
        save_checkpoint(tmp_path / FILE_NAME, SMALL_STATE)
    assert not list(tmp_path.iterdir())


PATHS = [
    ("DualNetENE-20220208-1531.h5", (0, 0)),
    ("release/any/0208.H5", (0, 0)),
    ("RUN0/fold0/last_epoch_ckpt.pth", (0, 0)),
    ("mine/RUN4/fold2/last_epoch_ckpt.pth", (4, 2)),
    ("RUN5/fold0/last_epoch_ckpt.pth", None),
    ("xRUN0/fold0/last_epoch_ckpt.pth", None),
    ("RUN0/fold0/best.pth", None),
    ("._DualNet.h5", None),
    ("README.md", None),
    ("h5", None),
]


@pytest.mark.parametrize(("path", "expected"), PATHS)
def test_a_path_stands_for_a_member(path, expected):
    assert member_of_path(path) == expected


def test_the_published_model_is_found_as_one_member(tmp_path):
    (tmp_path / "README.md").touch()
    (tmp_path / "DualNet.h5").touch()
    (found,) = find_members(tmp_path)
    assert (found.run, found.fold, found.path) == (0, 0, tmp_path / "DualNet.h5")


def test_members_trained_here_are_found_by_run_and_fold(tmp_path):
    for run, fold in [(1, 0), (0, 2), (5, 0)]:
        path = member_path(tmp_path, run, fold)
        path.parent.mkdir(parents=True)
        path.touch()
    assert [(m.run, m.fold) for m in find_members(tmp_path)] == [(0, 2), (1, 0)]
    (tmp_path / "DualNet.h5").touch()
    with pytest.raises(ValueError, match="these are two models"):
        find_members(tmp_path)


def test_refuses_folders_without_a_clear_member(tmp_path):
    with pytest.raises(ValueError, match=r"expected one \.h5 file, or RUN0/fold0"):
        find_members(tmp_path)
    with pytest.raises(ValueError, match="no such folder"):
        find_members(tmp_path / "nowhere")
    (tmp_path / "a.h5").touch()
    (tmp_path / "b.h5").touch()
    with pytest.raises(ValueError, match=r"2 \.h5 files, such as a\.h5 and b\.h5"):
        find_members(tmp_path)
