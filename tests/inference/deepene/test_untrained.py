"""Untrained members: reproducible, labelled, alive."""

import pytest
import torch

from inference.deepene.checkpoints import load_checkpoint
from inference.deepene.network import INPUT_SHAPE, DeepENENetwork
from inference.deepene.untrained import untrained_state, write_untrained_members


def test_a_seed_gives_the_same_weights_and_another_seed_others(untrained_weights):
    again, other = untrained_state(11), untrained_state(12)
    assert all(torch.equal(again[key], untrained_weights[key]) for key in again)
    assert not torch.equal(other["fuse_all_ene.weight"], untrained_weights["fuse_all_ene.weight"])


def test_the_global_generator_is_left_alone():
    before = torch.random.get_rng_state()
    untrained_state(3)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_scores_differ_between_nodes_and_stay_moderate(untrained_weights):
    network = DeepENENetwork()
    network.load_state_dict(untrained_weights)
    nodes = torch.zeros((6, *INPUT_SHAPE))
    noise = torch.randn((6, 1, 2, 9, 24, 30), generator=torch.Generator().manual_seed(1))
    nodes[..., 18:42, 15:45] = noise
    with torch.inference_mode():
        logits = network.eval()(nodes)
    assert logits.abs().max() < 10
    assert (logits.std(dim=0) > 1e-3).all()


def test_written_members_carry_the_label_and_their_own_seed(tmp_path):
    written = write_untrained_members(tmp_path, 100, [(0, 0), (2, 3)])
    notes = [load_checkpoint(member.path).note for member in written]
    assert [note.split(":")[0] for note in notes] == ["UNTRAINED", "UNTRAINED"]
    assert "seed 100;" in notes[0]
    assert "seed 113;" in notes[1]


def test_refuses_a_member_that_does_not_exist(tmp_path):
    with pytest.raises(ValueError, match=r"run 0 to 4 and fold 0 to 4, not \(5, 0\)"):
        write_untrained_members(tmp_path, 1, [(5, 0)])
