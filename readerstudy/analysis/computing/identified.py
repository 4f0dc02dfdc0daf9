"""Analysis room: the AUCs that pathology reports leave open, per cohort, endpoint and source."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from annotation.pathology_rules.identifiability import GroupChoices
from annotation.reference_identifiability import choices_in, settled_levels
from readerstudy.analysis.computing.consistent_truth import PatientChoices, auc_by_identifiability
from readerstudy.analysis.computing.endpoints import MODEL, Endpoint, ReaderView, StudyTable
from readerstudy.analysis.computing.node_sets import MISSING, NodeColumns, columns_of, positive
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.analysis.computing.self_checks import SLACK, TableInconsistentError
from readerstudy.reading.plan import Plan
from readerstudy.statistics.consistent_auc import IdentifiedAuc

ALL_COHORTS = "All cohorts"
CONTINUOUS = "continuous"
MOST_COUNTED = 10**15
"""Assignments are given as a number up to here, which every program reads exactly."""
KINDS = ("forced", "size_matched", "ambiguous", "not_determinable")


class Identifiability(Protocol):
    """What one patient's report leaves open."""

    @property
    def cohort(self) -> str: ...
    @property
    def patient(self) -> str: ...
    @property
    def stored(self) -> Mapping[str, Any]: ...


class Frozen(Protocol):
    """A frozen table."""

    @property
    def table(self) -> StudyTable: ...
    @property
    def identifiability(self) -> Sequence[Identifiability]: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class _Patient:
    """One patient's report and nodes."""

    cohort: str
    stored: Mapping[str, Any]
    groups: tuple[GroupChoices, ...]
    position: Mapping[int, int]


def identified(frozen: Frozen, plan: Plan) -> dict[str, Plain]:
    """Compute every AUC on forced nodes, on all, and its range over what reports leave open.

    Undetermined nodes and missing calls are left out, whatever the plan makes of them: what they
    are taken as would depend on the labels that are varied here.

    Parameters
    ----------
    frozen : Frozen
    plan : Plan
        Endpoints and views.

    Returns
    -------
    dict
        ``without``: cohorts whose reference standard keeps nothing of this. ``groups``: every
        other cohort, then all of them together, with how many levels and nodes are settled how
        far, and per endpoint one entry for the model and for each reader in each view.

    Raises
    ------
    TableInconsistentError
        If a number contradicts another.
    """
    columns = columns_of(frozen.table)
    patients = _patients(frozen, columns)
    cohorts = sorted({one.cohort for one in patients})
    groups = [
        _group(name, [one for one in patients if one.cohort == name], columns, plan)
        for name in cohorts
    ]
    if groups:
        groups.append(_group(None, patients, columns, plan))
    without = [name for name in frozen.table.cohorts if name not in cohorts]
    return {"without": plain(without), "groups": plain(groups)}


def _patients(frozen: Frozen, columns: NodeColumns) -> list[_Patient]:
    position: dict[tuple[str, str], dict[int, int]] = {}
    kept = {(one.cohort, one.patient) for one in frozen.identifiability}
    for at, row in enumerate(columns.rows):
        if (row.cohort, row.patient) in kept:
            position.setdefault((row.cohort, row.patient), {})[int(row.node)] = at
    return [
        _Patient(
            cohort=one.cohort,
            stored={**one.stored, "patient": one.patient},
            groups=choices_in(one.stored),
            position=position.get((one.cohort, one.patient), {}),
        )
        for one in sorted(frozen.identifiability, key=lambda one: (one.cohort, one.patient))
    ]


def _group(
    cohort: str | None, patients: Sequence[_Patient], columns: NodeColumns, plan: Plan
) -> dict[str, Plain]:
    choices = [PatientChoices(groups=one.groups, position=one.position) for one in patients]
    name = ALL_COHORTS if cohort is None else cohort
    return {
        "name": name,
        "cohort": cohort,
        "kind": "pooled" if cohort is None else "cohort",
        "n_patients": len(patients),
        "n_without_report": sum(one.stored["report_version"] is None for one in patients),
        "n_unplaced": sum(len(one.stored["unplaced"]) for one in patients),
        "n_disputed": sum(len(one.stored["disputed"]) for one in patients),
        "settled": _settled([one.stored for one in patients]),
        "endpoints": {
            endpoint.value: [
                _entry(source, view, values, columns, choices, endpoint)
                for source, view, values in _sources(columns, endpoint, plan)
            ]
            for endpoint in Endpoint
            if endpoint.value in plan.endpoints
        },
    }


def _settled(stored: Sequence[Mapping[str, Any]]) -> Plain:
    """Count levels and nodes by what is settled of metastasis and of ENE."""
    levels = settled_levels(stored)
    return {
        question: {
            kind: {
                "levels": sum(getattr(one, question) == kind for one in levels),
                "nodes": sum(len(one.nodes) for one in levels if getattr(one, question) == kind),
            }
            for kind in KINDS
        }
        for question in ("metastasis", "ene")
    }


def _sources(
    columns: NodeColumns, endpoint: Endpoint, plan: Plan
) -> Iterator[tuple[str, str, npt.NDArray[np.float64]]]:
    """Yield who, how the answers are read, and one score per row, NaN where there is none."""
    asked = "metastasis" if endpoint is Endpoint.METASTASIS else "ene"
    if np.isfinite(columns.model[asked]).any():
        yield MODEL, CONTINUOUS, columns.model[asked]
    for at, reader in enumerate(columns.readers):
        calls = columns.calls[:, at]
        for view in map(ReaderView, plan.views):
            if view is ReaderView.CONFIDENCE:
                values = columns.confidence[asked][:, at]
            else:
                read = positive(calls, endpoint) if view is ReaderView.BINARY else calls
                values = np.where(calls == MISSING, np.nan, read.astype(np.float64))
            if np.isfinite(values).any():
                yield reader, view.value, values


def _entry(
    source: str,
    view: str,
    values: npt.NDArray[np.float64],
    columns: NodeColumns,
    choices: Sequence[PatientChoices],
    endpoint: Endpoint,
) -> dict[str, Plain]:
    found = auc_by_identifiability(columns.truth, values, choices, endpoint)
    _check(found, f"identifiability of {source} ({view}), {endpoint}")
    number = found.range.n_assignments
    return {
        "source": source,
        "view": view,
        "n_nodes": found.n_nodes,
        "n_forced": found.n_forced,
        "on_all": found.on_all,
        "on_forced": found.on_forced,
        "lowest": found.range.lowest,
        "highest": found.range.highest,
        "is_exact": found.range.is_exact,
        "n_assignments": number if number is not None and number <= MOST_COUNTED else None,
        "log10_assignments": math.log10(number) if number else None,
        "contradicting": found.contradicting,
        "status": str(found.range.status),
    }


def _check(found: IdentifiedAuc, place: str) -> None:
    """Refuse numbers that contradict each other."""
    if not 0 <= found.n_forced <= found.n_nodes:
        raise TableInconsistentError(f"{place}: {found.n_forced} of {found.n_nodes} nodes forced")
    lowest, highest = found.range.lowest, found.range.highest
    if lowest is None or highest is None:
        return
    inside = found.on_all if found.on_all is not None and not found.contradicting else lowest
    if not lowest - SLACK <= inside <= highest + SLACK:
        raise TableInconsistentError(f"{place}: {inside} lies outside {lowest} to {highest}")
