"""Labels held against the report's counts, level by level: rules B1, B2, B3, B4, B6 (pure)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from annotation.pathology_rules.findings import Code, Finding, spoken
from annotation.pathology_rules.labels import LabelledNode
from annotation.pathology_rules.places import Place
from annotation.pathology_rules.report import (
    CountGroup,
    Counts,
    PathologyReport,
    count_groups,
    has_ene,
)
from cohorts.vocabulary import NOT_DETERMINABLE, NodeCategory


@dataclass(frozen=True, kw_only=True)
class GroupNodes:
    """The nodes on CT that belong to one count group, by number."""

    group: CountGroup
    nodes: tuple[LabelledNode, ...]


def allotted(report: PathologyReport, nodes: Iterable[LabelledNode]) -> tuple[GroupNodes, ...]:
    """Allot nodes to the count groups of the report, in the fixed order.

    Every group of the report is there, also without nodes; a node in a place that the report
    leaves out gets a group of its own that was not dissected.
    """
    by_place: dict[Place, list[LabelledNode]] = {}
    for node in sorted(nodes, key=lambda node: node.number):
        by_place.setdefault(node.place, []).append(node)
    groups = list(count_groups(report))
    named = {place for group in groups for place in group.places}
    groups += [
        CountGroup(places=(place,), is_dissected=False, counts=None)
        for place in by_place
        if place not in named
    ]
    return tuple(
        GroupNodes(
            group=group,
            nodes=tuple(node for place in group.places for node in by_place.get(place, ())),
        )
        for group in sorted(groups, key=lambda group: group.order)
    )


def fewest_of_pathology(nodes: Iterable[LabelledNode]) -> int:
    """Return the fewest nodes of the pathologist that these masks can be.

    A matted group is one lump and may have been counted once, so it needs one; it may as well
    hold several, so there is no most.
    """
    ordered = list(nodes)
    lumps = {node.matted for node in ordered if node.matted}
    return len(lumps) + sum(not node.matted for node in ordered)


def count_findings(report: PathologyReport, nodes: Iterable[LabelledNode]) -> list[Finding]:
    """Hold labels against the counts of every level or lumped group.

    Parameters
    ----------
    report : PathologyReport
    nodes : iterable of LabelledNode
        In any order.

    Returns
    -------
    list of Finding
        Codes B1, B2, B3 and B4; where levels are lumped, B6 in place of the first three.
    """
    ene = has_ene(report)
    found: list[Finding] = []
    for one in allotted(report, nodes):
        if one.group.is_dissected and one.group.counts is not None:
            found += _against_counts(one, one.group.counts, report_has_ene=ene is not False)
        else:
            found += _not_dissected(one)
    return found


def report_findings(report: PathologyReport) -> Iterator[Finding]:
    """Yield B2 where the report contradicts itself: ENE-positive <= positive <= examined."""
    for group in count_groups(report):
        counts = group.counts
        if counts and not (counts.ene_positive or 0) <= counts.positive <= counts.examined:
            yield Finding(
                code=Code.MORE_ENE_THAN_POSITIVE,
                places=group.places,
                sentence=f"{group}: the report counts {counts.ene_positive or 0} with ENE, "
                f"{counts.positive} positive, {counts.examined} examined; each must be at most "
                "the next.",
            )


def mirrored(node: LabelledNode) -> LabelledNode:
    """Return the node as if it lay on the other side."""
    return replace(node, own=node.own.mirrored, matched=node.place.mirrored)


def _not_dissected(one: GroupNodes) -> Iterator[Finding]:
    answered = [node.number for node in one.nodes if node.label != NOT_DETERMINABLE]
    if answered:
        yield Finding(
            code=Code.NOT_DISSECTED,
            places=one.group.places,
            nodes=tuple(sorted(answered)),
            sentence=f"{one.group}: the report knows of no dissection there, so {spoken(answered)} "
            "cannot be determined and must leave the analysis.",
        )


def _against_counts(one: GroupNodes, counts: Counts, *, report_has_ene: bool) -> Iterator[Finding]:
    if counts.positive == 0:
        others = [node for node in one.nodes if node.label != NodeCategory.BENIGN]
        if others:
            words = "no positive node, so all are benign; labelled otherwise"
            yield _finding(Code.NEGATIVE_LEVEL, one, others, words)
        return
    metastatic = [node for node in one.nodes if node.is_metastatic]
    needed = fewest_of_pathology(metastatic)
    if needed > counts.positive:
        words = f"{needed} labelled metastatic, {counts.positive} positive in the report"
        yield _finding(Code.MORE_METASTATIC_THAN_POSITIVE, one, metastatic, words)
    with_ene = [node for node in metastatic if node.has_ene]
    needed = fewest_of_pathology(with_ene)
    # A report without any ENE is B5's matter.
    if report_has_ene and counts.ene_positive is not None and needed > counts.ene_positive:
        words = f"{needed} labelled with ENE, {counts.ene_positive} with ENE in the report"
        yield _finding(Code.MORE_ENE_THAN_POSITIVE, one, with_ene, words)


def _finding(code: Code, one: GroupNodes, nodes: list[LabelledNode], words: str) -> Finding:
    numbers = tuple(sorted(node.number for node in nodes))
    if one.group.is_lumped:
        code, words = Code.LUMPED_LEVELS, f"counted together: {words}"
    sentence = f"{one.group}: {words} ({spoken(numbers)})."
    return Finding(code=code, places=one.group.places, nodes=numbers, sentence=sentence)
