"""cohorts.dicom: which structures of a mask file are nodes, which are stations, which are neither.

Patterns that the coordinator gave beforehand decide first. Otherwise names do, by these rules in
this order (letter case ignored):

1. a node that is numbered (N1, LN3, LN_c40, node 12, lymph node 2) is a node, whatever follows;
2. a name that tells a level of the neck (Level IIa left, LN_II_L, right III) is a station;
3. a segment that its file codes as a lymph node (SNOMED CT 59441001) is a node;
4. a name that tells a target or an organ (PTV70, GTV, parotid, mandible, liver) is neither;
5. a name with a word for nodes (LN, node, lymph, LK) is a node;
6. anything else is not decided.

A file in which something is not decided, or nothing is a node or station, is asked about.
Structures without names of their own (empty, "Segment 3") say nothing: where no structure of a
segmentation has a name, each is a node, as each value of a label map is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.questions import Choice, Question, QuestionCode, question_id
from cohorts.dicom.stations import parse_station

NAME_LENGTH = 64
MOST_OFFERED = 500


class StructureRole(StrEnum):
    """What a structure is to intake."""

    NODE = "node"
    STATION = "station"
    NEITHER = "neither"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class Structure:
    """One structure as its file describes it.

    Attributes
    ----------
    number : int
        ROI number, segment number or label; unique in its file.
    name : str
        Free text: shown to the coordinator when it is asked what a structure is, never stored.
    coded_as_node : bool
        Whether a code of the file says that it is a lymph node.
    is_empty : bool
        Whether the file says that it has no contour.
    """

    number: int
    name: str
    coded_as_node: bool = False
    is_empty: bool = False


@dataclass(frozen=True, kw_only=True)
class StructureChoice:
    """The numbers of the structures of one file that are nodes, and that are stations."""

    nodes: frozenset[int]
    stations: frozenset[int]


_NUMBERED_NODE = re.compile(
    r"(?<![a-z0-9])(lymph[ _-]*nodes?|nodes?|lns?|lk|n)[ _-]*[a-z]?\d+[a-z]?(?![a-z0-9])"
)
_NODE_WORD = re.compile(r"(?<![a-z])(lymph\w*|nod(e|es|al)|lns?|lnn|lk|adenopathy)(?![a-z])")
_NEITHER_WORD = re.compile(
    r"(?<![a-z])(ptv|ctv|gtv|itv|prv|tumou?r|external|body|skin|couch|table|avoid|ring|bolus)"
    r"|parotid|submandib|gland|mandib|maxill|larynx|pharyn|glott|cricoid|trachea|carina|bronch"
    r"|o?esophag|cord(?![a-z])|spinal|brain|cochlea|chiasm|optic(?![a-z])|(?<![a-z])eye|lens"
    r"|thyroid|tongue|(?<![a-z])(oral|lip|lips|lung|lungs|heart|liver|kidneys?|spleen|stomach)"
    r"(?![a-z])|pancreas|colon|bladder|rectum|femur|vertebra|(?<![a-z])(aorta|vein|artery|carotid"
    r"|jugular|muscle|bone|teeth|tooth)(?![a-z])|plexus"
)
_NO_NAME = re.compile(r"(segment(ation)?|label|mask|roi|structure|region|object)?[\s_.-]*\d*")


def role_of(structure: Structure) -> StructureRole:
    """Say what a structure is by its name, then by its code (see the rules of this module).

    Parameters
    ----------
    structure : Structure
    """
    # CamelCase names of planning systems: LeftParotid, LymphNode2.
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", structure.name).casefold()
    if _NUMBERED_NODE.search(parted):
        return StructureRole.NODE
    if parse_station(structure.name) is not None:
        return StructureRole.STATION
    if structure.coded_as_node:
        return StructureRole.NODE
    if _NEITHER_WORD.search(parted):
        return StructureRole.NEITHER
    return StructureRole.NODE if _NODE_WORD.search(parted) else StructureRole.UNDECIDED


def choose_structures(
    file: str, structures: Sequence[Structure], options: IntakeOptions, *, names_expected: bool
) -> StructureChoice | Question:
    """Decide for every structure of one file, or ask.

    Parameters
    ----------
    file : str
        By its relative name.
    structures : sequence of Structure
    options : IntakeOptions
        Where `node_structures` is given, what fits no pattern is no node; where
        `station_structures` is given, what fits is a station. `answers` decides next.
    names_expected : bool
        Whether structures without names are asked about; otherwise, if none has a name, each is
        a node.

    Returns
    -------
    StructureChoice or Question
    """
    by_station_pattern = _fitting(structures, options.station_structures)
    roles = {structure.number: role_of(structure) for structure in structures}
    roles |= dict.fromkeys(by_station_pattern, StructureRole.STATION)
    named_stations = by_station_pattern or _of(roles, StructureRole.STATION)
    if options.node_structures:
        # A station that also fits a pattern for nodes ("LN*") was meant by the other pattern.
        nodes = _fitting(structures, options.node_structures) - by_station_pattern
        return StructureChoice(nodes=nodes, stations=named_stations - nodes)
    if not names_expected and all(_is_nameless(structure) for structure in structures):
        return StructureChoice(nodes=frozenset(roles), stations=frozenset())
    answered = _answer(file, structures, options)
    if answered is not None:
        return StructureChoice(
            nodes=answered, stations=_of(roles, StructureRole.STATION) - answered
        )
    told = set(roles.values())
    if StructureRole.UNDECIDED in told or told <= {StructureRole.NEITHER}:
        return _question(file, structures, roles)
    return StructureChoice(
        nodes=_of(roles, StructureRole.NODE), stations=_of(roles, StructureRole.STATION)
    )


def _is_nameless(structure: Structure) -> bool:
    return _NO_NAME.fullmatch(structure.name.strip().casefold()) is not None


def _of(roles: Mapping[int, StructureRole], wanted: StructureRole) -> frozenset[int]:
    return frozenset(number for number, role in roles.items() if role is wanted)


def _fitting(structures: Sequence[Structure], patterns: Sequence[str]) -> frozenset[int]:
    return frozenset(
        structure.number
        for structure in structures
        for pattern in patterns
        if fnmatchcase(structure.name.strip().casefold(), pattern.strip().casefold())
    )


def _answer(
    file: str, structures: Sequence[Structure], options: IntakeOptions
) -> frozenset[int] | None:
    """Return the numbers that were answered; None if there is no answer to these structures."""
    answer = options.answers.get(_id(file, structures))
    if answer is None:
        return None
    numbers = {str(structure.number): structure.number for structure in structures}
    given = answer.split()
    return frozenset(numbers[one] for one in given) if set(given) <= numbers.keys() else None


def _id(file: str, structures: Sequence[Structure]) -> str:
    words = [f"{structure.number} {structure.name}" for structure in structures]
    return question_id(QuestionCode.WHICH_STRUCTURES, file, *words)


def _question(
    file: str, structures: Sequence[Structure], roles: Mapping[int, StructureRole]
) -> Question:
    offered = structures[:MOST_OFFERED]
    stations = len(_of(roles, StructureRole.STATION))
    kept = f" {stations} of them are stations by their names and stay so." if stations else ""
    return Question(
        id=_id(file, structures),
        code=QuestionCode.WHICH_STRUCTURES,
        sentence=f"The names of these {len(structures)} structures do not say for each whether it "
        f"is a lymph node. Which are nodes? The others are left out.{kept} Choosing none is an "
        "answer: the file then gives no node.",
        file=file,
        choices=tuple(
            Choice(value=str(structure.number), label=_label_of(structure)) for structure in offered
        ),
        several=True,
        suggested=tuple(
            str(structure.number)
            for structure in offered
            if roles[structure.number] is StructureRole.NODE and not structure.is_empty
        ),
    )


def _label_of(structure: Structure) -> str:
    name = structure.name.strip()[:NAME_LENGTH] or "without a name"
    return f"{structure.number}: {name}{' (empty)' if structure.is_empty else ''}"
