"""Analysis room: the nodes of each planned subgroup."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

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
        for value in (*order, UNKNOWN):
            index = np.array([at for at, found in enumerate(values) if found == value], np.int64)
            if len(index):
                yield SubgroupNodes(variable=group.variable, value=value, index=index)


def _bands(edges: Sequence[float], unit: str) -> tuple[str, ...]:
    """Return the bands' names: below the first edge, between edges, from the last edge on."""
    inner = [f"{lower:g} to < {upper:g} {unit}" for lower, upper in pairwise(edges)]
    return (f"< {edges[0]:g} {unit}", *inner, f"≥ {edges[-1]:g} {unit}")


def _value(row: NodeRow, patient: Covariates | None, group: Subgroup, bands: Sequence[str]) -> str:
    found = _measured(row, patient)[group.variable]
    if found is None or found == "":
        return UNKNOWN
    if isinstance(found, str):
        return found
    # A value on an edge belongs above it.
    return bands[int(np.searchsorted(group.edges, found, side="right"))]


def _measured(row: NodeRow, patient: Covariates | None) -> Mapping[str, str | float | None]:
    node: dict[str, str | float | None] = {"sad": row.short_axis_mm, "level": row.level}
    if patient is None:
        return node | dict.fromkeys(("age", "sex", "primary_site", "scanner", "slice_thickness"))
    return node | {
        "age": patient.age_years,
        "sex": patient.sex,
        "primary_site": patient.primary_site,
        "scanner": patient.scanner,
        "slice_thickness": patient.slice_thickness_mm,
    }
