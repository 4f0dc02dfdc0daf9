"""How far pathology settles a reference standard: what a release keeps of it (pure: no Django).

Kept per patient and inside the version's digest, so that an analysis of the version needs neither
reports nor labels again.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotation.pathology_rules.borders import border_of
from annotation.pathology_rules.details import LabelDetails
from annotation.pathology_rules.identifiability import GroupChoices, Seen, identify
from annotation.pathology_rules.identifiability_json import from_json, to_json
from annotation.pathology_rules.labels import CERTAINTIES, Basis, LabelledNode
from annotation.pathology_rules.places import place_named
from annotation.pathology_rules.report import PathologyReport
from cohorts.dicom.neighbouring_stations import StationBorder

FEW_SETS = 12
"""Sets of positive nodes shown one by one; of more the number is shown."""

Stored = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class FinalNode:
    """One node with its final label and what each annotator said of its place.

    Attributes
    ----------
    number : int
    label : int
        The final label: 0, 1, 2 or 9.
    short_axis_mm : float
    labels : tuple of int
        Of the first and of the second annotator.
    details : tuple of LabelDetails
        Likewise.
    border : StationBorder or None
        Where station masks tell.
    """

    number: int
    label: int
    short_axis_mm: float
    labels: tuple[int, int]
    details: tuple[LabelDetails, LabelDetails]
    border: StationBorder | None = None

    def placed_by(self, side: int) -> LabelDetails:
        """Return one annotator's details; the other's where the one recorded no level."""
        return self.details[side] if self.details[side].place else self.details[1 - side]

    @property
    def is_disputed(self) -> bool:
        """Whether the annotators count the node in different levels or see other matting."""
        first, second = self.details
        if not (first.place and second.place):
            return False
        return (first.matched or first.place, bool(first.matted)) != (
            second.matched or second.place,
            bool(second.matted),
        )


def settled_by_pathology(
    patient: str, nodes: Sequence[FinalNode], report: tuple[PathologyReport, int] | None
) -> Stored:
    """Return what one patient's report leaves open, in the form in which a release keeps it.

    Levels and matted groups of a patient come from one annotator, so that they fit together: the
    one whose own labels became final on more nodes, on equal numbers the first.

    Parameters
    ----------
    patient : str
        Pseudonym.
    nodes : sequence of FinalNode
        Every node of the patient with a final label.
    report : tuple of PathologyReport and int, or None
        The newest locked one and its version.

    Returns
    -------
    dict
        ``patient``, ``report_version``, ``seen``, ``groups`` as in `identifiability_json` (empty
        without a report), ``levels`` by node number (own level on CT), ``unplaced`` and
        ``disputed`` node numbers.
    """
    told = _told(nodes)
    placed = [node for node in nodes if told[node.number].place]
    groups: tuple[GroupChoices, ...] = ()
    if report is not None:
        groups = identify(report[0], labelled_nodes(nodes))
    return {
        "patient": patient,
        "report_version": report[1] if report is not None else None,
        **_plain(groups),
        "levels": {str(node.number): told[node.number].place for node in placed},
        "unplaced": sorted({node.number for node in nodes} - {node.number for node in placed}),
        "disputed": sorted(node.number for node in nodes if node.is_disputed),
    }


def labelled_nodes(nodes: Sequence[FinalNode]) -> list[LabelledNode]:
    """Return one patient's final labels as the rules take them; nodes nobody placed are left out.

    Places and matted groups are chosen as in `settled_by_pathology`.
    """
    told = _told(nodes)
    return [_labelled(node, told[node.number]) for node in nodes if told[node.number].place]


def _told(nodes: Sequence[FinalNode]) -> dict[int, LabelDetails]:
    """Return the details that stand for each node."""
    right = [sum(node.labels[side] == node.label for node in nodes) for side in (0, 1)]
    side = int(right[1] > right[0])
    return {node.number: node.placed_by(side) for node in nodes}


def _labelled(node: FinalNode, told: LabelDetails) -> LabelledNode:
    own = place_named(told.place)
    if own is None:
        raise ValueError(f"place={told.place!r} is no level")
    return LabelledNode(
        number=node.number,
        own=own,
        label=node.label,
        sad_mm=node.short_axis_mm,
        # What is settled depends on neither.
        basis=Basis.GUESS,
        certainty=CERTAINTIES[0],
        matched=place_named(told.matched),
        matted=told.matted,
        border=border_of(own, node.border),
    )


def _plain(groups: Sequence[GroupChoices]) -> Stored:
    stored: Stored = json.loads(to_json(groups, Seen.EVERY_POSITIVE))
    return stored


def choices_in(stored: Mapping[str, Any]) -> tuple[GroupChoices, ...]:
    """Return a patient's groups as `identify` gave them.

    Raises
    ------
    ValueError
        If the entry is none of this format.
    """
    return from_json(json.dumps(stored))[0]


@dataclass(frozen=True, kw_only=True)
class SettledLevel:
    """One level, or lumped levels, of one patient, for a table.

    Attributes
    ----------
    patient, level : str
    nodes : tuple of int
    metastasis, ene : str
        An `Identifiability`.
    metastasis_sets, ene_sets : str
        The sets of nodes that may be positive where they are few, else how many there are.
    n_labelings : int or None
    """

    patient: str
    level: str
    nodes: tuple[int, ...]
    metastasis: str
    metastasis_sets: str
    ene: str
    ene_sets: str
    n_labelings: int | None


def settled_levels(stored: Iterable[Mapping[str, Any]]) -> list[SettledLevel]:
    """Return a release's levels line by line; patients without a report have none."""
    return [
        SettledLevel(
            patient=one["patient"],
            level=", ".join(" ".join(place) for place in group["places"]),
            nodes=tuple(sorted(n for unit in group["units"] for n in unit["nodes"])),
            metastasis=group["metastasis"]["identifiability"],
            metastasis_sets=_sets(group["metastasis"]),
            ene=group["ene"]["identifiability"],
            ene_sets=_sets(group["ene"]),
            n_labelings=group["n_labelings"],
        )
        for one in stored
        for group in one["groups"]
    ]


