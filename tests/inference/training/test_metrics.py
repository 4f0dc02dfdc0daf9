"""AUCs of the inner validation."""

import numpy as np
import pytest

from inference.training.metrics import EpochResult, ValidationMetrics, auc, validation_metrics
from inference.training.samples import Sample


def share_of_pairs(scores, truth):
    """Count the pairs in the right order, a tie as one half: what the AUC is defined as."""
    pairs = [(p, n) for p in scores[truth] for n in scores[~truth]]
    return sum((p > n) + (p == n) / 2 for p, n in pairs) / len(pairs)


def test_is_the_share_of_pairs_in_the_right_order():
    random = np.random.default_rng(0)
    for _ in range(50):
        scores, truth = random.integers(0, 6, 40), random.random(40) < 0.4
        assert auc(scores, truth) == pytest.approx(share_of_pairs(scores, truth))


def test_there_is_none_for_one_kind_of_node():
    assert auc([1.0, 2.0], [True, True]) is None
    assert auc([], []) is None


def node(key, metastasis, ene):
    return Sample(key=key, patient="P", metastasis=metastasis, ene=ene)


def test_each_endpoint_looks_at_its_own_nodes():
    nodes = [node("a", 0, 0), node("b", 1, 0), node("c", 1, 1), node("d", 1, None)]
    logits = np.array([[0.0, 9.0], [1.0, 1.0], [2.0, 5.0], [-1.0, 99.0]])
    found = validation_metrics(nodes, logits, 0.5)
    assert found.loss == 0.5
    assert found.metastasis_auc == pytest.approx(2 / 3)  # d is below a
    assert found.ene_auc == pytest.approx(1 / 2)  # a above c, b below; d does not count
    assert found.ene_among_metastatic_auc == 1.0
    assert found.selection == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)


def test_the_selection_metric_takes_the_aucs_that_are_there():
    some = ValidationMetrics(
        loss=1.0, metastasis_auc=0.8, ene_auc=0.6, ene_among_metastatic_auc=None
    )
    none = ValidationMetrics(
        loss=1.0, metastasis_auc=None, ene_auc=None, ene_among_metastatic_auc=None
    )
    assert some.selection == pytest.approx(0.7)
    assert none.selection is None


def test_points_survive_a_round_trip():
    metrics = ValidationMetrics(
        loss=1.0, metastasis_auc=0.8, ene_auc=0.6, ene_among_metastatic_auc=None
    )
    for validation in (metrics, None):
        point = EpochResult(epoch=3, training_loss=0.25, validation=validation)
        assert EpochResult.from_dict(point.to_dict()) == point
