"""Analysis room: every cohort, and all together: the groups of the describing tables."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from readerstudy.analysis.computing.description.frozen import Frozen, Patient
from readerstudy.analysis.computing.description.quantities import floats
from readerstudy.analysis.computing.node_sets import NodeColumns, columns_of
from readerstudy.analysis.computing.plain import Plain
from readerstudy.statistics.inputs import FloatArray, IntArray

ALL_COHORTS = "All cohorts"


@dataclass(frozen=True, kw_only=True)
class UnknownPatient:
    """A patient of whom nothing but the nodes is known."""

    cohort: str
    patient: str
    age_years: int | None = None
    sex: str = ""
    primary_site: str = ""
    pt: str = ""
    pn: str = ""
    staging_edition: str = ""
    scanner: str = ""
    slice_thickness_mm: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """One cohort, or all of them (``cohort`` None).

    Attributes
    ----------
    cohort : str or None
    index : ndarray of int64
        Its rows of ``Material.columns``, ascending.
    patients : tuple of Patient
        Its patients by name, those without nodes included.
    """

    cohort: str | None
    index: IntArray
    patients: tuple[Patient, ...]

    @property
    def name(self) -> str:
        """The group's name in tables."""
        return ALL_COHORTS if self.cohort is None else self.cohort

    def named(self, **numbers: Plain) -> dict[str, Plain]:
        """Return numbers with the group they belong to."""
        kind = "pooled" if self.cohort is None else "cohort"
        return {"name": self.name, "cohort": self.cohort, "kind": kind, **numbers}

    def holds(self, cohort: str) -> bool:
        """Tell whether rows of a cohort belong to the group."""
        return self.cohort is None or self.cohort == cohort


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """A frozen table in the order of its names.

    Attributes
    ----------
    frozen : Frozen
    columns : NodeColumns
        As recorded: nothing is assumed of missing values.
    short_axis_mm : ndarray of float64, shape (nodes,)
        NaN where unknown.
    groups : tuple of Group
        The cohorts by name, then all together.
    """

    frozen: Frozen
    columns: NodeColumns
    short_axis_mm: FloatArray
    groups: tuple[Group, ...]

    @property
    def cohorts(self) -> tuple[Group, ...]:
        """The groups but the last."""
        return self.groups[:-1]


def material_of(frozen: Frozen) -> Material:
    """Return the frozen table arranged for every block of the description."""
    columns = columns_of(frozen.table)
    patients = _patients(frozen)
    nodes = np.array([row.cohort for row in columns.rows], dtype=object)
    groups = [
        Group(
            cohort=name,
            index=np.flatnonzero(nodes == name),
            patients=tuple(one for one in patients if one.cohort == name),
        )
        for name in sorted(set(_names(frozen)))
    ]
    everything = np.arange(len(columns.rows), dtype=np.int64)
    whole = Group(cohort=None, index=everything, patients=patients)
    return Material(
        frozen=frozen,
        columns=columns,
        short_axis_mm=floats(row.short_axis_mm for row in columns.rows),
        groups=(*groups, whole),
    )


def _names(frozen: Frozen) -> Iterator[str]:
    """Yield the cohort of every row of every kind: one may have patients and no nodes."""
    yield from (row.cohort for row in frozen.table.rows)
    yield from (row.cohort for row in frozen.patients or ())
    yield from (row.cohort for row in frozen.readings)
    yield from (row.cohort for row in frozen.labels)
    yield from (row.cohort for row in frozen.flow)


def _patients(frozen: Frozen) -> tuple[Patient, ...]:
    """Return every patient by name; those known from their nodes alone have no covariates."""
    found: dict[tuple[str, str], Patient] = {
        (row.cohort, row.patient): UnknownPatient(cohort=row.cohort, patient=row.patient)
        for row in frozen.table.rows
    }
    found |= {(one.cohort, one.patient): one for one in frozen.patients or ()}
    return tuple(found[key] for key in sorted(found))
