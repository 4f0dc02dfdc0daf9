"""The half of the contract with torch: ensembles, and one way from a file to logits."""

import threading

import numpy as np
import pytest
import torch

from inference.dualnet.ensemble import DualNetEnsemble
from inference.dualnet.network import DualNetNetwork
from inference.dualnet.preparation import PREPARATION
from inference.dualnet.runner import RUNNER
from inference.runner import ComputeSettings, MemberWeights, runner_of
from tests.inference.dualnet.keras_files import write_keras_file
from tests.inference.dualnet.nodes import SPACING, node

pytestmark = pytest.mark.no_database

ONE_THREAD = ComputeSettings(threads=1)


@pytest.fixture(scope="module")
def other_state(synthetic_state):
    """Another member: the same but for its last layer."""
    return {**synthetic_state, "dense_4.bias": synthetic_state["dense_4.bias"] + 0.5}


@pytest.fixture(scope="module")
def members(synthetic_state, other_state):
    return [
        MemberWeights(run=0, fold=0, load=lambda: synthetic_state),
        MemberWeights(run=0, fold=1, load=lambda: other_state),
    ]


@pytest.fixture(scope="module")
def nodes(golden_network):
    return golden_network["box"][:3, None], golden_network["small"][:3, None]


@pytest.fixture(scope="module")
def logits(members, nodes):
    return RUNNER.ensemble(members, ComputeSettings(threads=2)).predict(nodes)


def test_it_is_registered():
    assert runner_of("DualNet") is RUNNER
    assert RUNNER.name == PREPARATION.name == "DualNet"


@pytest.mark.golden
def test_members_give_the_golden_logits(logits, golden_network):
    assert logits.shape == (2, 3, 2)
    assert logits.dtype == np.float64
    assert np.abs(logits[0] - golden_network["logits"][:3]).max() <= 1e-4
    assert np.abs(logits[1] - golden_network["logits"][:3] - 0.5).max() <= 1e-4


def test_logits_do_not_depend_on_the_other_nodes_or_members(members, nodes, logits):
    last = tuple(values[2:] for values in nodes)
    both = RUNNER.ensemble(members, ComputeSettings(threads=2, keep_in_memory=False))
    assert np.array_equal(both.predict(last), logits[:, 2:])
    alone = RUNNER.ensemble(members[1:], ONE_THREAD)
    assert np.array_equal(alone.predict(last), logits[1:, 2:])


def test_members_stay_in_memory_only_if_told(synthetic_state, nodes):
    one = tuple(values[:1] for values in nodes)
    for keeps, expected in [(True, 1), (False, 2)]:
        loaded = []
        member = MemberWeights(
            run=0, fold=0, load=lambda loaded=loaded: loaded.append(1) or synthetic_state
        )
        ensemble = DualNetEnsemble([member], ComputeSettings(threads=1, keep_in_memory=keeps))
        assert np.array_equal(ensemble.predict(one), ensemble.predict(one))
        assert len(loaded) == expected


def test_progress_counts_to_the_end_in_the_callers_thread(members, nodes):
    seen = []

    def progress(done, total):
        seen.append((done, total, threading.get_ident()))

    one = tuple(values[:1] for values in nodes)
    RUNNER.ensemble(members, ComputeSettings(threads=2)).predict(one, progress=progress)
    assert seen == [(1, 2, threading.get_ident()), (2, 2, threading.get_ident())]


def test_an_exception_in_progress_stops_the_work(members, nodes):
    class Cancelled(Exception):
        pass

    calls = []

    def progress(done, total):
        calls.append(done)
        raise Cancelled

    threads = torch.get_num_threads()
    with pytest.raises(Cancelled):
        RUNNER.ensemble(members, ComputeSettings(threads=2)).predict(nodes, progress=progress)
    assert calls == [1]
    assert torch.get_num_threads() == threads


def test_a_member_that_cannot_be_loaded_is_said(members, nodes):
    def load():
        raise ValueError("member.h5: the file has changed")

    broken = MemberWeights(run=3, fold=1, load=load)
    ensemble = RUNNER.ensemble([broken, members[0]], ONE_THREAD)
    with pytest.raises(ValueError, match="the file has changed"):
        ensemble.predict(nodes)


