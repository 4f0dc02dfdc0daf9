"""Statistics library: Cohen's, Conger's and weighted kappa, Gwet's AC."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.inputs import DEFAULT_LEVEL, FloatArray, checked_level, complete_nodes
from readerstudy.statistics.ratings import (
    FEWEST,
    Weighting,
    agreement_weights,
    category_counts,
    checked_ratings,
    kappa_influence,
)
from readerstudy.statistics.results import Estimate, Status
from readerstudy.statistics.tails import ROUNDING, normal_quantile, wald_interval


def _undefined(n: int, status: Status) -> Estimate:
    return Estimate(estimate=None, standard_error=None, interval=None, n=n, status=status)


def cohen_kappa(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    categories: Sequence[int],
    weighting: Weighting = "unweighted",
    level: float = DEFAULT_LEVEL,
) -> Estimate:
    """Compute Cohen's (weighted) kappa of two readers on the nodes both called.

    Parameters
    ----------
    first, second : array_like, shape (nodes,)
        Categories, NaN or None where there is no call.
    categories : sequence of int
        The full ordered list of categories, used or not.
    weighting : {"unweighted", "linear", "quadratic"}
    level : float
        Confidence level (normal interval).

    Returns
    -------
    Estimate
        ``n`` counts the nodes both called.

    Raises
    ------
    ValueError
        If a call is not in the categories, or the lengths differ.

    References
    ----------
    Fleiss JL, Cohen J, Everitt BS. Psychol Bull 1969;72:323. doi:10.1037/h0028106
    """
    checked_level(level)
    both = complete_nodes(first, second)
    pair = np.stack([np.asarray(column, dtype=np.float64) for column in (first, second)], axis=1)
    array, known = checked_ratings(pair[both], categories)
    n = len(array)
    if n == 0:
        return _undefined(0, Status.TOO_FEW_NODES)
    rows, columns = np.searchsorted(known, array[:, 0]), np.searchsorted(known, array[:, 1])
    table = np.zeros((known.size, known.size))
    np.add.at(table, (rows, columns), 1 / n)
    weights = agreement_weights(known.size, weighting)
    return _cohen_from_table(table, weights, n, level)


def _cohen_from_table(table: FloatArray, weights: FloatArray, n: int, level: float) -> Estimate:
    row, column = table.sum(axis=1), table.sum(axis=0)
    observed, chance = float((weights * table).sum()), float(row @ weights @ column)
    if 1 - chance <= ROUNDING:
        return _undefined(n, Status.ONE_CATEGORY)
    kappa = (observed - chance) / (1 - chance)
    # Fleiss, Cohen and Everitt 1969, eq. 13.
    mean_weights = np.add.outer(weights @ column, weights.T @ row)
    squares = float((table * (weights - mean_weights * (1 - kappa)) ** 2).sum())
    variance = (squares - (kappa - chance * (1 - kappa)) ** 2) / (n * (1 - chance) ** 2)
    standard_error = math.sqrt(max(variance, 0.0))
    standard_error = 0.0 if variance <= ROUNDING / n else standard_error
    interval = wald_interval(
        kappa,
        standard_error,
        quantile=normal_quantile(level),
        level=level,
        method="fleiss_cohen_everitt",
        bounds=(-1.0, 1.0),
    )
    return Estimate(
        estimate=kappa,
        standard_error=standard_error,
        interval=interval,
        n=n,
        status=Status.OK if standard_error else Status.ZERO_VARIANCE,
    )


def conger_kappa(ratings: npt.ArrayLike, *, categories: Sequence[int]) -> Estimate:
    """Compute Conger's kappa (chance from each reader's own margins) on complete rows.

    Raises
    ------
    ValueError
        If a rating is not in the categories or the shape is wrong.

    References
    ----------
    Conger AJ. Psychol Bull 1980;88:322. doi:10.1037/0033-2909.88.2.322
    """
    array, known = checked_ratings(ratings, categories)
    complete = array[~np.isnan(array).any(axis=1)]
    n, n_readers = complete.shape
    if n == 0 or n_readers < FEWEST:
        return _undefined(n, Status.TOO_FEW_NODES if n == 0 else Status.TOO_FEW_READERS)
    margins = (complete[:, :, None] == known).mean(axis=0)
    counts = (complete[:, :, None] == known).sum(axis=1)
    pairs = n_readers * (n_readers - 1)
    observed = float((counts * (counts - 1)).sum() / (n * pairs))
    chance = float(((margins.sum(axis=0) ** 2) - (margins**2).sum(axis=0)).sum() / pairs)
    if 1 - chance <= ROUNDING:
        return _undefined(n, Status.ONE_CATEGORY)
    kappa = (observed - chance) / (1 - chance)
    return Estimate(
        estimate=kappa,
        standard_error=None,
        interval=None,
        n=n,
        status=Status.NO_STANDARD_ERROR,
    )


def gwet_ac(
    ratings: npt.ArrayLike,
    *,
    categories: Sequence[int],
    weighting: Weighting = "unweighted",
    level: float = DEFAULT_LEVEL,
) -> Estimate:
    """Compute Gwet's AC1 (unweighted) or AC2 (weighted), with missing calls.

    Parameters
    ----------
    ratings : array_like, shape (nodes, readers)
        NaN or None where there is no call.
    categories : sequence of int
        The full ordered list of categories.
    weighting : {"unweighted", "linear", "quadratic"}
    level : float
        Confidence level (t interval with nodes - 1 df).

    Returns
    -------
    Estimate
        Undefined with status ``one_category`` when only one category was used.

    Raises
    ------
    ValueError
        If a rating is not in the categories or the shape is wrong.

    References
    ----------
    Gwet KL. Br J Math Stat Psychol 2008;61:29. doi:10.1348/000711006X126600
    """
    checked_level(level)
    counts, _ = category_counts(ratings, categories)
    weights = agreement_weights(counts.shape[1], weighting)
    influence = kappa_influence(counts, weights, chance="gwet")
    return influence.estimate(method="gwet_t", level=level)
