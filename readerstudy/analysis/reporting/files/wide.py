"""Analysis room: results as one wide table, a line per part, endpoint, subject and view (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any

from readerstudy.analysis.comparator import LABELS, labels_of
from readerstudy.analysis.reporting.files.numbers import Line
from readerstudy.analysis.reporting.files.tidy_long import (
    COUNTS,
    PROPORTIONS,
    lines,
    written,
)

FRAME = ("part", "part_kind", "cohort", "unit", "endpoint", "subject", "view")
LIMITS = {"": "estimate", "_lower": "lower", "_upper": "upper"}
TESTED = {**LIMITS, "_p": "p_two_sided"}

SOURCES: dict[tuple[str, str], dict[str, str]] = {
    ("nodes", "n"): {"nodes": "estimate"},
    ("nodes", "n_positive"): {"nodes_positive": "estimate"},
    ("nodes", "n_patients"): {"patients": "estimate"},
    ("threshold", "observed score"): {"threshold": "estimate"},
    **{(count, "count"): {count: "estimate"} for count in COUNTS},
}
for _area in ("auc", "auc_difference"):
    _kind = LIMITS if _area == "auc" else TESTED
    for _method, _name in (
        ("delong", _area),
        ("delong_fixed_readers", _area),
        ("patient_clustered", f"{_area}_patient_clustered"),
        ("patient_clustered_fixed_readers", f"{_area}_patient_clustered"),
        ("obuchowski_rockette_random_readers", f"{_area}_random_readers"),
        ("readers_minus_model_random_readers", f"{_area}_random_readers"),
        ("welch", f"{_area}_welch"),
        ("hanley_mcneil", f"{_area}_hanley_mcneil"),
    ):
        if (_method, _area) in (("hanley_mcneil", "auc_difference"), ("welch", "auc")):
            continue
        SOURCES[(_area, _method)] = {f"{_name}{end}": column for end, column in _kind.items()}
for _share in PROPORTIONS:
    SOURCES[(_share, "wilson")] = {
        **{f"{_share}{end}": column for end, column in LIMITS.items()},
        f"{_share}_numerator": "numerator",
        f"{_share}_denominator": "denominator",
    }
    SOURCES[(_share, "mean of exact proportions")] = {_share: "estimate"}
"""For a measure and method of the long table: wide column to long column."""

VALUES = tuple(dict.fromkeys(name for columns in SOURCES.values() for name in columns))
COLUMNS = (*FRAME, *VALUES, *LABELS)


def to_csv(results: Mapping[str, Any]) -> str:
    """Return the wide table as CSV with full precision; safe to open in a spreadsheet."""
    return written(COLUMNS, wide_lines(results), labels_of(results["sources"]))


def wide_lines(results: Mapping[str, Any]) -> Iterator[Line]:
    """Yield one line per part, endpoint, subject and view, in the order of the long table.

    A view is what the subject's scores or calls are: binary, ordinal or confidence for readers,
    continuous or an operating point for the model. Counts of nodes stand in every line of a
    subject.
    """
    found: dict[tuple[Any, ...], Line] = {}
    nodes: dict[tuple[Any, ...], Line] = {}
    for line in lines(results):
        columns = SOURCES.get((line["measure"], line["method"]))
        if columns is None or not line.get("endpoint"):
            continue
        frame = {key: line.get(key) for key in FRAME}
        values = {name: line.get(column) for name, column in columns.items()}
        if line["measure"] == "nodes":
            nodes.setdefault(_subject(frame), {}).update(values)
        else:
            found.setdefault(tuple(frame.values()), frame).update(values)
    for line in found.values():
        yield line | nodes.get(_subject(line), {})


OF_MEAN = ("model minus reader mean", "reader mean minus model")


def _subject(line: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return whose nodes a line rests on; comparisons with the mean rest on the mean's."""
    subject = "reader mean" if line["subject"] in OF_MEAN else line["subject"]
    return (line["part"], line["unit"], line["endpoint"], subject)
