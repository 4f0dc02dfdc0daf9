"""What the locked report says where a disputed node lies, for those who have seen both labels."""

from collections.abc import Iterator
from dataclasses import dataclass

from annotation.models import Labelling, LabellingState
from annotation.pathology_rules.cautions import swapped
from annotation.pathology_rules.labels import Labelling as Labels
from annotation.pathology_rules.places import place_named
from annotation.pathology_rules.report import CountGroup, PathologyReport, count_groups
from annotation.selectors.own_work import current_labels
from annotation.selectors.pathology import current_report
from annotation.selectors.report_check import labelled_nodes_in
from annotation.selectors.standings import ANNOTATORS, annotators_of
from cohorts.models import Node


@dataclass(frozen=True, kw_only=True)
class ReportBeside:
    """The report's counts where either annotator counts the node, and W6 where it holds.

    Attributes
    ----------
    counts : tuple of str
        One sentence for each level, or lumped levels.
    swapped : str
        That both count alike in a level but mean different nodes; empty where they do not.
    """

    counts: tuple[str, ...]
    swapped: str


def report_beside(node: Node) -> ReportBeside | None:
    """Return what the report says beside a node that both have submitted; None without one."""
    report = current_report(node.patient)
    both = list(
        Labelling.objects.filter(
            patient=node.patient,
            annotator__in=annotators_of(node.patient.cohort),
            state=LabellingState.SUBMITTED,
        ).order_by("annotator_id")
    )
    if report is None or len(both) != ANNOTATORS:
        return None
    first, second = (Labels(nodes=tuple(labelled_nodes_in(one))) for one in both)
    found = [one for one in swapped(report, first, second) if node.number in one.nodes]
    places = {
        row.matched or row.place for one in both for row in current_labels(one).filter(node=node)
    }
    return ReportBeside(
        counts=tuple(_counts(report, places)),
        swapped=f"{found[0].code}: {found[0].sentence}" if found else "",
    )


def _counts(report: PathologyReport, names: set[str]) -> Iterator[str]:
    places = {place_named(name) for name in names}
    for group in count_groups(report):
        if places & set(group.places):
            yield f"{group}: {_words(group)}"


def _words(group: CountGroup) -> str:
    if not group.is_dissected or group.counts is None:
        return "not dissected."
    counts = group.counts
    ene = "ENE not counted" if counts.ene_positive is None else f"{counts.ene_positive} with ENE"
    return f"{counts.positive} of {counts.examined} examined positive, {ene}."
