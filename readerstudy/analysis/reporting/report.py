"""Analysis room: results to the rows that HTML and CSV show (pure: rounding only in display)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readerstudy.analysis.computing.endpoints import Endpoint
from readerstudy.analysis.reporting.display import (
    UNDEFINED,
    interval,
    p_value,
    percent_with_counts,
    two_decimals,
)
from readerstudy.analysis.reporting.figures import roc_figure

ALPHA = 0.05
FEW_PATIENTS = 30


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """The model, one reader or the reader mean, as printed."""

    name: str
    n: str
    auc: str
    delong: str
    clustered: str
    hanley_mcneil: str
    difference: str
    p: str
    p_clustered: str
    left_out: str


@dataclass(frozen=True, kw_only=True)
class EndpointReport:
    """One endpoint of one cohort, as printed."""

    key: str
    name: str
    label: str
    nodes: Mapping[str, Any]
    rows: list[ComparisonRow]
    operating_points: list[dict[str, str]]
    agreement: list[dict[str, str]]
    notes: list[str]
    left_out: list[dict[str, Any]]
    figure: str


@dataclass(frozen=True, kw_only=True)
class CohortReport:
    """One cohort, or all together, as printed."""

    key: str
    name: str
    n_nodes: int
    n_patients: int
    endpoints: list[EndpointReport]


def cohort_reports(results: Mapping[str, Any]) -> list[CohortReport]:
    """Return every cohort and all together in the order they are printed."""
    tables = results["tables"]
    parts = [part for part in tables["parts"] if part["kind"] == "cohort"]
    if len(parts) > 1:
        parts += [part for part in tables["parts"] if part["kind"] == "pooled"]
    return [
        CohortReport(
            key=f"cohort-{position}",
            name=part["name"],
            n_nodes=part["n_nodes"],
            n_patients=part["n_patients"],
            # The stored JSON sorts its keys; people read the endpoints in the study's own order.
            endpoints=[
                _endpoint(f"{position}-{key}", key, part, tables)
                for key in Endpoint
                if key in part["endpoints"]
            ],
        )
        for position, part in enumerate(parts, start=1)
    ]


def _endpoint(
    anchor: str, key: str, part: Mapping[str, Any], tables: Mapping[str, Any]
) -> EndpointReport:
    endpoint = part["endpoints"][key]
    label = tables["endpoint_labels"][key]
    return EndpointReport(
        key=anchor,
        name=str(key),
        label=label,
        nodes=endpoint["nodes"],
        rows=list(_rows(endpoint)),
        operating_points=_operating_points(endpoint),
        agreement=_agreement(endpoint["agreement"]),
        notes=list(_notes(endpoint)),
        left_out=[
            entry | {"sentence": tables["reasons"][entry["reason"]]}
            for entry in endpoint["nodes"]["left_out"]
        ],
        figure=roc_figure(f"ROC curve, {part['name']}: {label}", endpoint),
    )


def _rows(endpoint: Mapping[str, Any]) -> Iterator[ComparisonRow]:
    if endpoint["model"] is not None:
        yield _model_row(endpoint["model"])
    comparisons = {entry["reader"]: entry for entry in endpoint["comparisons"]}
    for reader in endpoint["readers"]:
        yield _reader_row(reader, comparisons.get(reader["reader"]))
    if endpoint["reader_mean"] is not None:
        yield _mean_row(endpoint["reader_mean"])


def _model_row(model: Mapping[str, Any]) -> ComparisonRow:
    return ComparisonRow(
        name="Model",
        **_auc_columns(model["auc"]),
        **_no_test(),
        n=_n(model["nodes"]),
        left_out=_left_out(model["nodes"]),
    )


def _reader_row(reader: Mapping[str, Any], comparison: Mapping[str, Any] | None) -> ComparisonRow:
    tested = _no_test() if comparison is None else _test_columns(comparison["binary"])
    nodes = reader["nodes"] if comparison is None else comparison["nodes"]
    return ComparisonRow(
        name=str(reader["reader"]),
        **_auc_columns(reader["auc_binary"]),
        **tested,
        n=_n(reader["nodes"]),
        left_out=_left_out(nodes),
    )


def _mean_row(mean: Mapping[str, Any]) -> ComparisonRow:
    binary = mean["binary"]
    fixed, clustered = binary["mean_auc_fixed_readers"], binary["mean_auc_patient_clustered"]
    contrast = binary.get("model_minus_mean")
    tested = _no_test()
    if contrast is not None:
        plain, by_patient = (
            contrast["delong_fixed_readers"],
            contrast["patient_clustered_fixed_readers"],
        )
        tested = _test_columns({"delong": plain, "patient_clustered": by_patient})
    return ComparisonRow(
        name="Reader mean",
        auc=two_decimals(fixed["estimate"]),
        delong=_limits(fixed),
        clustered=_limits(clustered),
        hanley_mcneil=UNDEFINED,
        **tested,
        n=_n(mean["nodes"]),
        left_out=_left_out(mean["nodes"]),
    )


_PROPORTIONS = ("sensitivity", "specificity", "accuracy")


def _mean_percent(entry: Mapping[str, Any]) -> str:
    if not entry or entry.get("fraction") is None:
        return UNDEFINED
    numerator, denominator = entry["fraction"]
    # The mean of the readers' exact proportions has no single denominator to print.
    return percent_with_counts(numerator, denominator).split(" ")[0]


def _auc_columns(auc: Mapping[str, Any]) -> dict[str, str]:
    return {
        "auc": two_decimals(auc["delong"]["estimate"]),
        "delong": _limits(auc["delong"]),
        "clustered": _limits(auc["patient_clustered"]),
        "hanley_mcneil": _limits(auc["hanley_mcneil"]),
    }


def _count_columns(counts: Mapping[str, Any] | None) -> dict[str, str]:
    if counts is None:
        return dict.fromkeys(_PROPORTIONS, UNDEFINED)
    return {
        key: percent_with_counts(counts[key]["numerator"], counts[key]["denominator"])
        for key in _PROPORTIONS
    }


def _test_columns(block: Mapping[str, Any]) -> dict[str, str]:
    plain, clustered = block["delong"], block["patient_clustered"]
    limits = _limits(plain)
    return {
        "difference": f"{two_decimals(plain['estimate'])} ({limits})",
        "p": p_value(_p(plain)),
        "p_clustered": p_value(_p(clustered)),
    }


def _no_test() -> dict[str, str]:
    return dict.fromkeys(("difference", "p", "p_clustered"), "")


def _p(result: Mapping[str, Any] | None) -> float | None:
    test = (result or {}).get("test")
    return None if test is None else test["p_two_sided"]


def _limits(result: Mapping[str, Any] | None) -> str:
    found = (result or {}).get("interval")
    return UNDEFINED if found is None else interval(found["lower"], found["upper"])


def _n(nodes: Mapping[str, Any]) -> str:
    return f"{nodes['n']} ({nodes['n_positive']} positive)"


def _left_out(nodes: Mapping[str, Any]) -> str:
    count = len(nodes["left_out"])
    available = ", ".join(f"{side} {n}" for side, n in nodes["available"].items())
    return "" if not count else f"{count} left out; scored: {available}"


def _operating_points(endpoint: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the model's points, then the readers' (who have no threshold), then their mean."""
    points = (endpoint["model"] or {}).get("operating_points")
    rows = _model_points(points) if points else []
    rows += [
        {"name": str(reader["reader"]), "threshold": "", **_count_columns(reader["counts"])}
        for reader in endpoint["readers"]
    ]
    mean = endpoint["reader_mean"]
    if mean is not None:
        means = {key: _mean_percent(mean["proportions"][key]) for key in _PROPORTIONS}
        rows.append({"name": "Reader mean", "threshold": "", **means})
    return rows


