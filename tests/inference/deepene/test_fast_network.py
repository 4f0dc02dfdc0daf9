"""The fast network and ensemble: the goldens, the plain path, and the same bits in any company."""

import json
import threading

import numpy as np
import pytest
import torch

from inference.deepene.ensemble import Ensemble, EnsembleMember, empty_network
from inference.deepene.fast_ensemble import FastEnsemble
from inference.deepene.fast_layers import Numbers
from inference.deepene.fast_network import (
    LARGEST_PASS,
    FastNetwork,
    pass_sizes,
    passes,
    stem_windows,
)
from inference.deepene.geometry import INPUT_SHAPE
from inference.deepene.untrained import untrained_state
from inference.runner import ComputeSettings, MemberWeights

CPU = Numbers(torch.device("cpu"), torch.float32)


class Unpacked(Numbers):
    """The processor without oneDNN: what other devices take."""

    packs = False


@pytest.fixture(scope="module")
def states():
    return [untrained_state(30 + fold) for fold in range(3)]


@pytest.fixture(scope="module")
def nodes():
    noise = torch.randn((37, *INPUT_SHAPE), generator=torch.Generator().manual_seed(5))
    return noise.numpy()


def weights(states):
    return [
        MemberWeights(run=0, fold=fold, load=lambda state=state: state)
        for fold, state in enumerate(states)
    ]


def ensemble_of(states, **changes):
    return FastEnsemble(weights(states), ComputeSettings(**{"threads": 2, **changes}))


@pytest.fixture(scope="module")
def ensemble(states):
    return ensemble_of(states)


@pytest.fixture(scope="module")
def together(ensemble, nodes):
    """Every node's logits, asked for at once."""
    return ensemble.member_logits(nodes)


def fast_of(state, numbers=CPU):
    network = empty_network()
    network.load_state_dict(state)
    return FastNetwork(network, numbers)


@pytest.mark.golden
@pytest.mark.parametrize("numbers", [CPU, Unpacked(CPU.device, CPU.dtype)])
def test_the_golden_logits(reference, state_table, synthetic_state, numbers):
    golden = np.load(reference / "golden_network.npz")
    fast = fast_of(synthetic_state(state_table["public_seed"]), numbers)
    inputs = torch.from_numpy(golden["inputs"])
    with torch.inference_mode():
        logits = fast(stem_windows(inputs, numbers, len(inputs)))
    np.testing.assert_allclose(logits.numpy(), golden["logits"], atol=1e-4, rtol=0)


@pytest.mark.golden
def test_the_golden_ensemble_of_twenty_five(reference, synthetic_state):
    told = json.loads((reference / "golden_end_to_end.json").read_text())
    golden = np.load(reference / "golden_end_to_end.npz")
    inputs = [node.reshape(INPUT_SHAPE) for node in golden["volume_network_inputs"]]
    for case in told["ids"][2:]:
        case_input = np.load(reference / f"golden_preprocess_{case}.npz")["network_input"]
        inputs.append(case_input.reshape(INPUT_SHAPE))
    members = [
        MemberWeights(run=run, fold=fold, load=lambda seed=seed: synthetic_state(seed))
        for run, seeds in enumerate(told["ensemble_seeds"])
        for fold, seed in enumerate(seeds)
    ]
    assert len(members) == 25
    ensemble = FastEnsemble(members, ComputeSettings(threads=2, keep_in_memory=False))
    logits = ensemble.member_logits(np.stack(inputs))
    np.testing.assert_allclose(logits, golden["ensemble_logits"], atol=1e-4, rtol=0)


def test_it_agrees_with_the_plain_path(states, together, nodes):
    members = [EnsembleMember(0, fold, lambda s=state: s) for fold, state in enumerate(states)]
    plain = Ensemble(members).predict(nodes)
    np.testing.assert_allclose(together, plain.member_logits, atol=1e-4, rtol=0)
    pairs = ensemble_of(states).predict((nodes,))
    assert pairs.shape == (3, 37, 2)
    assert pairs.dtype == np.float64
    np.testing.assert_allclose(pairs[..., 0], together[..., ::2].mean(-1), atol=1e-6)
    np.testing.assert_allclose(pairs[..., 1], plain.member_ene, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 20, 33, 37])
