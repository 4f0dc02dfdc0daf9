"""What the members said of patients they did not train on (inference.training, pure, no torch)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inference.training.samples import Sample
from inference.training.splits import MemberSplit, NestedSplits

LogitPair = tuple[float, float]
"""Metastasis and ENE logit."""


class ScoresError(ValueError):
    """The members' scores do not fit the plan; the text says where."""


@dataclass(frozen=True, kw_only=True)
class MemberScores:
    """One member's logits.

    Attributes
    ----------
    run, fold : int
        The member.
    logits : mapping of str to pair of float
        Key of a sample to its metastasis and ENE logit; inner validation and outer fold.
    """

    run: int
    fold: int
    logits: Mapping[str, Sequence[float]]


def mean_validation_logits(
    samples: Iterable[Sample], splits: NestedSplits, scores: Iterable[MemberScores]
) -> dict[str, LogitPair]:
    """Average each node's logits over the members whose inner validation it was.

    Parameters
    ----------
    samples : iterable of Sample
        All training data.
    splits : NestedSplits
        The plan; it alone decides which logits are looked at.
    scores : iterable of MemberScores
        Of the members to look at.

    Returns
    -------
    dict
        Key of a sample to its logits; nodes that no member validated on are not there.

    Raises
    ------
    ScoresError
        If a member lacks a node of its side, or a logit is not finite.
    """
    kept = list(samples)
    sides = ((one, splits.member(one.run, one.fold)) for one in scores)
    return _means(kept, ((one, split, split.validation) for one, split in sides))


def out_of_fold_logits(
    samples: Iterable[Sample], splits: NestedSplits, scores: Sequence[MemberScores]
) -> dict[str, LogitPair]:
    """Average each node's logits over the runs' members that never saw its patient.

    Parameters
    ----------
    samples : iterable of Sample
        All training data.
    splits : NestedSplits
        The plan.
    scores : sequence of MemberScores
        Of all members.

    Returns
    -------
    dict
        Key of every sample to its logits: what the model says of the development cohort.

    Raises
    ------
    ScoresError
        If a member is missing or there twice, lacks a node of its side, or a logit is not finite.
    """
    given = sorted((one.run, one.fold) for one in scores)
    planned = sorted((member.run, member.fold) for member in splits.members)
    if given != planned:
        raise ScoresError(f"scores are there of members {given}, not of {planned}, each once.")
    kept = list(samples)
    sides = ((one, splits.member(one.run, one.fold)) for one in scores)
    return _means(kept, ((one, split, split.outer) for one, split in sides))


def _means(
    samples: Sequence[Sample],
    looked_at: Iterable[tuple[MemberScores, MemberSplit, Sequence[str]]],
) -> dict[str, LogitPair]:
    found: dict[str, list[tuple[int, int, float, float]]] = defaultdict(list)
    for one, split, patients in looked_at:
        wanted = set(patients)
        for sample in samples:
            if sample.patient in wanted:
                found[sample.key].append((split.run, split.fold, *_pair(one, sample)))
    means = {}
    for key in sorted(found):
        # Sorted, so that the mean does not depend on the order in which members are given.
        logits = np.array(sorted(found[key]))[:, 2:].mean(axis=0)
        means[key] = (float(logits[0]), float(logits[1]))
    return means


def _pair(scores: MemberScores, sample: Sample) -> LogitPair:
    name = f"run {scores.run} fold {scores.fold}"
    if sample.key not in scores.logits:
        raise ScoresError(f"{name}: no logits of node mask {sample.key}.")
    metastasis, ene = (float(value) for value in scores.logits[sample.key])
    if not np.isfinite((metastasis, ene)).all():
        raise ScoresError(f"{name}: the logits of node mask {sample.key} are not finite.")
    return metastasis, ene
