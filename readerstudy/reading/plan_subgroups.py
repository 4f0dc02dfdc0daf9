"""reading: the subgroups of an analysis plan, by value or cut at edges (pure: no Django)."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from readerstudy.reading.plan_fields import Fields, PlanError, is_number

UNITS = {"sad": "mm", "age": "years", "slice_thickness": "mm"}
NUMERIC = tuple(UNITS)
"""Cut at edges."""
CATEGORICAL = ("sex", "primary_site", "scanner", "level")
VARIABLES = NUMERIC + CATEGORICAL
MAX_EDGES = 10
MAX_EDGE = 1000


@dataclass(frozen=True, kw_only=True)
class Subgroup:
    """One variable the results are split by.

    Attributes
    ----------
    variable : str
        One of ``VARIABLES``.
    edges : tuple of float
        Ascending and positive, a value on an edge belongs above it; empty for a variable with
        values of its own.
    """

    variable: str
    edges: tuple[float, ...] = ()


def subgroups_from(found: Any) -> tuple[Subgroup, ...]:
    """Return the subgroups of a document, in the order of ``VARIABLES``.

    Raises
    ------
    PlanError
        If a variable is unknown or named twice, or its edges are missing, too many or not
        ascending.
    """
    if not isinstance(found, list):
        raise PlanError("subgroups", "give a list, empty for none.")
    groups = [
        _subgroup(Fields(entry, f"subgroups.{number}."))
        for number, entry in enumerate(found, start=1)
    ]
    variables = [group.variable for group in groups]
    for variable in variables:
        if variables.count(variable) > 1:
            raise PlanError("subgroups", f"'{variable}' is named twice: name each variable once.")
    return tuple(sorted(groups, key=lambda group: VARIABLES.index(group.variable)))


def subgroup_documents(groups: Iterable[Subgroup]) -> list[dict[str, Any]]:
    """Return subgroups as JSON values; ``edges`` only where there are any."""
    return [
        {"variable": group.variable} | ({"edges": list(group.edges)} if group.edges else {})
        for group in groups
    ]


def _subgroup(fields: Fields) -> Subgroup:
    fields.only("variable", "edges")
    if fields.value("variable") == "cohort":
        raise PlanError(
            f"{fields.prefix}variable", "every cohort is reported on its own anyway: leave it out."
        )
    variable = fields.choice("variable", VARIABLES)
    if variable in CATEGORICAL:
        if fields.document.get("edges"):
            raise PlanError(
                f"{fields.prefix}edges", f"'{variable}' has values of its own: leave edges out."
            )
        return Subgroup(variable=variable)
    return Subgroup(variable=variable, edges=_edges(f"{fields.prefix}edges", fields))


def _edges(field: str, fields: Fields) -> tuple[float, ...]:
    found = fields.value("edges")
    if not isinstance(found, list) or not 0 < len(found) <= MAX_EDGES:
        raise PlanError(field, f"give 1 to {MAX_EDGES} numbers at which to cut.")
    for edge in found:
        if not is_number(edge) or not 0 < edge <= MAX_EDGE:
            raise PlanError(field, f"{edge!r}: give numbers above 0 and at most {MAX_EDGE}.")
    if any(left >= right for left, right in pairwise(found)):
        raise PlanError(field, "give each number once, in ascending order.")
    return tuple(float(edge) for edge in found)
