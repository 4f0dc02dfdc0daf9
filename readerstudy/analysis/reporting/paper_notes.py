"""Analysis room: where this report differs from the source paper, and why (data).

Every claim that the files of the paper's own tables can prove is proved by a test.

References
----------
Shen N et al. Radiology 2026;318(1):e250332.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SOURCE_PAPER = "Shen N et al., Radiology 2026;318(1):e250332"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of the paper's reader tables that its own counts do not give."""

    endpoint: str
    cohort: str
    reader: str
    column: str


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """One way in which the source paper reports otherwise.

    Attributes
    ----------
    key : str
    what : str
        What the paper does.
    why : str
        Why this report does not.
    instead : str
        What this report does.
    cells : tuple of Cell
        Cells of the reader tables that it explains.
    """

    key: str
    what: str
    why: str
    instead: str
    cells: tuple[Cell, ...] = ()


def _cells(endpoint: str, cohort: str, reader: str, *columns: str) -> tuple[Cell, ...]:
    return tuple(
        Cell(endpoint=endpoint, cohort=cohort, reader=reader, column=column) for column in columns
    )


DEVIATIONS = (
    Deviation(
        key="hanley_mcneil",
        what="Readers' intervals of the AUC are Hanley–McNeil intervals, not DeLong intervals.",
        why="Hanley–McNeil uses the area and the counts alone, not the calls themselves.",
        instead="DeLong, and by patient beside it; Hanley–McNeil is shown as such.",
    ),
    Deviation(
        key="stale_cell",
        what="One reader's AUC with its interval comes from an earlier analysis of fewer nodes "
        "(set 1, ENE, R1).",
        why="Sensitivity and specificity of the same line give another area.",
        instead="All numbers of a line are computed from the same nodes, which are counted.",
        cells=_cells("ene", "1", "R1", "auc", "interval"),
    ),
    Deviation(
        key="slipped_interval",
        what="One interval does not belong to its area (set 2, metastasis, R5).",
        why="Every interval of that method is centred on its area; this one is not.",
        instead="Nothing is copied by hand: text and files come from the same results.",
        cells=_cells("metastasis", "2", "R5", "interval"),
    ),
    Deviation(
        key="grid_area",
        what="Areas are summed on a grid of 100 points; it shows in one area (R4) and two "
        "intervals (R1, R2) of set 2, ENE among metastatic nodes.",
        why="A grid misses the corners of the curve.",
        instead="The exact area: the share of pairs ranked rightly, ties one half.",
        cells=(
            *_cells("ene_vs_metastasis", "2", "R4", "auc"),
            *_cells("ene_vs_metastasis", "2", "R1", "interval"),
            *_cells("ene_vs_metastasis", "2", "R2", "interval"),
        ),
    ),
    Deviation(
        key="mean_interval",
        what="The interval of the reader mean is a Hanley–McNeil interval at the mean operating "
        "point.",
        why="It takes the mean of correlated areas for the area of one reader.",
        instead="An interval of the mean from the joint covariance, for these readers and for "
        "readers in general.",
    ),
    Deviation(
        key="mean_of_rounded",
        what="Percentages of the reader mean are averages of rounded percentages.",
        why="They differ from the mean by a whole percent in places.",
        instead="The mean of the exact fractions, rounded once.",
    ),
    Deviation(
        key="different_nodes",
        what="Most rows of the model in set 3 are impossible with the nodes that readers had; "
        "with two ENE nodes fewer, most are possible.",
        why="A paired test needs the same nodes on both sides.",
        instead="Every comparison uses the nodes that both sides have, and says how many.",
    ),
    Deviation(
        key="interpolated_rates",
        what="Sensitivity and specificity at false-positive rates are interpolated.",
        why="No threshold gives them: with ten negative nodes there is no specificity of 85%.",
        instead="The attainable point with its counts; interpolated values beside it, labelled.",
    ),
    Deviation(
        key="one_sided_p",
        what="P values of areas look one-sided.",
        why="Taken as two-sided, some would need calls and scores to be all but the same.",
        instead="Two-sided throughout; one-sided only against a planned margin, and named so.",
    ),
    Deviation(
        key="unpaired_sensitivity",
        what="The P value of the model's sensitivity against the readers' mean is, in set 1, that "
        "of an exact binomial test, one-sided; in set 3 that test does not give it.",
        why="It takes the readers' mean for a known constant, and the nodes for unpaired.",
        instead="Paired by node against the mean reader, summed by patient, and for readers in "
        "general.",
    ),
    Deviation(
        key="two_operating_points",
        what="Abstract and discussion name the sensitivity of different thresholds (set 3).",
        why="A sensitivity without its threshold cannot be compared.",
        instead="Every sensitivity stands with its threshold and with where that comes from.",
    ),
    Deviation(
        key="kappa_words",
        what="A Fleiss κ of .33 is called poor.",
        why="On Landis and Koch's scale it is fair.",
        instead="The words are computed from the unrounded κ, with the scale named.",
    ),
    Deviation(
        key="independent_nodes",
        what="Nodes are taken as independent.",
        why="Nodes of one patient are alike, and intervals come out too narrow.",
        instead="Results by patient stand beside the plain ones.",
    ),
)

EXPLAINED: Mapping[Cell, str] = {
    cell: deviation.key for deviation in DEVIATIONS for cell in deviation.cells
}
"""Cells of the paper's reader tables that cannot be reproduced, and by which deviation."""
