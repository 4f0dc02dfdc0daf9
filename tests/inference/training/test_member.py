"""A member in training: repeats to the bit, resumes to the bit, and learns."""

import dataclasses
import threading

import numpy as np
import pytest
import torch

from inference.runner import parameters_of_fold, preparation_of, runner_of
from inference.training.fingerprint import version_parameters
from inference.training.member import MemberTask, MemberTraining, TrainingFailed
from inference.training.member_state import StateError, read_state, weights_sha256
from inference.training.samples import of_patients
from inference.training.settings import settings_of
from inference.training.splits import nested_splits
from tests.inference.training.tiny import (
    PREPARATION,
    RUNNER,
    TinyPreparation,
    TinyRunner,
    tiny_data,
)

SETTINGS = settings_of(
    "DeepENE",
    runs=2,
    folds=3,
    inner_folds=2,
    epochs=6,
    evaluate_every=2,
    batch_size=4,
    learning_rate=0.01,
    threads=1,
    batch_norm_momentum=0.1,
)
SAMPLES, PATCHES = tiny_data(18)


def task_of(run=0, fold=0, preparation=PREPARATION, runner=RUNNER, patches=None, **changes):
    settings = dataclasses.replace(SETTINGS, **changes)
    splits = nested_splits([sample.labels for sample in SAMPLES], settings)
    return MemberTask(
        settings=settings,
        split=splits.member(run, fold),
        samples=SAMPLES,
        patch_of=(patches or PATCHES).__getitem__,
        parameters=parameters_of_fold(
            version_parameters(preparation, SAMPLES, splits, PATCHES.__getitem__), fold
        ),
        preparation=preparation,
        runner=runner,
    )


def trained(task, stop_after=()):
    """Train to the end; after the epochs named, go on in a new object from the stored bytes."""
    training = MemberTraining.start(task)
    while not training.is_done:
        training.run_epoch()
        if training.epoch in stop_after:
            training = MemberTraining.resume(task, training.state())
    return training


ENDS = {
    "as it is": {},
    "without augmentation": {"augmentation": False},
    "recalibrated": {"recalibrate_batch_norm": True},
    "early stopping": {"early_stopping": 2, "evaluate_every": 1, "epochs": 12},
}


@pytest.mark.parametrize("name", ENDS)
def test_resumed_after_any_epoch_it_ends_in_the_same_bits(name):
    task = task_of(**ENDS[name])
    whole = trained(task)
    for epochs in [(e,) for e in range(1, whole.epoch + 1)] + [range(1, whole.epoch + 1)]:
        torch.rand(epochs[0])  # wherever the global generator stands
        resumed = trained(task, stop_after=epochs)
        assert weights_sha256(resumed.weights()) == weights_sha256(whole.weights()), epochs
        assert resumed.curves == whole.curves
        assert np.array_equal(resumed.logits(SAMPLES), whole.logits(SAMPLES))


def test_an_epoch_that_was_interrupted_is_simply_run_again():
    task = task_of()
    killed = MemberTraining.start(task)
    killed.run_epoch()
    stored = killed.state()

    class Killed(Exception):
        pass

    class Dies(TinyRunner):
        def loss(self, *arguments):
            if self.network_calls > 2:
                raise Killed
            self.network_calls += 1
            return super().loss(*arguments)

    dies = Dies()
    dies.network_calls = 0
    victim = MemberTraining.resume(dataclasses.replace(task, runner=dies), stored)
    with pytest.raises(Killed):
        victim.run_epoch()
    resumed = MemberTraining.resume(task, stored)
    while not resumed.is_done:
        resumed.run_epoch()
    assert weights_sha256(resumed.weights()) == weights_sha256(trained(task).weights())


def test_seed_run_and_fold_change_the_weights():
    tasks = [task_of(), task_of(seed=1), task_of(run=1), task_of(fold=1)]
    assert len({weights_sha256(trained(task).weights()) for task in tasks}) == 4


def test_it_learns():
    task = task_of(epochs=30)
    training = trained(task)
    losses = [point.training_loss for point in training.curves]
    assert np.mean(losses[-5:]) < 0.7 * losses[0]
    last = training.curves[-1].validation
    assert min(last.metastasis_auc, last.ene_auc) > 0.85


def test_curves_have_a_validation_where_it_is_due():
    training = trained(task_of(epochs=5, evaluate_every=2))
    assert [p.epoch for p in training.curves] == [1, 2, 3, 4, 5]
    assert [p.validation is not None for p in training.curves] == [False, True, False, True, True]


