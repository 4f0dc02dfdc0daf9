"""Statistics library: the areas under the curve that truth known by counts only allows.

Where a report says that m of n nodes are positive and not which, every assignment has its own
AUC. The least and the greatest are exact here for any number of assignments: the count of pairs
won is U = R - P(P + 1)/2 with R the sum of the positives' midranks among *all* nodes and P their
number. Midranks do not depend on the labels, so for a given P the extremes of U are those of a
sum over groups, found by dynamic programming over units and then over groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.consistent_labels import LabelGroup, checked_groups
from readerstudy.statistics.inputs import IntArray, checked_labels, checked_scores
from readerstudy.statistics.results import Status
from readerstudy.statistics.roc import placements_checked

IMPOSSIBLE = np.iinfo(np.int64).min // 4
"""Rank sum of a number of positives that no assignment has; stays negative when ranks are added."""


@dataclass(frozen=True, kw_only=True)
class AucRange:
    """The AUCs of all assignments consistent with the counts.

    Attributes
    ----------
    lowest, highest : float or None
        None when no assignment has both classes.
    is_exact : bool
        Both values are attained. False: they are bounds, and the range may be narrower.
    n_assignments : int or None
        How many assignments there are; None where they were not counted.
    """

    lowest: float | None
    highest: float | None
    is_exact: bool
    n_assignments: int | None
    status: Status


@dataclass(frozen=True, kw_only=True)
class IdentifiedAuc:
    """AUC with the reference standard's labels: on all nodes, and where no choice is left.

    Attributes
    ----------
    on_all, on_forced : float or None
        None when a class is missing.
    n_forced : int
        Nodes of groups with a single assignment.
    contradicting : int
        Groups whose labels are none of the assignments; not 0 means that ``on_all`` may lie
        outside the range.
    range : AucRange
    """

    on_all: float | None
    on_forced: float | None
    n_nodes: int
    n_forced: int
    contradicting: int
    range: AucRange


def consistent_auc(scores: npt.ArrayLike, groups: Sequence[LabelGroup]) -> AucRange:
    """Find the least and the greatest AUC over all assignments that the groups allow; exact.

    Parameters
    ----------
    scores : array_like, shape (nodes,)
        A higher score is more suspicious.
    groups : sequence of LabelGroup
        Each node in exactly one.

    Returns
    -------
    AucRange
        Assignments with one class only have no AUC and are passed over.

    Raises
    ------
    ValueError
        If the scores or groups do not fit.

    References
    ----------
    Mann HB, Whitney DR. Ann Math Stat 1947;18:50. doi:10.1214/aoms/1177730491
    """
    values = np.asarray(scores, dtype=np.float64)
    values = checked_scores(values, n_nodes=values.size)
    checked_groups(groups, n_nodes=values.size)
    twice_ranks = _twice_midranks(values)
    highest = _greatest(twice_ranks, groups)
    # Reversing the ranks turns every AUC into 1 - AUC.
    reversed_highest = _greatest(2 * (values.size + 1) - twice_ranks, groups)
    return AucRange(
        lowest=None if reversed_highest is None else 1.0 - reversed_highest,
        highest=highest,
        is_exact=True,
        n_assignments=n_assignments(groups),
        status=Status.CLASS_MISSING if highest is None else Status.OK,
    )


def identified_auc(
    labels: npt.ArrayLike, scores: npt.ArrayLike, groups: Sequence[LabelGroup]
) -> IdentifiedAuc:
    """Compute the AUC on all nodes, on the forced ones, and the range over all assignments.

    Parameters
    ----------
    labels : array_like, shape (nodes,)
        The reference standard: 1 disease present, 0 absent.
    scores : array_like, shape (nodes,)
    groups : sequence of LabelGroup
        Each node in exactly one.

    Raises
    ------
    ValueError
        If the arrays or groups do not fit.
    """
    present = checked_labels(labels)
    values = checked_scores(scores, n_nodes=present.size)
    found = consistent_auc(values, groups)
    forced = np.zeros(present.size, dtype=bool)
    for group in groups:
        if n_assignments([group]) == 1:
            forced[group.nodes] = True
    return IdentifiedAuc(
        on_all=placements_checked(present, values).auc,
        on_forced=placements_checked(present[forced], values[forced]).auc,
        n_nodes=present.size,
        n_forced=int(forced.sum()),
        contradicting=sum(not group.allows(present) for group in groups),
        range=found,
    )


def n_assignments(groups: Sequence[LabelGroup]) -> int:
    """Return the number of assignments that the groups allow together."""
    total = 1
    for group in groups:
        known, n_units = group.positive, len(group.units)
        n_plain = n_units - len(group.absorbing)
        with_any = sum(comb(n_units, k) for k in range(known.fewest, known.most + 1))
        too_few = sum(comb(n_plain, k) for k in range(known.fewest, known.fewest_plain))
        total *= with_any - too_few
    return total


def _twice_midranks(values: npt.NDArray[np.float64]) -> IntArray:
    """Return twice the midranks among all nodes: whole numbers also for ties."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, "left")
    return below + np.searchsorted(ordered, values, "right") + 1


def _greatest(twice_ranks: IntArray, groups: Sequence[LabelGroup]) -> float | None:
    n_nodes = twice_ranks.size
    best = np.zeros(1, dtype=np.int64)
    for group in groups:
        best = _added(best, _group_best(twice_ranks, group))
    n_positive = np.arange(n_nodes + 1)
    pairs = n_positive * (n_nodes - n_positive)
    is_possible = (best >= 0) & (pairs > 0)
    if not is_possible.any():
        return None
    twice_won = best[is_possible] - n_positive[is_possible] * (n_positive[is_possible] + 1)
    return float((twice_won / (2 * pairs[is_possible])).max())


def _group_best(twice_ranks: IntArray, group: LabelGroup) -> IntArray:
    """Return the greatest rank sum of a group for each number of positive nodes.

    The table's axes: positive units, whether an absorbing one is among them, positive nodes.
    """
    n_units, n_nodes = len(group.units), group.nodes.size
    table = np.full((n_units + 1, 2, n_nodes + 1), IMPOSSIBLE, dtype=np.int64)
    table[0, 0, 0] = 0
    for at, unit in enumerate(group.units):
        size, gain = len(unit), int(twice_ranks[list(unit)].sum())
        taken = table[:-1, :, : n_nodes + 1 - size] + gain
        if at in group.absorbing:
            taken = np.stack([np.full_like(taken[:, 0], IMPOSSIBLE), taken.max(axis=1)], axis=1)
        table[1:, :, size:] = np.maximum(table[1:, :, size:], taken)
    known = group.positive
    plain = table[known.fewest_plain : known.most + 1, 0]
    absorbing = table[known.fewest : known.most + 1, 1]
    best: IntArray = np.maximum(plain.max(axis=0), absorbing.max(axis=0))
    return np.where(best >= 0, best, IMPOSSIBLE)


def _added(best: IntArray, more: IntArray) -> IntArray:
    """Return the greatest sums of two groups for each number of positive nodes together."""
    total = np.full(best.size + more.size - 1, IMPOSSIBLE, dtype=np.int64)
    for n_positive, gain in enumerate(more.tolist()):
        if gain >= 0:
            part = total[n_positive : n_positive + best.size]
            np.maximum(part, best + gain, out=part)
    return np.where(total >= 0, total, IMPOSSIBLE)
