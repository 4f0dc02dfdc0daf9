"""Analysis room: the parts of a result, of this schema and the one before (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any


def parts_of(tables: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return cohorts, the pooled part and subgroups, each with ``key`` and ``kind``."""
    if "parts" in tables:
        return list(tables["parts"])
    cohorts = [
        {"key": f"cohort-{number}", "kind": "cohort", **part}
        for number, part in enumerate(tables["cohorts"], start=1)
    ]
    return [*cohorts, {"key": "pooled", "kind": "pooled", **tables["pooled"]}]