def test_only_its_own_sides_are_ever_looked_at():
    task = task_of()
    outer = {s.key for s in of_patients(SAMPLES, task.split.outer)}
    asked = set()

    def patch_of(key):
        asked.add(key)
        return PATCHES[key]

    trained(dataclasses.replace(task, patch_of=patch_of, samples=tuple(SAMPLES)))
    assert asked == {s.key for s in SAMPLES} - outer


def test_the_outer_patients_have_no_influence_on_weights_or_stopping():
    changes = {"early_stopping": 2, "evaluate_every": 1, "epochs": 10}
    task = task_of(**changes)
    outer = set(task.split.outer)
    flipped = [
        dataclasses.replace(s, metastasis=1, ene=1) if s.patient in outer else s for s in SAMPLES
    ]
    noise = {"ct": np.full((8, 8), 9999, np.float32)}
    patches = {s.key: noise if s.patient in outer else PATCHES[s.key] for s in SAMPLES}
    other = dataclasses.replace(task, samples=flipped, patch_of=patches.__getitem__)
    assert trained(other).state() == trained(task).state()


def test_validation_patients_move_no_weight():
    task = task_of()
    validation = set(task.split.validation)
    flipped = [
        dataclasses.replace(s, metastasis=1 - s.metastasis, ene=0) if s.patient in validation else s
        for s in SAMPLES
    ]
    other = trained(dataclasses.replace(task, samples=flipped))
    assert weights_sha256(other.weights()) == weights_sha256(trained(task).weights())
    assert other.curves != trained(task).curves


def test_early_stopping_keeps_the_weights_of_the_best_evaluation():
    task = task_of(early_stopping=2, evaluate_every=1, epochs=12)
    training = trained(task)
    metric = [point.validation.selection for point in training.curves]
    best = int(np.argmax(metric))
    assert training.epoch == min(12, best + 1 + 2)
    until_then = trained(task_of(evaluate_every=1, epochs=best + 1))
    assert weights_sha256(training.weights()) == weights_sha256(until_then.weights())


def test_a_finished_member_has_no_further_epoch():
    training = trained(task_of(epochs=1))
    with pytest.raises(TrainingFailed, match="is done"):
        training.run_epoch()


def test_the_first_step_runs_at_zero_and_the_others_at_the_rate():
    training = MemberTraining.start(task_of())
    before = {n: t.clone() for n, t in training._network.named_parameters()}
    rates = []
    for step in range(3):
        training._step(step, SAMPLES[:4], (np.ones((4, 1, 8, 8), np.float32),))
        rates.append({group["lr"] for group in training._adam.param_groups})
        same = all(torch.equal(t, before[n]) for n, t in training._network.named_parameters())
        assert same == (step == 0)
    assert rates == [{0.0}, {0.01}, {0.01}]


def test_a_longer_warm_up_rises_in_a_line():
    training = MemberTraining.start(task_of(warm_up_steps=4))
    rates = []
    for step in range(6):
        training._step(step, SAMPLES[:4], (np.ones((4, 1, 8, 8), np.float32),))
        rates.append(training._adam.param_groups[0]["lr"])
    assert rates == pytest.approx([0.0, 0.0025, 0.005, 0.0075, 0.01, 0.01])


def test_a_node_of_which_nothing_is_shown_is_labelled_benign():
    class Blind(TinyPreparation):
        def augmented(self, patch, parameters, random):
            return (np.zeros((1, 8, 8), np.float32),)

    seen = []

    class Records(TinyRunner):
        def loss(self, network, inputs, metastasis, ene, ene_known):
            seen.append((metastasis.sum().item(), ene_known.sum().item(), network.training))
            return super().loss(network, inputs, metastasis, ene, ene_known)

    trained(task_of(preparation=Blind(), runner=Records(), epochs=2))
    assert {(m, k) for m, k, is_training in seen if is_training} == {(0.0, 0.0)}
    assert max(m for m, _, is_training in seen if not is_training) > 0


def test_recalibrated_statistics_are_those_of_all_training_nodes():
    task = task_of(recalibrate_batch_norm=True, epochs=2)
    training = trained(task)
    norm, convolution = training._network[1], training._network[0]
    nodes = of_patients(SAMPLES, task.split.training)
    inputs = np.stack([PREPARATION.plain(PATCHES[s.key], task.parameters)[0] for s in nodes])
    with torch.no_grad():
        mean = convolution(torch.from_numpy(inputs)).mean(dim=(0, 2, 3))
    assert torch.allclose(norm.running_mean, mean, atol=0.05)
    assert norm.momentum == 0.1


