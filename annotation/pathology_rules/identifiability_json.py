"""The stored form of what a report leaves open (pure)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from annotation.pathology_rules.identifiability import (
    Choice,
    GroupChoices,
    Seen,
    Unit,
    judge,
    n_labelings,
    n_sets,
    sets_of,
)
from annotation.pathology_rules.places import Level, Place, Side

FORMAT = 1


def to_json(groups: Iterable[GroupChoices], seen: Seen) -> str:
    """Return canonical JSON: keys sorted, no spaces.

    Per group its places, units, the bounds of both choices, what they settle, how many sets and
    labelings they allow, and the sets themselves where they are few enough to be listed
    (``"sets": null`` otherwise: then they follow from units and bounds).
    """
    content = {"format": FORMAT, "seen": seen, "groups": [_group_out(group) for group in groups]}
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def from_json(text: str) -> tuple[tuple[GroupChoices, ...], Seen]:
    """Read back what `to_json` wrote; the counts and sets are computed anew where needed.

    Raises
    ------
    ValueError
        If the text is no JSON of this format.
    """
    try:
        content = json.loads(text)
        if content["format"] != FORMAT:
            raise ValueError(f"format={content['format']!r} is unknown: {FORMAT} is expected.")
        return tuple(_group_in(group) for group in content["groups"]), Seen(content["seen"])
    except (KeyError, TypeError) as wrong:
        raise ValueError(f"identifiability: a field is missing or wrong: {wrong}.") from None


def _group_out(group: GroupChoices) -> dict[str, object]:
    return {
        "places": [[place.side, place.level] for place in group.places],
        "units": [
            {"nodes": unit.nodes, "sad_mm": float(unit.sad_mm), "is_matted": unit.is_matted}
            for unit in group.units
        ],
        "metastasis": _choice_out(group, group.metastasis),
        "ene": _choice_out(group, group.ene),
        "n_labelings": n_labelings(group),
    }


def _choice_out(group: GroupChoices, choice: Choice | None) -> dict[str, object]:
    judged: dict[str, object] = {"identifiability": judge(group, choice)}
    if choice is None:
        return judged
    sets = sets_of(group, choice)
    return judged | {"bounds": vars(choice), "n_sets": n_sets(group, choice), "sets": sets}


def _group_in(group: Mapping[str, Any]) -> GroupChoices:
    return GroupChoices(
        places=tuple(Place(side=Side(side), level=Level(level)) for side, level in group["places"]),
        units=tuple(
            Unit(
                nodes=tuple(int(number) for number in unit["nodes"]),
                sad_mm=float(unit["sad_mm"]),
                is_matted=bool(unit["is_matted"]),
            )
            for unit in group["units"]
        ),
        metastasis=_choice_in(group["metastasis"]),
        ene=_choice_in(group["ene"]),
    )


def _choice_in(choice: Mapping[str, Any]) -> Choice | None:
    return Choice(**choice["bounds"]) if "bounds" in choice else None
