"""Statistics library: AUC ranges where counts also decide which nodes are analysed.

The endpoint *ENE among metastatic nodes* compares nodes with ENE with metastatic nodes without;
which nodes are metastatic is itself known by counts only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import comb, prod

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.consistent_auc import AucRange
from readerstudy.statistics.consistent_labels import LabelGroup, PositiveUnits, checked_groups
from readerstudy.statistics.inputs import BoolArray, FloatArray, IntArray, checked_scores
from readerstudy.statistics.results import Status
from readerstudy.statistics.roc import placements_checked

MOST_SIZES = 5_000
"""Combinations of group sizes that are tried one by one; with more, bounds are returned."""


@dataclass(frozen=True, kw_only=True)
class NestedGroup:
    """A group with the counts of analysed units and, among these, of positive ones.

    Attributes
    ----------
    analysed : LabelGroup
        Units that enter the analysis (metastatic); its ``positive`` bounds their number.
    positive : PositiveUnits
        Units among them that are positive (ENE).
    """

    analysed: LabelGroup
    positive: PositiveUnits


Sizes = tuple[int, int]
"""Number of positive and of negative nodes of a group in the analysis."""


def consistent_auc_within(
    scores: npt.ArrayLike, groups: Sequence[NestedGroup], most_sizes: int = MOST_SIZES
) -> AucRange:
    """Find the least and the greatest AUC over all assignments, or proven bounds of them.

    Exact where every unit is one node and the numbers of positives and negatives per group can
    be tried one by one. For given numbers the AUC is greatest when each group's highest scores
    are its positives and its lowest its negatives: raising a positive or lowering a negative
    never loses a pair. Otherwise bounds: the AUC is a mean over positives of means over
    negatives, and each mean is bounded on its own.

    Parameters
    ----------
    scores : array_like, shape (nodes,)
        A higher score is more suspicious.
    groups : sequence of NestedGroup
        Each node in exactly one.
    most_sizes : int
        Combinations tried one by one.

    Returns
    -------
    AucRange
        ``is_exact`` says whether the two values are attained.

    Raises
    ------
    ValueError
        If the scores or groups do not fit.
    """
    values = np.asarray(scores, dtype=np.float64)
    values = checked_scores(values, n_nodes=values.size)
    checked_groups([group.analysed for group in groups], n_nodes=values.size)
    if not groups:
        return _missing()
    choices = [tuple(_sizes(group)) for group in groups]
    if not all(map(_is_plain, groups)) or prod(map(len, choices)) > most_sizes:
        return _bounds(values, groups)
    ascending = [_by_score(values, group) for group in groups]
    tried = [sizes for sizes in product(*choices) if all(map(sum, zip(*sizes, strict=True)))]
    if not tried:
        return _missing()
    return AucRange(
        lowest=min(_auc(values, ascending, sizes, worst=True) for sizes in tried),
        highest=max(_auc(values, ascending, sizes, worst=False) for sizes in tried),
        is_exact=True,
        n_assignments=prod(map(_n_assignments, groups)),
        status=Status.OK,
    )


def _missing() -> AucRange:
    return AucRange(
        lowest=None, highest=None, is_exact=True, n_assignments=None, status=Status.CLASS_MISSING
    )


def _is_plain(group: NestedGroup) -> bool:
    return not group.analysed.absorbing and all(len(unit) == 1 for unit in group.analysed.units)


def _sizes(group: NestedGroup) -> Iterator[Sizes]:
    """Yield the numbers of positive and negative units that a group of plain units allows."""
    known = group.analysed.positive
    for n_analysed in range(known.fewest_plain, known.most + 1):
        for n_positive in range(group.positive.fewest_plain, group.positive.most + 1):
            if n_positive <= n_analysed:
                yield n_positive, n_analysed - n_positive


def _n_assignments(group: NestedGroup) -> int:
    n_units = len(group.analysed.units)
    return sum(comb(n_units, p + q) * comb(p + q, p) for p, q in _sizes(group))


def _by_score(values: FloatArray, group: NestedGroup) -> IntArray:
    nodes = group.analysed.nodes
    return nodes[np.argsort(values[nodes], kind="stable")]


def _auc(
    values: FloatArray, ascending: Sequence[IntArray], sizes: Sequence[Sizes], *, worst: bool
) -> float:
    """Return the greatest (or, if ``worst``, the least) AUC for given numbers per group."""
    present: list[BoolArray] = []
    nodes: list[IntArray] = []
    for ordered, (n_positive, n_negative) in zip(ascending, sizes, strict=True):
        row = ordered[::-1] if worst else ordered
        nodes += [row[:n_negative], row[row.size - n_positive :]]
        present += [np.zeros(n_negative, dtype=bool), np.ones(n_positive, dtype=bool)]
    auc = placements_checked(np.concatenate(present), values[np.concatenate(nodes)]).auc
    if auc is None:
        raise ValueError("sizes: a class is missing")
    return auc


def _bounds(values: FloatArray, groups: Sequence[NestedGroup]) -> AucRange:
    """Bound the AUC by bounding, for every score, the share of negatives below it."""
    positive, negative = zip(*map(_node_counts, groups), strict=True)
    if not sum(most for _, most in positive) or not sum(most for _, most in negative):
        return _missing()
    nodes = [group.analysed.nodes for group in groups]
    limits = []
    for sign in (1.0, -1.0):
        # Greatest AUC of the scores, then of the reversed scores: 1 - the least.
        row = sign * values
        low_first = row[_picks(row, nodes, negative)]
        above = (row[:, None] > low_first) + 0.5 * (row[:, None] == low_first)
        share_below = _greatest_mean(above, _n_forced(negative))
        high_first = share_below[_picks(-row, nodes, positive)]
        limits.append(float(_greatest_mean(high_first[None, :], _n_forced(positive))[0]))
    return AucRange(
        lowest=1.0 - limits[1],
        highest=limits[0],
        is_exact=False,
        n_assignments=None,
        status=Status.OK,
    )


def _node_counts(group: NestedGroup) -> tuple[Sizes, Sizes]:
    """Return fewest and most positive nodes, and fewest and most negative nodes, of a group."""
    sizes = sorted(len(unit) for unit in group.analysed.units)
    analysed, positive = (
        (sum(sizes[: known.fewest]), sum(sizes[len(sizes) - known.most :]))
        for known in (group.analysed.positive, group.positive)
    )
    fewest_negative = max(0, analysed[0] - positive[1])
    return positive, (fewest_negative, max(0, analysed[1] - positive[0]))


def _picks(key: FloatArray, nodes: Sequence[IntArray], counts: Sequence[Sizes]) -> IntArray:
    """Return nodes in the order that lowers a mean of ``key`` most: each group's fewest first."""
    forced, free = [], []
    for group, (fewest, most) in zip(nodes, counts, strict=True):
        ordered = group[np.argsort(key[group], kind="stable")]
        forced.append(ordered[:fewest])
        free.append(ordered[fewest:most])
    rest = np.concatenate(free)
    return np.concatenate([*forced, rest[np.argsort(key[rest], kind="stable")]])


def _n_forced(counts: Sequence[Sizes]) -> int:
    return sum(fewest for fewest, _ in counts)


def _greatest_mean(picked: FloatArray, n_forced: int) -> FloatArray:
    """Return, per row, the greatest mean of the first k values, k at least ``n_forced`` and 1."""
    means = np.cumsum(picked, axis=1) / np.arange(1, picked.shape[1] + 1)
    greatest: FloatArray = means[:, max(n_forced, 1) - 1 :].max(axis=1)
    return greatest
