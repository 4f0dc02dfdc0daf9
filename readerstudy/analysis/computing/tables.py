"""Analysis room: the whole report of a frozen table as one plain, reproducible result."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from readerstudy.analysis.computing.between_cohorts import between_cohorts
from readerstudy.analysis.computing.confusion import confusion
from readerstudy.analysis.computing.endpoints import (
    ENDPOINT_LABELS,
    MODEL,
    REASON_SENTENCES,
    Endpoint,
    ReaderView,
    StudyTable,
)
from readerstudy.analysis.computing.missing import (
    MissingCalls,
    MissingRule,
    Undetermined,
    missing_values,
)
from readerstudy.analysis.computing.model_calls import ModelRule
from readerstudy.analysis.computing.node_sets import (
    IntArray,
    NodeColumns,
    NodeSet,
    columns_of,
    common_nodes,
    endpoint_nodes,
    is_scored,
)
from readerstudy.analysis.computing.patient_level import any_node
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.analysis.computing.primary import bootstrapped, planned_comparison
from readerstudy.analysis.computing.self_checks import (
    check_parts_add_up,
    check_result,
    check_subgroups_add_up,
)
from readerstudy.analysis.computing.setting import Setting
from readerstudy.analysis.computing.subgroups import Covariates, subgroup_nodes
from readerstudy.analysis.computing.table_agreement import agreement_block
from readerstudy.analysis.computing.table_comparisons import reader_comparison
from readerstudy.analysis.computing.table_reader_mean import reader_mean
from readerstudy.analysis.computing.table_rows import model_row, node_counts, reader_row
from readerstudy.reading.plan import Plan, default_plan, plan_from
from readerstudy.statistics.results import STATUS_SENTENCES

SCHEMA_VERSION = 2
ALL_COHORTS = "All cohorts"
POOLED = "pooled"
Progress = Callable[[str], None]


def study_tables(
    table: StudyTable,
    *,
    plan: Plan | None = None,
    model: ModelRule | None = None,
    patients: Sequence[Covariates] = (),
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> dict[str, Plain]:
    """Compute every table of the report.

    Parameters
    ----------
    table : StudyTable
        Truth, calls and predictions per node.
    plan : Plan, optional
        The analysis plan in force; the default plan when None.
    model : ModelRule, optional
        The model's fixed thresholds and the scale of its scores.
    patients : sequence of Covariates
        For the planned subgroups.
    seed : int
        Of the bootstrap.
    progress : callable
        Told what is being computed.

    Returns
    -------
    dict
        Dictionaries, lists, strings, numbers and None only; the same table gives the same bytes
        through ``json.dumps(..., sort_keys=True)``, whatever the order of its rows. ``parts``:
        every cohort, all together (``pooled``), every subgroup; each has per endpoint ``nodes``,
        ``complete`` (where the plan keeps only nodes all sides have), ``agreement``, ``model``,
        ``readers``, ``comparisons`` and ``reader_mean``. Undefined numbers are None and have a
        ``status`` beside them, explained under ``statuses``.

    Raises
    ------
    TableInconsistentError
        If a computed table contradicts itself.
    """
    plan = plan or plan_from(default_plan())
    model = model or ModelRule()
    columns = columns_of(table, _rule(plan))
    by_patient = None
    if plan.patient_level != "none":
        by_patient = columns_of(any_node(table, _rule(plan).undetermined), _rule(plan))
    setting = _setting(plan, model)
    parts = _cohort_parts(columns, by_patient, plan, setting, progress)
    pooled = parts[-1]
    check_parts_add_up(pooled, parts[:-1])
    cohorts = _cohorts(columns)
    primary = _primary(columns, parts, plan, seed)
    parts += _subgroup_parts(columns, patients, plan, setting, progress)
    check_subgroups_add_up(parts)
    result: dict[str, Plain] = {
        "schema_version": SCHEMA_VERSION,
        "level": setting.level,
        "readers": list(table.readers),
        "endpoint_labels": plain(dict(ENDPOINT_LABELS)),
        "statuses": plain(dict(STATUS_SENTENCES)),
        "reasons": plain(dict(REASON_SENTENCES)),
        "parts": cast("Plain", parts),
        "primary": primary,
        "between_cohorts": [
            entry
            for endpoint in _endpoints(plan)
            for entry in between_cohorts(columns, cohorts, endpoint, setting.level)
        ],
        "missing": plain(missing_values(table)),
    }
    check_result(result)
    return result


def _rule(plan: Plan) -> MissingRule:
    return MissingRule(
        calls=MissingCalls(plan.missing.calls),
        undetermined=Undetermined(plan.missing.undetermined),
    )


def _setting(plan: Plan, model: ModelRule) -> Setting:
    return Setting(
        level=1 - plan.alpha,
        views=tuple(ReaderView(view) for view in plan.views),
        targets_percent=plan.thresholds.fpr_percent,
        model=model,
    )


def _endpoints(plan: Plan) -> list[Endpoint]:
    return [endpoint for endpoint in Endpoint if endpoint.value in plan.endpoints]


def _cohorts(columns: NodeColumns) -> dict[str, IntArray]:
    names = [row.cohort for row in columns.rows]
    return {
        name: np.array([at for at, found in enumerate(names) if found == name], dtype=np.int64)
        for name in sorted(set(names))
    }


def _cohort_parts(
    columns: NodeColumns,
    by_patient: NodeColumns | None,
    plan: Plan,
    setting: Setting,
    progress: Progress,
) -> list[dict[str, Plain]]:
    """Return one part per cohort, then all together."""
    of_patients = {} if by_patient is None else _cohorts(by_patient)
    parts = []
    for number, (name, index) in enumerate(_cohorts(columns).items(), start=1):
        progress(f"Computing {name}")
        part = _part(columns, index, plan, setting)
        whose = {"key": f"cohort-{number}", "kind": "cohort", "variable": "cohort", "value": name}
        parts.append(_named(part, name, whose))
        if by_patient is not None:
            parts[-1]["patient_level"] = _blocks(by_patient, of_patients[name], plan, setting)
    progress(f"Computing {ALL_COHORTS.lower()}")
    everything = _part(columns, np.arange(len(columns.rows)), plan, setting)
    whole: dict[str, str | None] = {"key": POOLED, "kind": POOLED, "variable": None, "value": None}
    parts.append(_named(everything, ALL_COHORTS, whole))
    if by_patient is not None:
        index = np.arange(len(by_patient.rows))
        parts[-1]["patient_level"] = _blocks(by_patient, index, plan, setting)
    return parts


def _named(part: dict[str, Plain], name: str, whose: Mapping[str, str | None]) -> dict[str, Plain]:
    return {**whose, "name": name, "patient_level": None, **part}


def _subgroup_parts(
    columns: NodeColumns,
    patients: Sequence[Covariates],
    plan: Plan,
    setting: Setting,
    progress: Progress,
) -> list[dict[str, Plain]]:
    view = ReaderView(plan.primary.view)
    brief = Setting(
        level=setting.level,
        views=(view,),
        targets_percent=setting.targets_percent,
        model=setting.model,
        whole=False,
    )
    parts = []
    groups = subgroup_nodes(columns, patients, plan.subgroups)
    for number, group in enumerate(groups, start=1):
        progress(f"Computing {group.name}")
        whose = {
            "key": f"subgroup-{number}",
            "kind": "subgroup",
            "variable": group.variable,
            "value": group.value,
        }
        parts.append(_named(_part(columns, group.index, plan, brief), group.name, whose))
    return parts


def _part(columns: NodeColumns, index: IntArray, plan: Plan, setting: Setting) -> dict[str, Plain]:
    return {
        "n_nodes": len(index),
        "n_patients": len(np.unique(columns.patients[index])),
        "endpoints": _blocks(columns, index, plan, setting),
        "confusion": confusion(columns, index, setting.model),
    }


def _blocks(
    columns: NodeColumns, index: IntArray, plan: Plan, setting: Setting
) -> dict[str, Plain]:
    return {
        endpoint.value: _block(endpoint_nodes(columns, index, endpoint), setting)
        for endpoint in _endpoints(plan)
    }


def _block(nodes: NodeSet, setting: Setting) -> dict[str, Plain]:
    """Return everything about one endpoint of one part."""
    compared = _complete(nodes)
    model, cuts = model_row(compared, setting)
    readers = nodes.readers
    return {
        "nodes": node_counts(nodes),
        # Of the nodes above, those every side has: named here because no row below lists the rest.
        "complete": None if compared is nodes else node_counts(compared),
        "agreement": agreement_block(nodes, setting),
        "model": model,
        "readers": [reader_row(compared, reader, setting) for reader in readers],
        "comparisons": []
        if model is None
        else [reader_comparison(compared, reader, cuts, setting) for reader in readers],
        "reader_mean": reader_mean(compared, cuts, setting),
    }


def _complete(nodes: NodeSet) -> NodeSet:
    """Return the nodes that every reader and the model have, where the plan says so."""
    if nodes.columns.rule.calls is not MissingCalls.COMPLETE_ALL:
        return nodes
    sides = ((MODEL,) if is_scored(nodes) else ()) + nodes.readers
    return common_nodes(nodes, sides) if sides else nodes


def _primary(
    columns: NodeColumns, parts: Sequence[Mapping[str, Any]], plan: Plan, seed: int
) -> dict[str, Plain]:
    """Return the planned comparison on all cohorts together, and on each of them."""
    endpoint = plan.primary.endpoint
    found = {
        str(part["key"]): planned_comparison(part["endpoints"][endpoint], plan) for part in parts
    }
    everything = np.arange(len(columns.rows))
    nodes = _complete(endpoint_nodes(columns, everything, Endpoint(endpoint)))
    return {
        **found[POOLED],
        "by_cohort": {key: entry for key, entry in found.items() if key != POOLED},
        "bootstrap": bootstrapped(nodes, plan, seed),
    }
