"""Analysis room: results as one long table, a line per number (pure)."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from cohorts.spreadsheet import harmless
from readerstudy.analysis.comparator import LABELS, labels_of
from readerstudy.analysis.reporting.files.described import NODE, PATIENT, described_lines
from readerstudy.analysis.reporting.files.identified import identified_lines
from readerstudy.analysis.reporting.files.numbers import Line, flat
from readerstudy.analysis.reporting.files.primary import primary_lines

NUMBERS = (
    "estimate",
    "standard_error",
    "lower",
    "upper",
    "statistic",
    "degrees_of_freedom",
    "p_two_sided",
    "numerator",
    "denominator",
    "n",
    "n_positive",
)
"""Columns that hold numbers, as Python writes them: every bit is kept."""

KEYS = (
    "part",
    "part_kind",
    "cohort",
    "unit",
    "endpoint",
    "subject",
    "view",
    "measure",
    "method",
)
COLUMNS = (*KEYS, *NUMBERS, "status", *LABELS)
PROPORTIONS = ("sensitivity", "specificity", "accuracy", "ppv", "npv")
COUNTS = ("true_positives", "false_negatives", "false_positives", "true_negatives")
VIEWS = ("binary", "ordinal", "confidence")
STUDY = "study"
"""The part of numbers that are of the whole study: comparisons of cohorts, the primary one."""

BLOCKS = frozenset(
    {"nodes", "complete", "agreement", "model", "readers", "comparisons", "reader_mean"}
)
PART_FRAME = frozenset(
    {
        "key",
        "kind",
        "variable",
        "value",
        "name",
        "n_nodes",
        "n_patients",
        "endpoints",
        "patient_level",
    }
)
TABLES_FRAME = frozenset(
    {
        "schema_version",
        "level",
        "readers",
        "endpoint_labels",
        "statuses",
        "reasons",
        "cohorts",
        "pooled",
        "parts",
        "missing",
        "primary",
        "between_cohorts",
        "description",
        "identifiability",
    }
)


def to_csv(results: Mapping[str, Any]) -> str:
    """Return the results as tidy CSV with full precision; safe to open in a spreadsheet."""
    return written(COLUMNS, lines(results), labels_of(results["sources"]))


def written(columns: tuple[str, ...], rows: Iterator[Line], labels: Mapping[str, str]) -> str:
    """Return rows as CSV; a line torn out of its file still says whose numbers it holds."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    numbers = tuple(column for column in columns if column not in labels)
    whose = [harmless(labels[column]) for column in columns if column in labels]
    # The writer itself prints numbers with every bit, and nothing for None.
    for line in rows:
        cells = [
            harmless(value) if isinstance(value, str) else value for value in map(line.get, numbers)
        ]
        writer.writerow(cells + whose)
    return out.getvalue()


def lines(results: Mapping[str, Any]) -> Iterator[Line]:
    """Yield one line per number of the report."""
    tables = results["tables"]
    frames = {part["key"]: _frame(part) for part in tables["parts"]}
    for part in tables["parts"]:
        for line in _part_lines(part, list(tables["readers"])):
            yield frames[part["key"]] | line
    for line in primary_lines(tables.get("primary") or {}):
        yield frames[line["part"]] | line
    for entry in tables.get("between_cohorts") or ():
        yield from _between_lines(entry)
    yield from described_lines(tables.get("description") or {}, tables["parts"])
    yield from identified_lines(tables.get("identifiability") or {}, tables["parts"])
    for key, block in tables.items():
        if key not in TABLES_FRAME:
            for line in flat(block, ""):
                yield {"part": STUDY, "part_kind": STUDY, "measure": key} | line


def _frame(part: Mapping[str, Any]) -> Line:
    return {
        "part": part["key"],
        "part_kind": part["kind"],
        "cohort": part["name"],
        "unit": NODE,
    }


def _part_lines(part: Mapping[str, Any], readers: list[str]) -> Iterator[Line]:
    for key in ("n_nodes", "n_patients"):
        yield {"subject": "all", "measure": "nodes", "method": key, "estimate": part[key]}
    for unit, blocks in ((NODE, part["endpoints"]), (PATIENT, part.get("patient_level") or {})):
        for name, block in blocks.items():
            for line in _endpoint_lines(block, readers):
                yield {"unit": unit, "endpoint": name} | line
    yield from _others("", part, PART_FRAME)


def _between_lines(entry: Mapping[str, Any]) -> Iterator[Line]:
    frame = {"part": STUDY, "part_kind": STUDY, "unit": NODE, "endpoint": entry["endpoint"]}
    subject = f"{entry['first']} minus {entry['second']}"
    for method in ("delong", "welch"):
        for line in _measured(subject, "continuous", "auc_difference", entry[method], method):
            yield frame | line


def _endpoint_lines(block: Mapping[str, Any], readers: list[str]) -> Iterator[Line]:
    yield from _measured("all", "", "nodes", block["nodes"])
    yield from _measured("complete", "", "nodes", block.get("complete"))
    yield from _agreement_lines(block["agreement"], readers)
    if block.get("model"):
        yield from _model_lines(block["model"])
    for reader in block["readers"]:
        yield from _reader_lines(reader)
    for entry in block["comparisons"]:
        yield from _comparison_lines(entry)
    if block.get("reader_mean"):
        yield from _mean_lines(block["reader_mean"])
    yield from _others("", block, BLOCKS)


def _measured(
    subject: str, view: str, measure: str, block: Any, method: str = ""
) -> Iterator[Line]:
    for line in flat(block, method):
        yield {"subject": subject, "view": view, "measure": measure} | line


