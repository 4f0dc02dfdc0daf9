"""DeepENE behind the architecture contract."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.deepene.checkpoints import CheckpointError
from inference.deepene.geometry import INPUT_SHAPE
from inference.deepene.network import DeepENENetwork
from inference.deepene.parameters import REFERENCE_FINGERPRINT, PreprocessingParameters
from inference.deepene.patch import mask_box
from inference.deepene.preprocessing import prepare_node
from inference.runner import ComputeSettings, MemberWeights, preparation_of, runner_of
from tests.inference.deepene.test_preprocessing import neck

ROOT = Path(__file__).resolve().parents[3]
PREPARATION, RUNNER = preparation_of("DeepENE"), runner_of("DeepENE")
PARAMETERS = PreprocessingParameters(fingerprint=REFERENCE_FINGERPRINT).to_dict()
SPACING = (3.0, 0.5, 0.5)


def test_preparing_a_node_does_not_load_torch():
    code = """
import sys
import numpy as np
from inference.runner import preparation_of
preparation = preparation_of("DeepENE")
ct, mask = np.zeros((9, 60, 60), np.int16), np.zeros((9, 60, 60), bool)
mask[3:6, 20:40, 20:40] = True
numbers = np.arange(100.0)
parameters = preparation.parameters_from_training(numbers, [(3.0, 0.5, 0.5)], [(9, 60, 60)])
preparation.prepare(ct, mask, (3.0, 0.5, 0.5), parameters)
patch = preparation.training_patch(ct, mask, (3.0, 0.5, 0.5), parameters)
preparation.augmented(patch, parameters, np.random.default_rng(0))
preparation.plain(patch, parameters)
loaded = [name for name in ("torch", "django") if name in sys.modules]
sys.exit(f"loaded {loaded}" if loaded else 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_names_and_size_of_the_published_model():
    assert (PREPARATION.name, RUNNER.name) == ("DeepENE", "DeepENE")
    assert PREPARATION.expected_members == 25


def test_parameters_are_written_out_and_bad_ones_refused():
    given = {"fingerprint": PARAMETERS["fingerprint"]}
    assert PREPARATION.checked_parameters(given) == PARAMETERS
    with pytest.raises(ValueError, match="unknown key 'margin'"):
        PREPARATION.checked_parameters({**given, "margin": 3})


def test_a_node_is_prepared_as_by_the_plain_path():
    ct, mask = neck(1)
    (prepared,) = PREPARATION.prepare(ct, mask, SPACING, PARAMETERS)
    assert prepared.shape == INPUT_SHAPE
    plain = prepare_node(ct, mask, SPACING, PreprocessingParameters.from_dict(PARAMETERS))
    np.testing.assert_allclose(prepared, plain.network_input, atol=1e-4, rtol=0)


@pytest.mark.parametrize("at", [(15, 100, 100), (0, 3, 198), (29, 199, 0)])
def test_the_needed_box_is_enough_and_gives_the_same_bits(at):
    ct, mask = neck(2, shape=(30, 200, 200), at=at)
    box = mask_box(mask)
    start, stop = PREPARATION.needed_box(
        (box.start_zyx, box.stop_zyx), ct.shape, SPACING, PARAMETERS
    )
    part = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    (whole,) = PREPARATION.prepare(ct, mask, SPACING, PARAMETERS)
    (sub,) = PREPARATION.prepare(
        ct[part], mask[part], SPACING, PARAMETERS, origin_zyx=start, full_shape_zyx=ct.shape
    )
    assert whole.tobytes() == sub.tobytes()


def test_refuses_a_sub_volume_smaller_than_the_node_needs():
    ct, mask = neck(2, shape=(30, 200, 200), at=(15, 100, 100))
    part = (slice(13, 18), slice(60, 140), slice(60, 140))
    with pytest.raises(ValueError, match="pass what needed_box names"):
        PREPARATION.prepare(
            ct[part],
            mask[part],
            SPACING,
            PARAMETERS,
            origin_zyx=(13, 60, 60),
            full_shape_zyx=ct.shape,
        )


def test_refuses_an_empty_mask_and_an_impossible_spacing():
    ct, mask = neck(2)
    with pytest.raises(ValueError, match="mask_zyx is empty"):
        PREPARATION.prepare(ct, np.zeros_like(mask), SPACING, PARAMETERS)
    with pytest.raises(ValueError, match=r"spacing_zyx_mm \(z\)"):
        PREPARATION.prepare(ct, mask, (40.0, 0.5, 0.5), PARAMETERS)


def test_the_fingerprint_is_nnu_nets():
    values = np.random.default_rng(3).normal(70, 50, 5000).astype(np.float32)
    spacings, shapes = [(2.0, 0.4, 0.4), (2.5, 0.5, 0.5), (5.0, 0.6, 0.6)], [(30, 90, 90)] * 3
    parameters = PREPARATION.parameters_from_training(values, spacings, shapes)
    found = parameters["fingerprint"]
    exact = values.astype(np.float64)
    assert found["mean_hu"] == pytest.approx(exact.mean(), abs=1e-9)
    assert found["sd_hu"] == pytest.approx(exact.std(), abs=1e-9)
    assert found["percentile_00_5_hu"] == pytest.approx(np.percentile(exact, 0.5))
    assert found["percentile_99_5_hu"] == pytest.approx(np.percentile(exact, 99.5))
    assert parameters["target_spacing_zyx_mm"] == [3.0, 0.46, 0.46], "the published target"
    own = PREPARATION.parameters_from_training(values, spacings, shapes, target_spacing="dataset")
    assert own["target_spacing_zyx_mm"] == [2.5, 0.5, 0.5]
    assert PREPARATION.checked_parameters(own) == own


@pytest.mark.parametrize(
    ("values", "sentence"),
    [([], "foreground_hu is empty"), ([1.0, np.nan], "not finite"), ([7.0] * 9, "must be below")],
)
def test_refuses_a_foreground_without_a_fingerprint(values, sentence):
    with pytest.raises(ValueError, match=sentence):
        PREPARATION.parameters_from_training(np.array(values), [SPACING], [(9, 60, 60)])


def test_validation_sees_what_prediction_sees():
    ct, mask = neck(6, shape=(16, 120, 120), at=(8, 60, 62))
    patch = PREPARATION.training_patch(ct, mask, SPACING, PARAMETERS)
    (validated,) = PREPARATION.plain(patch, PARAMETERS)
    (predicted,) = PREPARATION.prepare(ct, mask, SPACING, PARAMETERS)
    np.testing.assert_allclose(validated, predicted, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("RUN0/fold0/last_epoch_ckpt.pth", (0, 0)),
        ("release/of/2024/RUN4/fold3/last_epoch_ckpt.pth", (4, 3)),
        ("RUN5/fold0/last_epoch_ckpt.pth", None),
        ("RUN0/fold0/best_ckpt.pth", None),
        ("RUN0/fold00/last_epoch_ckpt.pth", None),
        ("xRUN0/fold0/last_epoch_ckpt.pth", None),
        ("RUN0/fold0/last_epoch_ckpt.pth/more", None),
        ("RUN0/fold0/last_epoch_ckpt.pth\n", None),
    ],
)
def test_a_members_path_names_its_run_and_fold(path, member):
    assert RUNNER.member_of_path(path) == member


