"""All rules at once: a report and its labels return blocks and warnings (pure).

The rules are those of the study's forms (design of the reference standard, *automatic checks*).
"""

from collections.abc import Iterator, Sequence

from annotation.pathology_rules import cautions
from annotation.pathology_rules.counting import count_findings, mirrored, report_findings
from annotation.pathology_rules.findings import Code, Finding, in_order, spoken
from annotation.pathology_rules.labels import LabelledNode, Labelling
from annotation.pathology_rules.places import Place
from annotation.pathology_rules.report import PathologyReport, has_ene


def check(
    report: PathologyReport, labelling: Labelling, other: Labelling | None = None
) -> tuple[Finding, ...]:
    """Hold one patient's labels against the pathology report.

    Parameters
    ----------
    report : PathologyReport
    labelling : Labelling
        The labels to be checked, in any order.
    other : Labelling or None
        The second annotator's, where both may be seen: adds W6.

    Returns
    -------
    tuple of Finding
        By rule, level and node; empty when nothing is to be said. Those with ``code.is_block``
        prevent a release, the others need a reason.
    """
    nodes = sorted(labelling.nodes, key=lambda node: node.number)
    found = [
        *report_findings(report),
        *_counts_or_sides(report, nodes),
        *_ene_against_report(report, labelling),
        *cautions.benign_larger(nodes),
        *cautions.size_out_of_band(report, nodes),
        *cautions.small_ene(nodes),
        *cautions.more_than_examined(report, nodes),
        *cautions.neighbour_fits(report, nodes),
        *warnings_of(report),
    ]
    if other is not None:
        found += cautions.swapped(report, labelling, other)
    return in_order(found)


def warnings_of(report: PathologyReport) -> tuple[Finding, ...]:
    """Return what a report without errors asks a reason for by itself: W7 and W8."""
    return in_order([*cautions.long_gap(report), *cautions.n_differs(report)])


def _counts_or_sides(report: PathologyReport, nodes: Sequence[LabelledNode]) -> list[Finding]:
    """Return B1 to B4 and B6, or B8 in their place where exchanging the sides settles them.

    Sides are judged by metastatic labels: benign and undetermined nodes fit almost anywhere.
    """
    metastatic = [node for node in nodes if node.is_metastatic]
    as_labelled = count_findings(report, metastatic)
    if not as_labelled or count_findings(report, [mirrored(node) for node in metastatic]):
        return count_findings(report, nodes)
    numbers = tuple(sorted({number for one in as_labelled for number in one.nodes}))
    codes = ", ".join(sorted({one.code for one in as_labelled}))
    others = [node for node in nodes if not node.is_metastatic]
    side_error = Finding(
        code=Code.SIDE_ERROR,
        places=_places(as_labelled),
        nodes=numbers,
        sentence=f"Possible side error: the counts fit only after exchanging left and right "
        f"({spoken(numbers)}; as labelled, {codes}).",
    )
    return [side_error, *count_findings(report, others)]


def _places(found: Sequence[Finding]) -> tuple[Place, ...]:
    places = {place for one in found for place in one.places}
    return tuple(sorted(places, key=lambda place: place.order))


def _ene_against_report(report: PathologyReport, labelling: Labelling) -> Iterator[Finding]:
    """Yield B5: ENE labelled against the report, or reported and nowhere accounted for.

    That ENE implies metastasis needs no check: the label for ENE is a metastasis.
    """
    ene = has_ene(report)
    with_ene = [node for node in labelling.nodes if node.has_ene]
    numbers = tuple(sorted(node.number for node in with_ene))
    if ene is False and with_ene:
        places = {node.place for node in with_ene}
        yield Finding(
            code=Code.ENE_AGAINST_REPORT,
            places=tuple(sorted(places, key=lambda place: place.order)),
            nodes=numbers,
            sentence=f"The report has no ENE, yet {spoken(numbers)} labelled with ENE.",
        )
    if ene and not with_ene and not labelling.ene_not_visible:
        yield Finding(
            code=Code.ENE_AGAINST_REPORT,
            sentence="The report has ENE and no node is labelled with it: write that it is not "
            "visible on CT, or label the node.",
        )
