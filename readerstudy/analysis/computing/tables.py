"""Analysis room: the whole report of a frozen table as one plain, reproducible result."""

from collections.abc import Sequence

from readerstudy.analysis.computing.endpoints import (
    ENDPOINT_LABELS,
    REASON_SENTENCES,
    Endpoint,
    NodeRow,
    StudyTable,
    endpoint_nodes,
)
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.analysis.computing.self_checks import check_parts_add_up, check_result
from readerstudy.analysis.computing.table_comparisons import reader_comparison, reader_mean
from readerstudy.analysis.computing.table_rows import (
    agreement_block,
    model_row,
    node_counts,
    reader_row,
)
from readerstudy.statistics.inputs import DEFAULT_LEVEL, checked_level
from readerstudy.statistics.results import STATUS_SENTENCES

SCHEMA_VERSION = 1
ALL_COHORTS = "All cohorts"
COMPARED_TARGET_PERCENT = 10


def study_tables(table: StudyTable, *, level: float = DEFAULT_LEVEL) -> dict[str, Plain]:
    """Compute every table of the report.

    Parameters
    ----------
    table : StudyTable
        Truth, calls and predictions per node.
    level : float
        Confidence level of all intervals.

    Returns
    -------
    dict
        Dictionaries, lists, strings, numbers and None only; the same table gives the same bytes
        through ``json.dumps(..., sort_keys=True)``, whatever the order of its rows. Per cohort
        and for all together (``pooled``): per endpoint ``nodes``, ``agreement``, ``model``,
        ``readers``, ``comparisons`` and ``reader_mean``. Undefined numbers are None and have a
        ``status`` beside them, explained under ``statuses``.

    Raises
    ------
    ValueError
        If the level is out of range.
    TableInconsistentError
        If a computed table contradicts itself.
    """
    checked_level(level)
    parts = [
        _cohort(name, [row for row in table.rows if row.cohort == name], table.readers, level)
        for name in table.cohorts
    ]
    pooled = _cohort(ALL_COHORTS, table.rows, table.readers, level)
    check_parts_add_up(pooled, parts)
    result: dict[str, Plain] = {
        "schema_version": SCHEMA_VERSION,
        "level": level,
        "readers": list(table.readers),
        "endpoint_labels": plain(dict(ENDPOINT_LABELS)),
        "statuses": plain(dict(STATUS_SENTENCES)),
        "reasons": plain(dict(REASON_SENTENCES)),
        "cohorts": list(parts),
        "pooled": pooled,
    }
    check_result(result)
    return result


def _cohort(
    name: str, rows: Sequence[NodeRow], readers: tuple[str, ...], level: float
) -> dict[str, Plain]:
    return {
        "name": name,
        "n_nodes": len(rows),
        "n_patients": len({(row.cohort, row.patient) for row in rows}),
        "endpoints": {
            endpoint.value: _endpoint(rows, endpoint, readers, level) for endpoint in Endpoint
        },
    }


def _endpoint(
    rows: Sequence[NodeRow], endpoint: Endpoint, readers: tuple[str, ...], level: float
) -> dict[str, Plain]:
    nodes = endpoint_nodes(rows, endpoint)
    model = model_row(nodes, level)
    thresholds = _compared_thresholds(model)
    return {
        "nodes": node_counts(nodes),
        "agreement": agreement_block(nodes, readers, level),
        "model": model,
        "readers": [reader_row(nodes, reader, level) for reader in readers],
        "comparisons": []
        if model is None
        else [reader_comparison(nodes, reader, thresholds, level) for reader in readers],
        "reader_mean": reader_mean(nodes, readers, with_model=model is not None, level=level),
    }


def _compared_thresholds(model: Plain) -> dict[str, float | None]:
    """Return the model's operating points that readers are compared at, if it has any."""
    points = model["operating_points"] if isinstance(model, dict) else None
    if not isinstance(points, dict) or not isinstance(points["false_positive_rate"], list):
        return {}
    target = next(
        part
        for part in points["false_positive_rate"]
        if isinstance(part, dict) and part["target_percent"] == COMPARED_TARGET_PERCENT
    )
    found: dict[str, float | None] = {}
    for name, holder, key in (
        ("youden", points["youden"], "point"),
        (f"fpr{COMPARED_TARGET_PERCENT}", target, "attainable"),
    ):
        point = holder[key] if isinstance(holder, dict) else None
        if isinstance(point, dict):
            threshold = point["threshold"]
            found[name] = float(threshold) if isinstance(threshold, int | float) else None
    return found