def _model_points(points: Mapping[str, Any]) -> list[dict[str, str]]:
    named = [("Model, Youden index", points["youden"].get("point"))]
    rates = points["false_positive_rate"] if isinstance(points["false_positive_rate"], list) else []
    named += [(f"Model, FPR ≤ {rate['target_percent']}%", rate.get("attainable")) for rate in rates]
    return [
        {"name": name, "threshold": _threshold(point), **_count_columns(point["counts"])}
        for name, point in named
        if point
    ]


def _threshold(point: Mapping[str, Any]) -> str:
    return "none positive" if point["threshold"] is None else f"{point['threshold']:.4g}"


def _agreement(block: Mapping[str, Any]) -> list[dict[str, str]]:
    named = (("three_categories", "Three categories"), ("binary", "This endpoint (yes or no)"))
    return [
        {
            "name": name,
            "kappa": two_decimals(found["kappa"]),
            "word": str(found["landis_koch"] or UNDEFINED),
            "by_node": _limits(found["gwet"]),
            "by_patient": _limits(found["jackknife_patient"]),
            "n": f"{found['n_complete']} of {found['n_nodes']}",
        }
        for key, name in named
        if (found := block.get(key)) is not None
    ]


def _notes(endpoint: Mapping[str, Any]) -> Iterator[str]:
    for entry in endpoint["comparisons"]:
        plain = _p(entry["binary"]["delong"])
        clustered = _p(entry["binary"]["patient_clustered"])
        if plain is None or clustered is None:
            continue
        if (plain < ALPHA) != (clustered < ALPHA):
            yield (
                f"Model against {entry['reader']}: the plain test (P {p_value(plain)}) and the "
                f"test that allows for nodes of one patient being alike (P {p_value(clustered)}) "
                f"fall on different sides of {ALPHA:g}. The second is the more cautious reading."
            )
    nodes = endpoint["nodes"]
    if 0 < nodes["n_patients_positive"] < FEW_PATIENTS:
        yield (
            f"Only {nodes['n_patients_positive']} patients have a positive node: intervals are "
            "wide and approximate."
        )


def left_out_counts(entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many nodes were left out for each reason."""
    counts: dict[str, int] = {}
    for entry in entries:
        counts[entry["sentence"]] = counts.get(entry["sentence"], 0) + 1
    return counts
