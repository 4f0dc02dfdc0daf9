"""Analysis room: results as one long table, a line per number (pure)."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from cohorts.spreadsheet import harmless
from readerstudy.analysis.comparator import LABELS, labels_of

COLUMNS = (
    "cohort",
    "endpoint",
    "subject",
    "view",
    "measure",
    "method",
    "estimate",
    "standard_error",
    "lower",
    "upper",
    "p_two_sided",
    "numerator",
    "denominator",
    "n",
    "status",
    *LABELS,
)
PROPORTIONS = ("sensitivity", "specificity", "accuracy", "ppv", "npv")

Line = dict[str, Any]


def to_csv(results: Mapping[str, Any]) -> str:
    """Return the results as tidy CSV with full precision; safe to open in a spreadsheet."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", restval="")
    writer.writeheader()
    # A line torn out of its file still says whose numbers it holds.
    labels = labels_of(results["sources"])
    for line in lines(results):
        writer.writerow({key: _cell(value) for key, value in (line | labels).items()})
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else repr(value)


def lines(results: Mapping[str, Any]) -> Iterator[Line]:
    """Yield one line per number of the report."""
    tables = results["tables"]
    for part in (*tables["cohorts"], tables["pooled"]):
        for key, endpoint in part["endpoints"].items():
            for line in _endpoint_lines(endpoint):
                yield {"cohort": part["name"], "endpoint": key, **line}


def _endpoint_lines(endpoint: Mapping[str, Any]) -> Iterator[Line]:
    yield from _agreement_lines(endpoint["agreement"])
    if endpoint["model"] is not None:
        yield from _auc_lines("model", "continuous", endpoint["model"]["auc"])
        yield from _operating_point_lines(endpoint["model"]["operating_points"])
    for reader in endpoint["readers"]:
        yield from _auc_lines(reader["reader"], "binary", reader["auc_binary"])
        yield from _auc_lines(reader["reader"], "ordinal", reader["auc_ordinal"])
        yield from _count_lines(reader["reader"], "binary", reader["counts"])
    for entry in endpoint["comparisons"]:
        subject = f"model minus {entry['reader']}"
        for view in ("binary", "ordinal"):
            yield from _estimates(subject, view, "auc_difference", entry[view])
    if endpoint["reader_mean"] is not None:
        yield from _mean_lines(endpoint["reader_mean"])


def _agreement_lines(block: Mapping[str, Any]) -> Iterator[Line]:
    for view, found in block.items():
        if not found:
            continue
        for method in ("gwet", "jackknife_node", "jackknife_patient", "available"):
            yield _line("readers", view, "fleiss_kappa", method, found.get(method))


def _auc_lines(subject: str, view: str, auc: Mapping[str, Any]) -> Iterator[Line]:
    yield from _estimates(subject, view, "auc", auc)


def _estimates(subject: str, view: str, measure: str, block: Mapping[str, Any]) -> Iterator[Line]:
    for method in ("delong", "patient_clustered", "hanley_mcneil"):
        if block.get(method):
            yield _line(subject, view, measure, method, block[method])


def _mean_lines(mean: Mapping[str, Any]) -> Iterator[Line]:
    for name in ("sensitivity", "specificity", "accuracy"):
        entry = mean["proportions"].get(name)
        if entry:
            yield {
                "subject": "reader mean",
                "view": "binary",
                "measure": name,
                "method": "mean of exact proportions",
                "estimate": entry["mean"],
            }
    for view in ("binary", "ordinal"):
        block = mean[view]
        for key, method in (
            ("mean_auc_fixed_readers", "delong_fixed_readers"),
            ("mean_auc_patient_clustered", "patient_clustered_fixed_readers"),
            ("mean_auc_random_readers", "obuchowski_rockette_random_readers"),
        ):
            yield _line("reader mean", view, "auc", method, block.get(key))
        for method, found in (block.get("model_minus_mean") or {}).items():
            subject = (
                "reader mean minus model"
                if method.startswith("readers_minus_model")
                else "model minus reader mean"
            )
            yield _line(subject, view, "auc_difference", method, found)


def _operating_point_lines(points: Mapping[str, Any] | None) -> Iterator[Line]:
    if not points:
        return
    youden = points["youden"].get("point")
    if youden:
        yield from _count_lines("model", "youden", youden["counts"])
    rates = points["false_positive_rate"]
    for rate in rates if isinstance(rates, list) else []:
        if rate.get("attainable"):
            name = f"fpr{rate['target_percent']}"
            yield from _count_lines("model", name, rate["attainable"]["counts"])


def _count_lines(subject: str, view: str, counts: Mapping[str, Any]) -> Iterator[Line]:
    for measure in PROPORTIONS:
        found = counts[measure]
        for method in ("wilson", "clopper_pearson"):
            limits = found[method] or {}
            yield {
                "subject": subject,
                "view": view,
                "measure": measure,
                "method": method,
                "estimate": found["value"],
                "lower": limits.get("lower"),
                "upper": limits.get("upper"),
                "numerator": found["numerator"],
                "denominator": found["denominator"],
                "status": found["status"],
            }


def _line(
    subject: str, view: str, measure: str, method: str, found: Mapping[str, Any] | None
) -> Line:
    found = found or {}
    limits = found.get("interval") or {}
    return {
        "subject": subject,
        "view": view,
        "measure": measure,
        "method": method,
        "estimate": found.get("estimate"),
        "standard_error": found.get("standard_error"),
        "lower": limits.get("lower"),
        "upper": limits.get("upper"),
        "p_two_sided": (found.get("test") or {}).get("p_two_sided"),
        "n": found.get("n"),
        "status": found.get("status"),
    }