def test_dropout_and_order_do_not_depend_on_the_global_generator_nor_change_it():
    torch.manual_seed(1)
    first = trained(task_of(epochs=2))
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    threads = torch.get_num_threads()
    second = trained(task_of(epochs=2))
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()
    assert weights_sha256(first.weights()) == weights_sha256(second.weights())


def test_batches_are_prepared_in_another_thread():
    names = set()

    class Listens(TinyPreparation):
        def augmented(self, patch, parameters, random):
            names.add(threading.current_thread().name)
            return super().augmented(patch, parameters, random)

    trained(task_of(preparation=Listens(), epochs=1))
    assert names
    assert threading.current_thread().name not in names


def test_a_loss_that_is_no_number_ends_it_with_advice():
    class Broken(TinyRunner):
        def loss(self, *arguments):
            return super().loss(*arguments) * float("nan")

    training = MemberTraining.start(task_of(runner=Broken()))
    with pytest.raises(TrainingFailed, match="run 0 fold 0: the loss is not finite in epoch 1"):
        training.run_epoch()


def test_a_side_without_nodes_is_refused():
    task = task_of()
    only = of_patients(SAMPLES, task.split.training)
    with pytest.raises(ValueError, match="run 0 fold 0: a side of the split has no node"):
        MemberTraining.start(dataclasses.replace(task, samples=only))


STATE = MemberTraining.start(task_of()).state()


@pytest.mark.parametrize("content", [b"", b"no state", STATE[: len(STATE) // 2]])
def test_a_damaged_state_is_refused(content):
    with pytest.raises(StateError, match="damaged"):
        read_state(content)


def test_a_state_of_another_task_is_refused():
    for other in (task_of(fold=1), task_of(seed=5), task_of(run=1)):
        with pytest.raises(StateError, match="belongs to other data, settings or another member"):
            MemberTraining.resume(other, STATE)


def test_a_state_of_another_format_is_refused():
    from inference.training import member_state

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(member_state, "FORMAT", "nodewise-member-state-0")
        old = MemberTraining.start(task_of()).state()
    with pytest.raises(StateError, match="not of the format nodewise-member-state-1"):
        read_state(old)


def test_a_state_cannot_run_code():
    import io
    import pathlib

    buffer = io.BytesIO()
    torch.save({"format": "nodewise-member-state-1", "epoch": pathlib.Path("x")}, buffer)
    with pytest.raises(StateError, match="damaged"):
        read_state(buffer.getvalue())


def deepene_task():
    """Six patients' worth of the real network, as small as it can be."""
    random = np.random.default_rng(4)
    preparation = preparation_of("DeepENE")
    settings = settings_of(
        "DeepENE", runs=1, folds=2, inner_folds=2, epochs=2, batch_size=6, threads=1
    )
    from inference.training.fingerprint import patch_parameters
    from inference.training.samples import Sample, measured_patch

    samples, patches = [], {}
    for number in range(8):
        for category in range(3):
            volume = random.normal(60, 40, (14, 70, 70)).astype(np.int16)
            mask = np.zeros(volume.shape, bool)
            mask[4:9, 25 : 40 + 3 * category, 25:40] = True
            key = f"{number}{category}"
            patches[key] = measured_patch(
                preparation, volume, mask, (3.0, 0.8, 0.8), patch_parameters(preparation)
            )
            samples.append(
                Sample(
                    key=key,
                    patient=str(number),
                    metastasis=int(category > 0),
                    ene=int(category == 2),
                )
            )
    splits = nested_splits([s.labels for s in samples], settings)
    parameters = version_parameters(preparation, samples, splits, patches.__getitem__)
    return MemberTask(
        settings=settings,
        split=splits.member(0, 1),
        samples=samples,
        patch_of=patches.__getitem__,
        parameters=parameters_of_fold(parameters, 1),
        preparation=preparation,
        runner=runner_of("DeepENE"),
    )


def test_deepene_resumes_to_the_bit_and_its_weights_make_a_checkpoint(tmp_path):
    task = deepene_task()
    whole, resumed = trained(task), trained(task, stop_after=(1,))
    assert weights_sha256(resumed.weights()) == weights_sha256(whole.weights())
    path = tmp_path / "member.pth"
    sha256 = task.runner.save_checkpoint(path, whole.weights(), note="Trained here")
    loaded = task.runner.load_checkpoint(path, expected_sha256=sha256)
    assert weights_sha256(loaded.state) == weights_sha256(whole.weights())
