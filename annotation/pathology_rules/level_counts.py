"""Labels counted beside the report, level by level, while they are being made (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass

from annotation.pathology_rules.counting import allotted, fewest_of_pathology
from annotation.pathology_rules.labels import LabelledNode
from annotation.pathology_rules.report import CountGroup, PathologyReport
from cohorts.vocabulary import NOT_DETERMINABLE


@dataclass(frozen=True, kw_only=True)
class LevelCount:
    """One level, or levels lumped together: what the report counts and what is labelled so far.

    Attributes
    ----------
    labelled, not_determinable : int
        Nodes on CT.
    metastatic, with_ene : int
        The fewest nodes of the pathologist that these labels can be: a matted group counts once.
    """

    group: CountGroup
    labelled: int
    metastatic: int
    with_ene: int
    not_determinable: int


def level_counts(report: PathologyReport, nodes: Iterable[LabelledNode]) -> tuple[LevelCount, ...]:
    """Count labels in every level of the report, and in those it leaves out but CT shows.

    Parameters
    ----------
    report : PathologyReport
    nodes : iterable of LabelledNode
        Those that are labelled and placed, in any order.

    Returns
    -------
    tuple of LevelCount
        In the fixed order: left before right, then Ia to VI.
    """
    return tuple(
        LevelCount(
            group=one.group,
            labelled=len(one.nodes),
            metastatic=fewest_of_pathology(node for node in one.nodes if node.is_metastatic),
            with_ene=fewest_of_pathology(node for node in one.nodes if node.has_ene),
            not_determinable=sum(node.label == NOT_DETERMINABLE for node in one.nodes),
        )
        for one in allotted(report, nodes)
    )
