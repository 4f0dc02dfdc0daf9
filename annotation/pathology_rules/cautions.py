"""What asks for a reason: rules W1 to W8 (pure)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from annotation.pathology_rules.counting import (
    allotted,
    count_findings,
    fewest_of_pathology,
)
from annotation.pathology_rules.findings import Code, Finding, spoken
from annotation.pathology_rules.labels import LabelledNode, Labelling
from annotation.pathology_rules.places import Place
from annotation.pathology_rules.report import NOT_STATED, PathologyReport, SizeQualifier
from annotation.pathology_rules.staging import recomputed_n
from cohorts.vocabulary import NodeCategory

LEAST_SAD_SHARE, MOST_SAD_SHARE = 0.4, 1.25
SIZE_TOLERANCE_MM = 2.0
"""W2's band, a convention of this project. Pathology gives the greatest dimension, CT the short
axis: a node 2.5 times as long as wide has a share of 0.4; one that is round and shrinks by a
fifth in fixation has 1.25. On both ends 2 mm are left for measuring."""
SMALL_ENE_MM = 5.0
NEAR_BORDER_MM = 5.0
LONGEST_GAP_DAYS = 60

LOWER_BOUNDS = frozenset({SizeQualifier.EXACT, SizeQualifier.AT_LEAST, SizeQualifier.GREATER})


def benign_larger(nodes: Sequence[LabelledNode]) -> Iterator[Finding]:
    """Yield W1 for every level where a benign node has a longer short axis than a metastatic."""
    for place in sorted({node.place for node in nodes}, key=lambda place: place.order):
        here = [node for node in nodes if node.place == place]
        benign = [node for node in here if node.label == NodeCategory.BENIGN]
        metastatic = [node for node in here if node.is_metastatic]
        if not benign or not metastatic:
            continue
        smallest = min(node.sad_mm for node in metastatic)
        largest = max(node.sad_mm for node in benign)
        if largest > smallest:
            larger = [node.number for node in benign if node.sad_mm > smallest]
            smaller = [node.number for node in metastatic if node.sad_mm < largest]
            yield Finding(
                code=Code.BENIGN_LARGER,
                places=(place,),
                nodes=tuple(sorted((*larger, *smaller))),
                sentence=f"{place}: benign {spoken(larger)} (short axis up to {largest:.1f} mm) "
                f"larger than metastatic {spoken(smaller)} (down to {smallest:.1f} mm).",
            )


def size_out_of_band(report: PathologyReport, nodes: Sequence[LabelledNode]) -> Iterator[Finding]:
    """Yield W2 if the largest metastatic node on CT cannot be the largest one of pathology.

    Held against the largest involved node where the report gives it. A deposit fills a part of
    its node or all of it: it says how small the node cannot be, not how large.
    """
    metastatic = [node for node in nodes if node.is_metastatic]
    if not metastatic:
        return
    largest = max(metastatic, key=lambda node: (node.sad_mm, -node.number))
    low_mm, high_mm = _band_mm(report)
    if (low_mm is None or largest.sad_mm >= low_mm) and (
        high_mm is None or largest.sad_mm <= high_mm
    ):
        return
    size = "node" if report.largest_node_mm is not None else "deposit"
    size_mm = report.largest_node_mm or report.largest_deposit.mm
    yield Finding(
        code=Code.SIZE_OUT_OF_BAND,
        places=(largest.place,),
        nodes=(largest.number,),
        sentence=f"The largest metastatic node on CT, node {largest.number}, has a short axis of "
        f"{largest.sad_mm:.1f} mm; the largest {size} of the report measures {size_mm:g} mm.",
    )


def _band_mm(report: PathologyReport) -> tuple[float | None, float | None]:
    node_mm, deposit = report.largest_node_mm, report.largest_deposit
    if node_mm is not None:
        low_mm = LEAST_SAD_SHARE * node_mm - SIZE_TOLERANCE_MM
        return low_mm, MOST_SAD_SHARE * node_mm + SIZE_TOLERANCE_MM
    if deposit.mm is not None and deposit.qualifier in LOWER_BOUNDS:
        return LEAST_SAD_SHARE * deposit.mm - SIZE_TOLERANCE_MM, None
    return None, None


def small_ene(nodes: Sequence[LabelledNode]) -> Iterator[Finding]:
    """Yield W3 for every node labelled with ENE whose short axis is below 5 mm."""
    for node in nodes:
        if node.has_ene and node.sad_mm < SMALL_ENE_MM:
            yield Finding(
                code=Code.SMALL_ENE,
                places=(node.place,),
                nodes=(node.number,),
                sentence=f"Node {node.number} is labelled with ENE, yet its short axis is "
                f"{node.sad_mm:.1f} mm, below {SMALL_ENE_MM:g} mm.",
            )


def more_than_examined(report: PathologyReport, nodes: Sequence[LabelledNode]) -> Iterator[Finding]:
    """Yield W4 for every group with more nodes on CT than the pathologist examined."""
    for one in allotted(report, nodes):
        counts, on_ct = one.group.counts, fewest_of_pathology(one.nodes)
        if counts is not None and on_ct > counts.examined:
            yield Finding(
                code=Code.MORE_NODES_THAN_EXAMINED,
                places=one.group.places,
                nodes=tuple(sorted(node.number for node in one.nodes)),
                sentence=f"{one.group}: {on_ct} nodes on CT, {counts.examined} examined.",
            )


def neighbour_fits(report: PathologyReport, nodes: Sequence[LabelledNode]) -> Iterator[Finding]:
    """Yield W5 for every node within 5 mm of a level's border whose label fits only beyond it.

    That is so before the annotator matches it to the neighbour, when its own level blocks, and
    after, when only this finding is left to be explained.
    """
    for node in nodes:
        border = node.border
        if border is None or border.distance_mm > NEAR_BORDER_MM:
            continue
        others = [one for one in nodes if one is not node]
        fitting = [one for one in border.neighbours if _fits(report, others, node, one)]
        if not fitting or _fits(report, others, node, node.own):
            continue
        yield Finding(
            code=Code.NEIGHBOUR_FITS,
            places=tuple(sorted((node.own, *fitting), key=lambda place: place.order)),
            nodes=(node.number,),
            sentence=f"Node {node.number} lies {border.distance_mm:.1f} mm from the border of "
            f"{node.own}; its label fits the counts of {' or '.join(map(str, fitting))} only.",
        )


def _fits(
    report: PathologyReport, others: Sequence[LabelledNode], node: LabelledNode, place: Place
) -> bool:
    found = count_findings(report, (*others, replace(node, matched=place)))
    return not any(node.number in one.nodes for one in found)


def swapped(report: PathologyReport, first: Labelling, second: Labelling) -> Iterator[Finding]:
    """Yield W6 for every group where two annotators count alike but mean different nodes."""
    theirs = {node.number: node for node in second.nodes}
    groups = {
        place: one.group for one in allotted(report, second.nodes) for place in one.group.places
    }
    for one in allotted(report, first.nodes):
        pairs = [
            (node, theirs[node.number])
            for node in one.nodes
            if node.number in theirs and groups[theirs[node.number].place] == one.group
        ]
        differ = [mine.number for mine, other in pairs if mine.label != other.label]
        is_equal_in_count = Counter(mine.label for mine, _ in pairs) == Counter(
            other.label for _, other in pairs
        )
        if differ and is_equal_in_count:
            yield Finding(
                code=Code.ANNOTATORS_SWAPPED,
                places=one.group.places,
                nodes=tuple(sorted(differ)),
                sentence=f"{one.group}: the two annotators give each label as often, but to "
                f"different nodes ({spoken(differ)}).",
            )


def long_gap(report: PathologyReport) -> Iterator[Finding]:
    """Yield W7 if more than 60 days lie between CT and surgery."""
    days = report.days_ct_to_surgery
    if days is not None and days > LONGEST_GAP_DAYS:
        yield Finding(
            code=Code.LONG_GAP,
            sentence=f"Surgery was {days} days after CT, more than {LONGEST_GAP_DAYS}.",
        )


def n_differs(report: PathologyReport) -> Iterator[Finding]:
    """Yield W8 if the reported N category is none of those the report's fields allow."""
    staged = recomputed_n(report)
    if report.pn != NOT_STATED and not staged.agrees_with(report.pn):
        yield Finding(
            code=Code.N_DIFFERS,
            sentence=f"The report says {report.pn} ({report.edition}); its own fields give "
            f"{' or '.join(staged.possible)}.",
        )