def test_refuses_logits_that_are_not_finite(synthetic_state, nodes):
    huge = {**synthetic_state, "dense_4.bias": torch.full((2,), float("inf"))}
    ensemble = RUNNER.ensemble([MemberWeights(run=1, fold=2, load=lambda: huge)], ONE_THREAD)
    with pytest.raises(ValueError, match="member RUN1/fold2 gave a logit that is not finite"):
        ensemble.predict(tuple(values[:1] for values in nodes))


def with_nan(nodes):
    box, small = (values.copy() for values in nodes)
    box[1, 0, 3, 4, 5] = np.nan
    return box, small


WRONG_INPUTS = [
    (lambda nodes: (nodes[0][:, 0], nodes[1]), "inputs must have shapes"),
    (lambda nodes: (nodes[0][:2], nodes[1]), "inputs must have shapes"),
    (lambda nodes: (nodes[1], nodes[0]), "inputs must have shapes"),
    (lambda nodes: nodes[:1], "inputs must have shapes"),
    (lambda nodes: tuple(values[:0] for values in nodes), "inputs is empty"),
    (with_nan, "inputs of node 1 are not all finite"),
]


@pytest.mark.parametrize(("change", "sentence"), WRONG_INPUTS)
def test_refuses_wrong_inputs(members, nodes, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        RUNNER.ensemble(members, ONE_THREAD).predict(change(nodes))


WRONG_SETTINGS = [
    ({"device": "tpu"}, "device must be cpu, cuda or auto, not 'tpu'"),
    ({"precision": "float16"}, "precision must be float32 or bfloat16"),
    ({"device": "cpu", "precision": "bfloat16"}, "offered on CUDA only"),
]


@pytest.mark.parametrize(("asked", "sentence"), WRONG_SETTINGS)
def test_refuses_what_the_device_cannot_do(members, asked, sentence):
    with pytest.raises(ValueError, match=sentence):
        RUNNER.ensemble(members, ComputeSettings(**asked))


@pytest.mark.skipif(torch.cuda.is_available(), reason="here is a CUDA device")
def test_refuses_cuda_where_there_is_none(members):
    with pytest.raises(ValueError, match="finds no CUDA device here"):
        RUNNER.ensemble(members, ComputeSettings(device="cuda"))
    RUNNER.ensemble(members, ComputeSettings(device="auto"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(("precision", "limit"), [("float32", 1e-4), ("bfloat16", 0.3)])
def test_cuda_gives_the_logits_of_the_cpu(members, nodes, logits, precision, limit):
    compute = ComputeSettings(device="cuda", precision=precision)
    found = RUNNER.ensemble(members, compute).predict(nodes)
    assert np.abs(found - logits).max() <= limit
    assert np.array_equal(RUNNER.ensemble(members, compute).predict(nodes), found)


def test_refuses_ensembles_without_members_or_with_one_twice(members):
    with pytest.raises(ValueError, match="at least one member"):
        RUNNER.ensemble([], ONE_THREAD)
    with pytest.raises(ValueError, match="RUN0/fold0 more than once"):
        RUNNER.ensemble([members[0], members[0]], ONE_THREAD)


@pytest.mark.golden
def test_from_a_keras_file_and_a_case_to_logits(weight_table, synthetic_state, tmp_path):
    write_keras_file(tmp_path / "DualNet.h5", weight_table, synthetic_state)
    (found,) = RUNNER.find_members(tmp_path)
    loaded = RUNNER.load_checkpoint(found.path)
    found.path.unlink()
    member = MemberWeights(run=found.run, fold=found.fold, load=lambda: loaded.state)
    inputs = PREPARATION.prepare(*node(), SPACING, {})
    answer = RUNNER.ensemble([member], ONE_THREAD).predict(tuple(v[None] for v in inputs))
    with torch.device("meta"):
        network = DualNetNetwork()
    network.load_state_dict(synthetic_state, assign=True)
    with torch.inference_mode():
        pair = RUNNER.pair(network.eval(), [torch.from_numpy(values)[None] for values in inputs])
    assert np.abs(answer[0] - pair.numpy()).max() <= 1e-4
