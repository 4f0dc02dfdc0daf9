"""Analysis room: the nodes of each planned subgroup."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, cast

import numpy as np

from readerstudy.analysis.computing.endpoints import NodeRow
from readerstudy.analysis.computing.node_sets import IntArray, NodeColumns
from readerstudy.reading.plan import Subgroup

UNKNOWN = "not known"
TITLES = {
    "sad": "Short-axis diameter",
    "level": "Lymph node level",
    "age": "Age",
    "sex": "Sex",
    "primary_site": "Primary site",
    "scanner": "Scanner",
    "slice_thickness": "Slice thickness",
}
_OF_NODE = {"sad": "short_axis_mm", "level": "level"}
_OF_PATIENT = {
    "age": "age_years",
    "sex": "sex",
    "primary_site": "primary_site",
    "scanner": "scanner",
    "slice_thickness": "slice_thickness_mm",
}
UNITS = {"sad": "mm", "age": "years", "slice_thickness": "mm"}


class Covariates(Protocol):
    """What is known of a patient; unknown is None or empty."""

    @property
    def cohort(self) -> str: ...
    @property
    def patient(self) -> str: ...
    @property
    def age_years(self) -> int | None: ...
    @property
    def sex(self) -> str: ...
    @property
    def primary_site(self) -> str: ...
    @property
    def scanner(self) -> str: ...
    @property
    def slice_thickness_mm(self) -> float | None: ...


@dataclass(frozen=True, kw_only=True)
class SubgroupNodes:
    """One value or band of one variable, with the rows that have it."""

    variable: str
    value: str
    index: IntArray

    @property
    def name(self) -> str:
        """For example ``Short-axis diameter: < 10 mm``."""
        return f"{TITLES[self.variable]}: {self.value}"


def subgroup_nodes(
    columns: NodeColumns, patients: Sequence[Covariates], planned: Sequence[Subgroup]
) -> Iterator[SubgroupNodes]:
    """Yield the nodes of each band or value, bands ascending, values by name, unknown last.

    Parameters
    ----------
    columns : NodeColumns
    patients : sequence of Covariates
        Nodes of a patient who is not listed count as not known.
    planned : sequence of Subgroup
        A value on an edge belongs to the band above it.
    """
    known = {(one.cohort, one.patient): one for one in patients}
    for group in planned:
        words = _bands(group.edges, UNITS[group.variable]) if group.edges else ()
        values = [
            _value(row, known.get((row.cohort, row.patient)), group, words) for row in columns.rows
        ]
        order = words or tuple(sorted(set(values) - {UNKNOWN}))
        numbers = {value: number for number, value in enumerate((*order, UNKNOWN))}
        found = np.array([numbers[value] for value in values], dtype=np.int64)
        for value, number in numbers.items():
            index = np.flatnonzero(found == number)
            if len(index):
                yield SubgroupNodes(variable=group.variable, value=value, index=index)


def _bands(edges: Sequence[float], unit: str) -> tuple[str, ...]:
    """Return the bands' names: below the first edge, between edges, from the last edge on."""
    inner = [f"{lower:g} to < {upper:g} {unit}" for lower, upper in pairwise(edges)]
    return (f"< {edges[0]:g} {unit}", *inner, f"≥ {edges[-1]:g} {unit}")


def _value(row: NodeRow, patient: Covariates | None, group: Subgroup, bands: Sequence[str]) -> str:
    found = _measured(row, patient, group.variable)
    if found is None or found == "":
        return UNKNOWN
    if isinstance(found, str):
        return found
    # A value on an edge belongs above it.
    return bands[bisect_right(group.edges, found)]


def _measured(row: NodeRow, patient: Covariates | None, variable: str) -> str | float | None:
    if variable in _OF_NODE:
        found = getattr(row, _OF_NODE[variable])
    else:
        found = None if patient is None else getattr(patient, _OF_PATIENT[variable])
    return cast("str | float | None", found)