def _sets(choice: Mapping[str, Any]) -> str:
    n_sets, sets = choice.get("n_sets"), choice.get("sets")
    if n_sets is None:
        return ""
    if sets is None or n_sets > FEW_SETS:
        return f"{n_sets} sets"
    return " or ".join("{" + ", ".join(map(str, one)) + "}" for one in sets)


@dataclass(frozen=True, kw_only=True)
class SettledCounts:
    """How many levels and nodes of a release are settled how far, for metastasis."""

    levels: dict[str, int]
    nodes: dict[str, int]
    without_report: tuple[str, ...]
    n_unplaced: int
    n_disputed: int


def settled_counts(stored: Sequence[Mapping[str, Any]]) -> SettledCounts:
    """Count a release's levels and nodes by what the report settles of metastasis."""
    levels: dict[str, int] = {}
    nodes: dict[str, int] = {}
    for one in settled_levels(stored):
        levels[one.metastasis] = levels.get(one.metastasis, 0) + 1
        nodes[one.metastasis] = nodes.get(one.metastasis, 0) + len(one.nodes)
    return SettledCounts(
        levels=levels,
        nodes=nodes,
        without_report=tuple(one["patient"] for one in stored if one["report_version"] is None),
        n_unplaced=sum(len(one["unplaced"]) for one in stored),
        n_disputed=sum(len(one["disputed"]) for one in stored),
    )


def by_node(stored: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], dict[str, str]]:
    """Return level and what is settled of each node, by patient and node number."""
    found: dict[tuple[str, int], dict[str, str]] = {}
    entries = list(stored)
    for one in entries:
        for number, level in one["levels"].items():
            found[one["patient"], int(number)] = {"level": level}
    for settled in settled_levels(entries):
        for number in settled.nodes:
            told = {"settled_metastasis": settled.metastasis, "settled_ene": settled.ene}
            found[settled.patient, number] |= told
    return found
