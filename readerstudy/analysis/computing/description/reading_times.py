"""Analysis room: how long the readers took."""

from collections import defaultdict
from collections.abc import Sequence
from typing import cast

import numpy as np

from readerstudy.analysis.computing.description.frozen import Reading
from readerstudy.analysis.computing.description.groups import Group, Material
from readerstudy.analysis.computing.description.quantities import (
    MOST_VALUES,
    floats,
    known_values,
    quantity,
    require_sum,
    thinned,
)
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.statistics.inputs import FloatArray, IntArray
from readerstudy.statistics.results import Status

SECONDS = 60.0


def reading_times(material: Material) -> dict[str, Plain]:
    """Describe how long each reader had the submitted cases in front.

    Parameters
    ----------
    material : Material

    Returns
    -------
    dict
        ``recorded``: False where no time was recorded at all, as in imported studies. ``readers``:
        per reader ``groups`` (per cohort and all: ``cases``, ``nodes``, ``cases_without_nodes``,
        ``changed_calls``; ``active`` and ``total`` seconds ``per_case`` and ``per_node``, the
        seconds of a case over its nodes) and, for a figure, ascending
        ``active_minutes_per_case`` with ``n``, ``unknown`` and ``thinned``.

    Raises
    ------
    TableInconsistentError
        If counts do not add up.
    """
    readings: dict[str, list[Reading]] = defaultdict(list)
    for one in material.frozen.readings:
        readings[one.reader].append(one)
    further = set(readings) - set(material.nodes.readers)
    readers = [*material.nodes.readers, *sorted(further)]
    return {
        "recorded": bool(material.frozen.readings),
        "most_values": MOST_VALUES,
        "readers": [_reader(material, name, readings[name]) for name in readers],
    }


def _reader(material: Material, name: str, readings: Sequence[Reading]) -> dict[str, Plain]:
    groups = [_entry(group, readings) for group in material.groups]
    for key in ("cases", "nodes", "changed_calls"):
        parts = [cast("int", entry[key]) for entry in groups[:-1]]
        require_sum(parts, cast("int", groups[-1][key]), f"reading times of {name}: {key}")
    minutes = floats(one.active_seconds for one in readings) / SECONDS
    known = known_values(minutes)
    return {
        "reader": name,
        "groups": cast("Plain", groups),
        "active_minutes_per_case": {
            "n": int(known.size),
            "unknown": int(minutes.size - known.size),
            "thinned": known.size > MOST_VALUES,
            "values": cast("Plain", thinned(known)),
        },
    }


def _entry(group: Group, readings: Sequence[Reading]) -> dict[str, Plain]:
    held = [one for one in readings if group.holds(one.cohort)]
    nodes: IntArray = np.array([one.nodes for one in held], dtype=np.int64)
    active = floats(one.active_seconds for one in held)
    total = floats(one.total_seconds for one in held)
    return group.named(
        cases=len(held),
        nodes=int(nodes.sum()),
        cases_without_nodes=int((nodes == 0).sum()),
        changed_calls=sum(one.changed_calls for one in held),
        active=_seconds(active, nodes, group.name),
        total=_seconds(total, nodes, group.name),
    )


def _seconds(seconds: FloatArray, nodes: IntArray, place: str) -> dict[str, Plain]:
    has_nodes = nodes > 0
    per_case = quantity(seconds, too_few=Status.TOO_FEW_PATIENTS)
    per_node = quantity(seconds[has_nodes] / nodes[has_nodes], too_few=Status.TOO_FEW_PATIENTS)
    require_sum([per_case.n, per_case.unknown], seconds.size, f"reading times of {place}")
    return {"per_case": plain(per_case), "per_node": plain(per_node)}