def _others(subject: str, block: Mapping[str, Any], known: Collection[str]) -> Iterator[Line]:
    """Yield what a block holds besides: nothing of a result is left out of the file."""
    for key, value in block.items():
        if key not in known:
            yield from _measured(subject, "", key, value)


def _agreement_lines(block: Mapping[str, Any], readers: list[str]) -> Iterator[Line]:
    for name, found in block.items():
        view, besides = name.removesuffix("_besides"), name.endswith("_besides")
        if found and not besides:
            yield from _measured("readers", view, "fleiss_kappa", found)
        elif found:
            yield from _besides_lines(view, found, readers)


def _besides_lines(view: str, block: Mapping[str, Any], readers: list[str]) -> Iterator[Line]:
    for key, found in block.items():
        if key == "cohen_pairs":
            yield from _pair_lines(view, found, readers)
        elif key.startswith("krippendorff_"):
            method = key.removeprefix("krippendorff_")
            yield from _measured("readers", view, "krippendorff_alpha", found, method)
        else:
            yield from _measured("readers", view, key, found, "gwet")


def _pair_lines(view: str, block: Mapping[str, Any], readers: list[str]) -> Iterator[Line]:
    for pair in block["pairs"]:
        subject = f"{readers[pair['first']]} and {readers[pair['second']]}"
        yield from _measured(
            subject, view, "percent_agreement", pair["percent_agreement"], "share of nodes"
        )
        yield from _measured(subject, view, "cohen_kappa", pair["kappa"], "fleiss_cohen_everitt")
    yield from _measured("readers", view, "cohen_kappa", block["mean_kappa"], "light_mean")


def _model_lines(block: Mapping[str, Any]) -> Iterator[Line]:
    yield from _measured("model", "", "nodes", block["nodes"])
    yield from _measured("model", "continuous", "auc", block["auc"])
    for key, points in (block.get("operating_points") or {}).items():
        for point in points if isinstance(points, list) else [points]:
            if isinstance(point, Mapping):
                yield from _point_lines(key, point)
    calibration = (block.get("calibration") or {}).get("result")
    yield from _measured("model", "probability", "calibration", calibration)


def _point_lines(kind: str, point: Mapping[str, Any]) -> Iterator[Line]:
    view = f"fpr{point['target_percent']}" if "target_percent" in point else kind
    yield from _measured("model", view, "youden_j", point.get("j"), "count")
    found = point.get("attainable", point.get("point"))
    if found:
        yield from _measured("model", view, "threshold", found["threshold"], "observed score")
        yield from _count_lines("model", view, found["counts"])
    for measure, value in (point.get("interpolated") or {}).items():
        yield from _measured("model", view, measure, value, "interpolated")


def _count_lines(subject: str, view: str, counts: Mapping[str, Any]) -> Iterator[Line]:
    for measure in COUNTS:
        yield from _measured(subject, view, measure, counts[measure], "count")
    for measure in PROPORTIONS:
        yield from _measured(subject, view, measure, counts[measure])


def _reader_lines(block: Mapping[str, Any]) -> Iterator[Line]:
    reader = block["reader"]
    yield from _measured(reader, "", "nodes", block["nodes"])
    for view in VIEWS:
        yield from _measured(reader, view, "auc", block.get(f"auc_{view}"))
    yield from _count_lines(reader, "binary", block["counts"])


def _comparison_lines(block: Mapping[str, Any]) -> Iterator[Line]:
    subject = f"model minus {block['reader']}"
    yield from _measured(subject, "", "nodes", block["nodes"])
    for view in VIEWS:
        yield from _measured(subject, view, "auc_difference", block.get(view))
    for point, tests in (block.get("mcnemar") or {}).items():
        for measure in ("sensitivity", "specificity"):
            yield from _mcnemar_lines(subject, f"binary at {point}", measure, tests[measure])
    yield from _others(subject, block, {"reader", "nodes", "mcnemar", *VIEWS})


def _mcnemar_lines(
    subject: str, view: str, measure: str, block: Mapping[str, Any]
) -> Iterator[Line]:
    name = f"{measure}_difference"
    yield from _measured(subject, view, name, block["test"], "mcnemar")
    yield from _measured(subject, view, name, block["patient_clustered"], "patient_clustered")


def _mean_lines(block: Mapping[str, Any]) -> Iterator[Line]:
    yield from _measured("reader mean", "", "nodes", block["nodes"])
    for name, entry in block["proportions"].items():
        yield from _measured(
            "reader mean", "binary", name, entry["mean"], "mean of exact proportions"
        )
    for view in VIEWS:
        if block.get(view):
            yield from _mean_view_lines(view, block[view])
    for point, found in (block.get("against_model") or {}).items():
        for name in ("sensitivity", "specificity"):
            yield from _measured(
                "model minus reader mean", f"binary at {point}", f"{name}_difference", found[name]
            )
    known = {"nodes", "readers", "proportions", "against_model", *VIEWS}
    yield from _others("reader mean", block, known)


MEAN_METHODS = {
    "mean_auc_fixed_readers": "delong_fixed_readers",
    "mean_auc_patient_clustered": "patient_clustered_fixed_readers",
    "mean_auc_random_readers": "obuchowski_rockette_random_readers",
    "mean_auc_random_readers_patient_clustered": (
        "obuchowski_rockette_random_readers_patient_clustered"
    ),
}


def _mean_view_lines(view: str, block: Mapping[str, Any]) -> Iterator[Line]:
    for key, method in MEAN_METHODS.items():
        yield from _measured("reader mean", view, "auc", block.get(key), method)
    for method, found in (block.get("model_minus_mean") or {}).items():
        turned = method.startswith("readers_minus_model")
        subject = "reader mean minus model" if turned else "model minus reader mean"
        yield from _measured(subject, view, "auc_difference", found, method)