def test_a_checkpoint_goes_to_disk_and_back(tmp_path, untrained_weights):
    path = tmp_path / "RUN2" / "fold1" / "last_epoch_ckpt.pth"
    sha256 = RUNNER.save_checkpoint(path, untrained_weights, note="UNTRAINED")
    (found,) = RUNNER.find_members(tmp_path)
    assert (found.run, found.fold, found.path) == (2, 1, path)
    loaded = RUNNER.load_checkpoint(path, expected_sha256=sha256)
    assert (loaded.sha256, loaded.note) == (sha256, "UNTRAINED")
    assert all(torch.equal(loaded.state[key], untrained_weights[key]) for key in untrained_weights)
    with pytest.raises(CheckpointError, match="is on record"):
        RUNNER.load_checkpoint(path, expected_sha256="0" * 64)
    with pytest.raises(ValueError, match="no such folder"):
        RUNNER.find_members(tmp_path / "elsewhere")


def test_the_ensemble_gives_what_the_network_gives(untrained_weights):
    nodes = torch.randn((2, *INPUT_SHAPE), generator=torch.Generator().manual_seed(3))
    network = RUNNER.network()
    assert isinstance(network, DeepENENetwork)
    network.load_state_dict(untrained_weights)
    with torch.inference_mode():
        expected = RUNNER.pair(network.eval(), (nodes,))
    member = MemberWeights(run=0, fold=0, load=lambda: untrained_weights)
    found = RUNNER.ensemble([member], ComputeSettings(threads=1)).predict((nodes.numpy(),))
    assert expected.shape == (2, 2)
    np.testing.assert_allclose(found[0], expected.numpy(), atol=1e-4, rtol=0)


def test_the_pair_can_be_differentiated_in_the_inputs(untrained_weights):
    network = RUNNER.network().eval()
    network.load_state_dict(untrained_weights)
    nodes = torch.randn((1, *INPUT_SHAPE), requires_grad=True)
    RUNNER.pair(network, (nodes,))[0, 1].backward()
    assert nodes.grad is not None
    assert bool(nodes.grad.abs().max() > 0)


def test_training_has_weights_from_a_seed_a_loss_and_groups():
    first, second = RUNNER.network(), RUNNER.network()
    RUNNER.initialise(first, 4)
    RUNNER.initialise(second, 4)
    for key, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[key]), key
    nodes = torch.randn((2, *INPUT_SHAPE), generator=torch.Generator().manual_seed(3))
    labels = torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1.0])
    loss = RUNNER.loss(first.eval(), (nodes,), *labels)
    assert loss.shape == ()
    assert loss.requires_grad
    groups = RUNNER.parameter_groups(first, 5e-4)
    grouped = [parameter for group in groups for parameter in group["params"]]
    assert len(grouped) == len(list(first.parameters()))
    assert {group["weight_decay"] for group in groups} == {0.0, 5e-4}
    assert RUNNER.training_defaults()["epochs"] == 300
