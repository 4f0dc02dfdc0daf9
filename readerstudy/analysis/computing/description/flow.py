"""Analysis room: the flow of patients and nodes, from those assessed to those read."""

from collections import defaultdict
from collections.abc import Sequence
from typing import cast

import numpy as np

from cohorts.vocabulary import NodeCategory
from readerstudy.analysis.computing.description.frozen import Flow
from readerstudy.analysis.computing.description.groups import Group, Material
from readerstudy.analysis.computing.description.quantities import require, require_sum
from readerstudy.analysis.computing.endpoints import CATEGORIES
from readerstudy.analysis.computing.node_sets import MISSING
from readerstudy.analysis.computing.plain import Plain
from readerstudy.statistics.inputs import IntArray

Pair = tuple[int, int]
FLOW, ROWS, MIXED = "flow", "rows", "mixed"


def flow(material: Material) -> dict[str, Plain]:
    """Count patients and nodes at every step of the study.

    Parameters
    ----------
    material : Material

    Returns
    -------
    dict
        ``groups``: per cohort and all: ``assessed`` and ``excluded`` (None where nobody recorded
        exclusions, as in imported studies), ``included`` with its source, ``read``,
        ``by_category`` and ``undetermined`` (of the nodes read), ``missing_calls`` per reader,
        ``without_model_score`` (None without a model).

    Raises
    ------
    TableInconsistentError
        If counts do not add up.
    """
    return {"groups": [_entry(material, group) for group in material.groups]}


def _entry(material: Material, group: Group) -> dict[str, Plain]:
    nodes = material.nodes
    truth = nodes.truth[group.index]
    categories = by_category(truth)
    undetermined = int((truth == MISSING).sum())
    read = (int(np.unique(nodes.patients[group.index]).size), int(group.index.size))
    counted = [cast("int", entry["n"]) for entry in categories]
    require_sum([*counted, undetermined], read[1], f"flow of {group.name}: nodes by category")
    return group.named(
        **_recorded(material, group),
        read=_counts(read),
        by_category=cast("Plain", categories),
        undetermined=undetermined,
        missing_calls={
            reader: int((~called[group.index]).sum()) for reader, called in nodes.called.items()
        },
        without_model_score=_without_score(material, group),
    )


def by_category(truth: IntArray) -> list[dict[str, Plain]]:
    """Count the nodes of each category of the reference standard."""
    return [
        {"category": category, "label": NodeCategory(category).label, "n": int(n)}
        for category in CATEGORIES
        for n in [np.count_nonzero(truth == category)]
    ]


def _counts(pair: Pair) -> dict[str, Plain]:
    return {"patients": pair[0], "nodes": pair[1]}


def _recorded(material: Material, group: Group) -> dict[str, Plain]:
    """Return what is recorded before the reading."""
    entries = [entry for entry in material.frozen.flow if group.holds(entry.cohort)]
    included = _included(material, group)
    if included["source"] != FLOW:
        return {"assessed": None, "excluded": None, "included": included}
    by_code = _by_code(entries, group)
    assessed = (sum(p for p, _ in by_code.values()), sum(n for _, n in by_code.values()))
    by_code.pop("", None)
    for at, unit in enumerate(("patients", "nodes")):
        parts = [cast("int", included[unit]), *(pair[at] for pair in by_code.values())]
        require_sum(parts, assessed[at], f"flow of {group.name}: {unit} assessed")
    return {
        "assessed": _counts(assessed),
        "excluded": [{"code": code, **_counts(pair)} for code, pair in sorted(by_code.items())],
        "included": included,
    }


def _included(material: Material, group: Group) -> dict[str, Plain]:
    """Return the included patients and nodes; from the rows where no flow is recorded."""
    recorded = {entry.cohort for entry in material.frozen.flow}
    members = [one for one in material.cohorts if one.cohort and group.holds(one.cohort)]
    sources = {FLOW if one.cohort in recorded else ROWS for one in members} or {ROWS}
    kept = [entry for entry in material.frozen.flow if not entry.exclusion_code]
    kept = [entry for entry in kept if group.holds(entry.cohort)]
    from_rows = [one for one in members if one.cohort not in recorded]
    patients = sum(entry.patients for entry in kept) + sum(len(one.patients) for one in from_rows)
    nodes = sum(entry.nodes for entry in kept) + sum(int(one.index.size) for one in from_rows)
    source = sources.pop() if len(sources) == 1 else MIXED
    return {**_counts((patients, nodes)), "source": source}


def _by_code(entries: Sequence[Flow], group: Group) -> dict[str, Pair]:
    found: dict[str, Pair] = defaultdict(lambda: (0, 0))
    for entry in entries:
        place = f"flow of {group.name}, code '{entry.exclusion_code}'"
        require(min(entry.patients, entry.nodes) >= 0, place, "a count is negative")
        before = found[entry.exclusion_code]
        found[entry.exclusion_code] = (before[0] + entry.patients, before[1] + entry.nodes)
    return dict(found)


def _without_score(material: Material, group: Group) -> dict[str, Plain] | None:
    scored = material.nodes.scored
    if not any(found.any() for found in scored.values()) and not material.frozen.sources.get(
        "model"
    ):
        return None
    return {name: int((~found[group.index]).sum()) for name, found in scored.items()}