def test_a_node_gets_the_same_bits_among_any_number_of_others(ensemble, together, nodes, count):
    some = np.random.default_rng(count).permutation(len(nodes))[:count]
    assert ensemble.member_logits(nodes[some]).tobytes() == together[:, some].tobytes()


def test_a_node_gets_the_same_bits_at_any_place_beside_any_others(ensemble, together, nodes):
    random = np.random.default_rng(1)
    for place in range(LARGEST_PASS):
        company = random.normal(0, 10.0 ** random.integers(-3, 3), (LARGEST_PASS, *INPUT_SHAPE))
        company[place] = nodes[7]
        logits = ensemble.member_logits(company.astype(np.float32))
        assert logits[:, place].tobytes() == together[:, 7].tobytes(), place


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_the_number_of_threads_does_not_change_a_bit(states, together, nodes, threads):
    logits = ensemble_of(states, threads=threads).member_logits(nodes)
    assert logits.tobytes() == together.tobytes()


def test_weights_loaded_anew_give_the_same_bits(states, together, nodes):
    logits = ensemble_of(states, keep_in_memory=False).member_logits(nodes)
    assert logits.tobytes() == together.tobytes()


def test_windows_of_nodes_do_not_change_a_bit(states, ensemble, nodes):
    many = np.concatenate([nodes, nodes, nodes])
    assert len(many) > 64, "more than are laid out at once"
    logits = ensemble.member_logits(many)
    for part in range(3):
        found = logits[:, 37 * part : 37 * part + 37]
        assert found.tobytes() == ensemble.member_logits(nodes).tobytes()


def test_weights_are_loaded_once_if_kept_and_for_every_call_if_not(states, nodes):
    for keep, expected in ((True, 3), (False, 6)):
        loaded = []

        def counted(member, loaded=loaded):
            def load():
                loaded.append((member.fold, threading.current_thread()))
                return member.load()

            return MemberWeights(run=0, fold=member.fold, load=load)

        ensemble = FastEnsemble(
            [counted(member) for member in weights(states)],
            ComputeSettings(threads=2, keep_in_memory=keep),
        )
        for _ in range(2):
            ensemble.predict((nodes[:2],))
        assert len(loaded) == expected
        assert {thread for _, thread in loaded} == {threading.current_thread()}


def test_progress_counts_to_the_end_in_the_calling_thread(ensemble, nodes):
    told = []
    ensemble.predict(
        (nodes,), progress=lambda done, total: told.append((done, total, threading.get_ident()))
    )
    assert told[-1][:2] == (3 * 37, 3 * 37)
    assert [done for done, _, _ in told] == sorted({done for done, _, _ in told})
    assert {ident for _, _, ident in told} == {threading.get_ident()}


def test_an_exception_in_progress_stops_the_work_and_the_next_call_is_whole(
    ensemble, together, nodes
):
    class Stop(Exception):
        pass

    calls = []

    def stop(done, total):
        calls.append(done)
        raise Stop

    with pytest.raises(Stop):
        ensemble.predict((nodes,), progress=stop)
    assert len(calls) == 1
    assert ensemble.member_logits(nodes).tobytes() == together.tobytes()


def test_the_callers_number_of_torch_threads_is_left_alone(states):
    before = torch.get_num_threads()
    seen = []
    ensemble_of(states, threads=3)
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert torch.get_num_threads() == before
    assert seen == [before]


def test_without_onednn_the_same_within_rounding(states, nodes):
    numbers = Unpacked(CPU.device, CPU.dtype)
    inputs = torch.from_numpy(nodes[:4])
    with torch.inference_mode():
        ours = fast_of(states[0], numbers)(stem_windows(inputs, numbers, 4))
        packed = fast_of(states[0])(stem_windows(inputs, CPU, 4))
    assert CPU.packs, "else this test compares nothing"
    np.testing.assert_allclose(ours, packed, atol=1e-4, rtol=0)


