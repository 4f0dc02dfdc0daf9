"""Thresholds from the inner validation alone (inference.training, pure, no torch).

A fold's thresholds follow from the inner validation patients of its own members, none of whom is in
its outer fold; so out-of-fold categories are as blind as out-of-fold scores. The version's own
follow from the inner validation patients of all members; they are for patients from elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.training.member_scores import MemberScores, mean_validation_logits
from inference.training.samples import Sample
from inference.training.settings import TrainingSettings
from inference.training.splits import NestedSplits

_TASKS = ("metastasis", "ene")


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """One threshold, and how it does on the nodes it was chosen on.

    Attributes
    ----------
    probability : float
        Sigmoid of the mean logit from which on a node is called positive; halfway between two
        nodes, so that no node lies on it.
    sensitivity, false_positive_rate : float
        On the inner validation: too good, since it was chosen there.
    positives, negatives : int
        Nodes it was chosen on.
    """

    probability: float
    sensitivity: float
    false_positive_rate: float
    positives: int
    negatives: int


@dataclass(frozen=True, kw_only=True)
class ChosenThresholds:
    """Thresholds by endpoint (`metastasis`, `ene`); None where there was only one kind of node.

    Attributes
    ----------
    version : dict
        Of the model version.
    by_fold : tuple of dict
        For the out-of-fold categories of each outer fold.
    """

    version: dict[str, Threshold | None]
    by_fold: tuple[dict[str, Threshold | None], ...]

    def probabilities(self) -> dict[str, float]:
        """Return the version's thresholds as `ModelVersion` keeps them."""
        return {name: t.probability for name, t in self.version.items() if t is not None}

    def of_fold(self, fold: int) -> dict[str, float]:
        """Return an outer fold's thresholds likewise."""
        return {name: t.probability for name, t in self.by_fold[fold].items() if t is not None}


def chosen_thresholds(
    samples: Sequence[Sample],
    splits: NestedSplits,
    scores: Sequence[MemberScores],
    settings: TrainingSettings,
) -> ChosenThresholds:
    """Choose all thresholds by the rule of the settings.

    Parameters
    ----------
    samples : sequence of Sample
        All training data.
    splits : NestedSplits
        The plan; it decides which logits are looked at.
    scores : sequence of MemberScores
        Of all members.
    settings : TrainingSettings
        Of them, `threshold_rule` and `false_positive_rate`.

    Returns
    -------
    ChosenThresholds

    Raises
    ------
    ScoresError
        If a member lacks a node of its inner validation.
    """
    folds = range(len(splits.outer))
    of_fold = [[one for one in scores if one.fold == fold] for fold in folds]
    return ChosenThresholds(
        version=_chosen(samples, splits, scores, settings),
        by_fold=tuple(_chosen(samples, splits, own, settings) for own in of_fold),
    )


def _chosen(
    samples: Sequence[Sample],
    splits: NestedSplits,
    scores: Sequence[MemberScores],
    settings: TrainingSettings,
) -> dict[str, Threshold | None]:
    logits = mean_validation_logits(samples, splits, scores)
    seen = [sample for sample in samples if sample.key in logits]
    chosen = {}
    for column, name in enumerate(_TASKS):
        known = [s for s in seen if _label(s, name) is not None]
        values = np.array([logits[sample.key][column] for sample in known], dtype=float)
        positive = np.array([_label(sample, name) == 1 for sample in known], dtype=bool)
        bound = settings.false_positive_rate
        rule: Any = None if settings.threshold_rule == "youden" else bound
        chosen[name] = threshold(sigmoid(values), positive, largest_false_positive_rate=rule)
    return chosen


def _label(sample: Sample, name: str) -> int | None:
    return sample.metastasis if name == "metastasis" else sample.ene


def sigmoid(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return probabilities, without overflow."""
    return np.exp(-np.logaddexp(0.0, -logits))


def threshold(
    probabilities: npt.NDArray[np.float64],
    positive: npt.NDArray[np.bool_],
    *,
    largest_false_positive_rate: float | None = None,
) -> Threshold | None:
    """Choose a threshold.

    Parameters
    ----------
    probabilities : ndarray of float64, shape (N,)
        Of the nodes.
    positive : ndarray of bool, shape (N,)
        The truth.
    largest_false_positive_rate : float, optional
        Given, the most sensitive threshold within this rate; else the one with the largest
        sensitivity + specificity (Youden). Of equally good ones the highest.

    Returns
    -------
    Threshold or None
        None if one of the two kinds is missing.
    """
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return None
    cuts = _cuts(probabilities)
    called = probabilities[None, :] >= cuts[:, None]
    sensitivity = called[:, positive].mean(axis=1)
    false_positive_rate = called[:, ~positive].mean(axis=1)
    if largest_false_positive_rate is None:
        merit = sensitivity - false_positive_rate
    else:
        merit = np.where(false_positive_rate <= largest_false_positive_rate, sensitivity, -1.0)
    best = int(np.argmax(merit))  # cuts fall, so the first is the highest
    return Threshold(
        probability=float(cuts[best]),
        sensitivity=float(sensitivity[best]),
        false_positive_rate=float(false_positive_rate[best]),
        positives=positives,
        negatives=negatives,
    )


def _cuts(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the candidates from high to low: halfway between neighbours, and beyond the ends."""
    falling = np.unique(probabilities)[::-1]
    edges = np.concatenate(([1.0], falling, [0.0]))
    return (edges[:-1] + edges[1:]) / 2
