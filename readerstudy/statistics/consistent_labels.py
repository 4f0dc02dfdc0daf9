"""Statistics library: truth that is known by counts only, group by group."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from readerstudy.statistics.inputs import BoolArray, IntArray


@dataclass(frozen=True, kw_only=True)
class PositiveUnits:
    """How many units of a group are positive.

    Attributes
    ----------
    fewest, most : int
        Bounds of the number of positive units.
    fewest_plain : int
        The lower bound where no absorbing unit is positive; at least ``fewest``.
    """

    fewest: int
    fewest_plain: int
    most: int

    def allows(self, n_units: int, *, has_absorbing: bool) -> bool:
        """Say whether so many units, with or without an absorbing one, may be positive."""
        return (self.fewest if has_absorbing else self.fewest_plain) <= n_units <= self.most


@dataclass(frozen=True, kw_only=True)
class LabelGroup:
    """Nodes of which only the number of positives is known.

    Attributes
    ----------
    units : tuple of tuple of int
        Positions of the nodes in the scores; the nodes of a unit are positive together.
    positive : PositiveUnits
        For the endpoint of the analysis.
    absorbing : frozenset of int
        Units (by index) that can stand for several positives of the report.
    """

    units: tuple[tuple[int, ...], ...]
    positive: PositiveUnits
    absorbing: frozenset[int] = frozenset()

    @property
    def nodes(self) -> IntArray:
        """Positions of all nodes of the group."""
        return np.array([node for unit in self.units for node in unit], dtype=np.int64)

    def allows(self, labels: BoolArray) -> bool:
        """Say whether labels of all nodes agree with what is known of this group."""
        if any(len({bool(labels[node]) for node in unit}) > 1 for unit in self.units):
            return False
        chosen = [at for at, unit in enumerate(self.units) if labels[unit[0]]]
        return self.positive.allows(len(chosen), has_absorbing=bool(self.absorbing & set(chosen)))


def checked_groups(groups: Sequence[LabelGroup], *, n_nodes: int) -> None:
    """Refuse groups that do not hold every node exactly once, or bounds that are none.

    Raises
    ------
    ValueError
        If a node is missing, repeated or out of range, a unit is empty, or bounds are reversed.
    """
    nodes = np.concatenate([np.empty(0, np.int64), *(group.nodes for group in groups)])
    if not np.array_equal(np.sort(nodes), np.arange(n_nodes)):
        raise ValueError(f"groups must hold each of the {n_nodes} nodes exactly once")
    for group in groups:
        known = group.positive
        if not all(group.units):
            raise ValueError("groups: a unit holds no node")
        if not 0 <= known.fewest <= known.fewest_plain <= known.most <= len(group.units):
            raise ValueError(f"groups: {known} does not fit {len(group.units)} units")
