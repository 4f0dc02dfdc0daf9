"""Analysis room: every cohort, and all together: the groups of the describing tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from readerstudy.analysis.computing.description.frozen import Frozen, Patient
from readerstudy.analysis.computing.description.quantities import floats
from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.computing.node_sets import MISSING
from readerstudy.analysis.computing.plain import Plain
from readerstudy.statistics.inputs import BoolArray, FloatArray, IntArray

ALL_COHORTS = "All cohorts"
ObjectArray = npt.NDArray[np.object_]


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
class Nodes:
    """The nodes as arrays in the order of their names, nothing assumed of missing values.

    Attributes
    ----------
    readers : tuple of str
    cohorts : ndarray of object, shape (nodes,)
    patients : ndarray of int64, shape (nodes,)
        Number of the patient within all cohorts.
    truth : ndarray of int64, shape (nodes,)
        Category, -1 where undetermined.
    short_axis_mm : ndarray of float64, shape (nodes,)
        NaN where unknown.
    called : mapping of str to ndarray of bool, shape (nodes,)
        Per reader.
    scored : mapping of str to ndarray of bool, shape (nodes,)
        For ``metastasis`` and ``ene``.
    """

    readers: tuple[str, ...]
    cohorts: ObjectArray
    patients: IntArray
    truth: IntArray
    short_axis_mm: FloatArray
    called: Mapping[str, BoolArray]
    scored: Mapping[str, BoolArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """One cohort, or all of them (``cohort`` None).

    Attributes
    ----------
    cohort : str or None
    index : ndarray of int64
        Its nodes, ascending.
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
    nodes : Nodes
    groups : tuple of Group
        The cohorts by name, then all together.
    """

    frozen: Frozen
    nodes: Nodes
    groups: tuple[Group, ...]

    @property
    def cohorts(self) -> tuple[Group, ...]:
        """The groups but the last."""
        return self.groups[:-1]


def material_of(frozen: Frozen) -> Material:
    """Return the frozen table arranged for every block of the description."""
    nodes, patients = _nodes(frozen.table), _patients(frozen)
    groups = [
        Group(
            cohort=name,
            index=np.flatnonzero(nodes.cohorts == name),
            patients=tuple(one for one in patients if one.cohort == name),
        )
        for name in sorted(set(_names(frozen)))
    ]
    everything = np.arange(nodes.truth.size, dtype=np.int64)
    whole = Group(cohort=None, index=everything, patients=patients)
    return Material(frozen=frozen, nodes=nodes, groups=(*groups, whole))


def _nodes(table: StudyTable) -> Nodes:
    rows = sorted(table.rows, key=attrgetter("cohort", "patient", "node"))
    numbers: dict[tuple[str, str], int] = {}
    patients = [numbers.setdefault((row.cohort, row.patient), len(numbers)) for row in rows]
    truth = [MISSING if row.truth is None else row.truth for row in rows]
    return Nodes(
        readers=table.readers,
        cohorts=np.array([row.cohort for row in rows], dtype=object),
        patients=np.array(patients, dtype=np.int64),
        truth=np.array(truth, dtype=np.int64),
        short_axis_mm=floats(row.short_axis_mm for row in rows),
        called={
            reader: np.array([row.calls[reader] is not None for row in rows], dtype=np.bool_)
            for reader in table.readers
        },
        scored=_scored(rows),
    )


def _scored(rows: Sequence[NodeRow]) -> dict[str, BoolArray]:
    return {
        "metastasis": np.array([row.score_metastasis is not None for row in rows], dtype=np.bool_),
        "ene": np.array([row.score_ene is not None for row in rows], dtype=np.bool_),
    }


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
