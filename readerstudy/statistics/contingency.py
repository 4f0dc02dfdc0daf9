"""Statistics library: chi-square tests of contingency tables, and the rule that picks a test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.fisher import FisherResult, fisher_exact
from readerstudy.statistics.inputs import FloatArray, IntArray, checked_table
from readerstudy.statistics.results import Status, TestResult
from readerstudy.statistics.tails import chi2_test, undefined_test

FEWEST = 2
SMALL_EXPECTED = 5.0
"""Below this expected count in any cell the rule uses Fisher's exact test."""


@dataclass(frozen=True, kw_only=True)
class ChiSquareResult:
    """Pearson's chi-square of the table without its empty rows and columns.

    Attributes
    ----------
    test : TestResult
    smallest_expected : float or None
    cells_expected_below_5 : int
    dropped : bool
        Whether an empty row or column was left out.
    """

    test: TestResult
    smallest_expected: float | None
    cells_expected_below_5: int
    dropped: bool
    status: Status


@dataclass(frozen=True, kw_only=True)
class ContingencyResult:
    """The test a baseline table prints, and the one it was chosen over."""

    chosen: str
    p: float | None
    pearson: ChiSquareResult
    fisher: FisherResult | None
    status: Status


def expected_counts(counts: IntArray) -> FloatArray:
    """Return the counts expected from the margins."""
    margins = np.outer(counts.sum(axis=1), counts.sum(axis=0))
    return np.asarray(margins / counts.sum(), dtype=np.float64)


def pearson_chi2(table: Sequence[Sequence[int]] | npt.ArrayLike) -> ChiSquareResult:
    """Test independence of rows and columns by Pearson's chi-square without correction.

    X^2 = sum (observed - expected)^2/expected, (rows - 1)(columns - 1) df, after dropping empty
    rows and columns.

    Parameters
    ----------
    table : array_like of int, shape (rows, columns)

    Returns
    -------
    ChiSquareResult
        Status ``too_few_categories`` when fewer than two rows or columns hold a count.

    Raises
    ------
    ValueError
        If the table does not hold whole counts.

    References
    ----------
    Pearson K. Philos Mag 1900;50:157. doi:10.1080/14786440009463897
    """
    counts, dropped = checked_table(table)
    if min(counts.shape) < FEWEST:
        status = Status.TOO_FEW_CATEGORIES
        return ChiSquareResult(
            test=undefined_test(status, "chi2"),
            smallest_expected=None,
            cells_expected_below_5=0,
            dropped=dropped,
            status=status,
        )
    expected = expected_counts(counts)
    statistic = float(((counts - expected) ** 2 / expected).sum())
    rows, columns = counts.shape
    return ChiSquareResult(
        test=chi2_test(statistic, (rows - 1) * (columns - 1)),
        smallest_expected=float(expected.min()),
        cells_expected_below_5=int((expected < SMALL_EXPECTED).sum()),
        dropped=dropped,
        status=Status.OK,
    )


def yates_chi2(table: Sequence[Sequence[int]] | npt.ArrayLike) -> TestResult:
    """Test a 2 x 2 table with Yates' continuity correction (at most the distance itself).

    Raises
    ------
    ValueError
        If the table is not 2 x 2 whole counts.

    References
    ----------
    Yates F. Suppl J R Stat Soc 1934;1:217. doi:10.2307/2983604
    """
    counts, dropped = checked_table(table)
    if np.asarray(table).shape != (2, 2):
        raise ValueError(f"Yates' correction needs a 2 x 2 table, not {np.asarray(table).shape}")
    if dropped:
        return undefined_test(Status.TOO_FEW_CATEGORIES, "chi2")
    expected = expected_counts(counts)
    distance = np.abs(counts - expected)
    corrected = np.maximum(distance - np.minimum(0.5, distance), 0.0)
    return chi2_test(float((corrected**2 / expected).sum()), 1)


def compare_proportions(
    table: Sequence[Sequence[int]] | npt.ArrayLike,
    *,
    generator: np.random.Generator | None = None,
) -> ContingencyResult:
    """Test independence by the baseline table's rule.

    Fisher's exact test when an expected count is below 5, Pearson's chi-square (uncorrected)
    otherwise.

    Parameters
    ----------
    table : array_like of int, shape (rows, columns)
    generator : numpy.random.Generator, optional
        For a table too large to enumerate; see ``fisher.fisher_exact``.

    Returns
    -------
    ContingencyResult
        ``chosen`` is ``"fisher"``, ``"fisher_simulated"`` or ``"pearson"``.

    Raises
    ------
    ValueError
        If the table does not hold whole counts, or Fisher's test needs a generator.
    """
    pearson = pearson_chi2(table)
    if pearson.status is not Status.OK:
        return ContingencyResult(
            chosen="none", p=None, pearson=pearson, fisher=None, status=pearson.status
        )
    if pearson.cells_expected_below_5 == 0:
        return ContingencyResult(
            chosen="pearson",
            p=pearson.test.p_two_sided,
            pearson=pearson,
            fisher=None,
            status=Status.OK,
        )
    fisher = fisher_exact(table, generator=generator)
    return ContingencyResult(
        chosen="fisher" if fisher.method == "exact" else "fisher_simulated",
        p=fisher.p,
        pearson=pearson,
        fisher=fisher,
        status=fisher.status,
    )
