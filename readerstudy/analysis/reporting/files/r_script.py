"""Analysis room: the R script that recomputes a report, with the report's settings in it (pure)."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from cohorts.vocabulary import CATEGORY_LABELS
from readerstudy.analysis.reporting.files.tidy_long import VIEWS

MARK = "#@SETTINGS@"
DESCRIPTION = "#@DESCRIPTION@"
TARGETS = (5, 10, 15, 20, 30)

REASONS = (
    ("^missing$", "", "a list of names, no number"),
    ("", "bootstrap", "drawn at random; agrees only within simulation error"),
    ("(identified|by_pathology)$", "", "the pathology reports are not in the folder"),
    ("", "^linearised_by_patient", "the annotators' agreement by patient is not in this script"),
    ("", "^fisher$", "R's fisher.test has not enough memory for this table"),
)
"""Why R does not recompute a number: patterns of measure and method, and the reason."""


def script(results: Mapping[str, Any]) -> str:
    """Return the R source for one result.

    Parameters
    ----------
    results : mapping
        ``sources`` and ``tables``, as stored. Only settings are taken from it (level, readers,
        rules for missing values, thresholds fixed with the model version): no number of the report.

    Returns
    -------
    str
        To be saved beside ``results.csv``, ``dataset.csv`` and the files of the describing tables
        (``patients.csv``, ``reading-times.csv``, ``annotators.csv``, ``flow.csv``), and run with
        ``Rscript``.
    """
    source = _source("recompute.R").replace(DESCRIPTION, _source("recompute_description.R"))
    return source.replace(MARK, _settings(results))


def _source(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _settings(results: Mapping[str, Any]) -> str:
    tables = results["tables"]
    plan = results["sources"].get("plan") or {}
    missing = plan.get("missing")
    rules = missing if isinstance(missing, Mapping) else {}
    parts = tables["parts"]
    fixed = _fixed_cuts(parts)
    settings: dict[str, Any] = {
        "LEVEL": tables["level"],
        "READERS": _strings(tables["readers"]),
        "VIEWS": _strings([view for view in VIEWS if _has_view(parts, view)]),
        "ENDPOINTS": _strings(list(parts[0]["endpoints"]) if parts else []),
        "CALLS": rules.get("calls", "complete_pairs"),
        "UNDETERMINED": rules.get("undetermined", "leave_out"),
        "TARGETS": list(_targets(parts)),
        "FIXED": fixed,
        "LOGITS": any(cut["on_probability"] for cut in fixed.values()),
        "PATIENT_LEVEL": any(part.get("patient_level") for part in parts),
        "PRIMARY": _primary(tables.get("primary")),
        "PARTS": [_part(part) for part in parts],
        "CATEGORIES": _strings(list(CATEGORY_LABELS.values())),
        "DESCRIBED": bool(tables.get("description")),
        "REASONS": [_strings(list(reason)) for reason in REASONS],
    }
    return "\n".join(f"{name} <- {_r(value)}" for name, value in settings.items())


BANDED = ("sad", "age", "slice_thickness")


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("key", "kind", "name", "variable", "value")
    named = {key: str(part.get(key) or "") for key in keys}
    return {**named, "banded": part.get("variable") in BANDED}


def _primary(block: Mapping[str, Any] | None) -> dict[str, Any]:
    keys = ("endpoint", "view", "comparison", "test", "hypothesis", "multiplicity")
    if block is None:
        return {}
    return {**{key: block[key] for key in keys}, "margin": block["margin"] or 0.0}


class _Strings(tuple[str, ...]):
    """Texts that are one R vector, also where there is one or none."""

    __slots__ = ()


def _strings(texts: list[str]) -> _Strings:
    return _Strings(texts)


def _has_view(parts: Any, view: str) -> bool:
    blocks = [block for part in parts for block in part["endpoints"].values()]
    return any(reader.get(f"auc_{view}") for block in blocks for reader in block["readers"])


def _targets(parts: Any) -> tuple[int, ...]:
    for part in parts:
        for block in part["endpoints"].values():
            points = (block.get("model") or {}).get("operating_points") or {}
            if points.get("false_positive_rate"):
                return tuple(point["target_percent"] for point in points["false_positive_rate"])
    return TARGETS


def _fixed_cuts(parts: Any) -> dict[str, dict[str, Any]]:
    cuts = {}
    for part in parts:
        for name, block in part["endpoints"].items():
            points = (block.get("model") or {}).get("operating_points") or {}
            if points.get("fixed"):
                fixed = points["fixed"]
                cuts[name] = {
                    "threshold": fixed["point"]["threshold"],
                    "on_probability": fixed["on_probability"],
                    "strict": fixed["strict"],
                }
    return cuts


def _r(value: Any) -> str:
    """Write a value as R source; texts as JSON strings in ASCII, which R reads alike."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, _Strings):
        return f"c({', '.join(_r(item) for item in value)})" if value else "character(0)"
    if isinstance(value, Mapping):
        return f"list({', '.join(f'{_r(key)} = {_r(item)}' for key, item in value.items())})"
    if isinstance(value, list):
        return f"list({', '.join(_r(item) for item in value)})"
    return _text(str(value))


def _text(text: str) -> str:
    # R knows \\u in four digits like JSON, but no surrogate pairs: those are one \\U there.
    pieces = []
    for character in text:
        beyond = ord(character) > 0xFFFF
        pieces.append(f"\\U{ord(character):08x}" if beyond else json.dumps(character)[1:-1])
    return '"' + "".join(pieces) + '"'