def test_a_pass_size_whose_bits_differ_is_not_used(states):
    fast = fast_of(states[0])

    def one_node_differs(windows):
        logits = fast(windows)
        return logits + 1e-7 if windows.shape[1] == 2 else logits

    with torch.inference_mode():
        honest, found = pass_sizes(fast, CPU), pass_sizes(one_node_differs, CPU)
    assert honest[-1] == LARGEST_PASS
    assert found == tuple(size for size in honest if size != 2)


@pytest.mark.parametrize(
    ("nodes", "sizes", "expected"),
    [
        (1, (1, 2, 4, 8, 16), [(0, 1)]),
        (3, (1, 2, 4, 8, 16), [(0, 4)]),
        (16, (1, 16), [(0, 16)]),
        (17, (1, 16), [(0, 16), (16, 1)]),
        (37, (2, 8, 16), [(0, 16), (16, 16), (32, 8)]),
        (5, (16,), [(0, 16)]),
    ],
)
def test_passes_cover_every_node_once(nodes, sizes, expected):
    assert passes(nodes, sizes) == expected


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"device": "tpu"}, "device must be cpu, cuda or auto, not 'tpu'"),
        ({"precision": "float16"}, "precision must be float32 or bfloat16, not 'float16'"),
        ({"precision": "bfloat16"}, "bfloat16 is for CUDA only"),
        ({"threads": -1}, "threads must be 0"),
    ],
)
def test_refuses_settings_that_cannot_be_met(states, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        ensemble_of(states, **changes)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_refuses_cuda_where_there_is_none_and_auto_takes_the_processor(states, nodes, together):
    with pytest.raises(ValueError, match="torch finds no CUDA device"):
        ensemble_of(states, device="cuda")
    logits = ensemble_of(states, device="auto").member_logits(nodes[:1])
    assert logits.tobytes() == together[:, :1].tobytes()


def test_refuses_no_member_one_twice_and_inputs_that_are_none(states, ensemble, nodes):
    with pytest.raises(ValueError, match="members is empty"):
        ensemble_of([])
    with pytest.raises(ValueError, match="RUN0/fold0 more than once"):
        FastEnsemble([weights(states)[0]] * 2, ComputeSettings())
    with pytest.raises(ValueError, match="must have shape"):
        ensemble.predict((nodes[:, 0],))
    with pytest.raises(ValueError, match="network_inputs is empty"):
        ensemble.predict((nodes[:0],))
    broken = nodes[:3].copy()
    broken[1, 0, 0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"network_inputs\[1\] has values that are not finite"):
        ensemble.predict((broken,))


def test_a_member_whose_logits_are_not_finite_is_named(states, nodes):
    broken = dict(states[1])
    broken["fuse_all_ene.weight"] = torch.full_like(broken["fuse_all_ene.weight"], 3e38)
    with pytest.raises(ValueError, match="RUN0/fold1 gave a logit that is not finite"):
        ensemble_of([states[0], broken]).predict((nodes[:2],))


def test_weights_of_another_network_are_refused(states, nodes):
    foreign = dict(states[0])
    foreign["meta_classifier.weight"] = torch.zeros(1, 7)
    with pytest.raises(RuntimeError, match=r"meta_classifier\.weight"):
        ensemble_of([foreign]).predict((nodes[:1],))


needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@needs_cuda
def test_on_cuda_float32_agrees_within_1e_4_and_bits_do_not_depend_on_company(
    states, together, nodes
):
    ensemble = ensemble_of(states, device="cuda")
    logits = ensemble.member_logits(nodes)
    np.testing.assert_allclose(logits, together, atol=1e-4, rtol=0)
    some = [5, 30, 2]
    assert ensemble.member_logits(nodes[some]).tobytes() == logits[:, some].tobytes()


@needs_cuda
def test_on_cuda_bfloat16_stays_within_half_a_logit_and_a_tenth_in_the_mean(
    states, together, nodes
):
    logits = ensemble_of(states, device="cuda", precision="bfloat16").member_logits(nodes)
    difference = np.abs(logits - together)
    assert difference.max() < 0.5
    assert difference.mean() < 0.1
    assert difference.max() > 1e-4, "bfloat16 was not used"
