"""Analysis room: how far pathology settles which node, as lines of the long table (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from readerstudy.analysis.reporting.files.numbers import Line

AREAS = ("on_all", "on_forced", "lowest", "highest")
BOUNDS = {"lowest": "lowest_bound", "highest": "highest_bound"}
"""How the ends of a range are called where they are bounds."""


def identified_lines(
    found: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]
) -> Iterator[Line]:
    """Yield one line per number; none where results of earlier versions have no such block."""
    keys = {part["name"]: part["key"] for part in parts if part["kind"] == "cohort"}
    for group in found.get("groups", ()):
        frame = {
            "part": "pooled" if group["kind"] == "pooled" else keys[group["name"]],
            "part_kind": group["kind"],
            "cohort": group["name"],
            "unit": "node",
        }
        for line in (*_counts(group), *_areas(group)):
            yield frame | line


def _counts(group: Mapping[str, Any]) -> Iterator[Line]:
    for question, kinds in group["settled"].items():
        for kind, counts in kinds.items():
            for unit, n in counts.items():
                yield {
                    "endpoint": question,
                    "subject": "all",
                    "view": kind,
                    "measure": f"{unit}_settled_by_pathology",
                    "method": "count",
                    "estimate": n,
                }
    for name in ("n_patients", "n_without_report", "n_unplaced", "n_disputed"):
        yield {
            "subject": "all",
            "measure": "settled_by_pathology",
            "method": name,
            "estimate": group[name],
        }


def _areas(group: Mapping[str, Any]) -> Iterator[Line]:
    for endpoint, entries in group["endpoints"].items():
        for entry in entries:
            frame = {"endpoint": endpoint, "subject": entry["source"], "view": entry["view"]}
            for name in AREAS:
                method = name if entry["is_exact"] else BOUNDS.get(name, name)
                forced = name == "on_forced"
                yield {
                    **frame,
                    "measure": "auc_identified",
                    "method": method,
                    "estimate": entry[name],
                    "n": entry["n_forced" if forced else "n_nodes"],
                    "status": entry["status"],
                }
            for name in ("log10_assignments", "contradicting"):
                yield {
                    **frame,
                    "measure": "auc_identified",
                    "method": name,
                    "estimate": entry[name],
                }
