"""Statistics library: Krippendorff's alpha."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.inputs import DEFAULT_LEVEL, FloatArray, checked_level
from readerstudy.statistics.ratings import FEWEST, KAPPA_BOUNDS, category_counts
from readerstudy.statistics.results import Estimate, Status
from readerstudy.statistics.tails import ROUNDING, t_quantile, wald_interval

Difference = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(
    ratings: npt.ArrayLike,
    *,
    categories: Sequence[int],
    difference: Difference = "nominal",
    level: float = DEFAULT_LEVEL,
) -> Estimate:
    """Compute Krippendorff's alpha from the coincidence matrix.

    alpha = 1 - observed/expected disagreement. Nominal alpha has Gwet's linearised standard error
    and t interval (nodes - 1 df); the ordinal and interval ones have none
    (``no_standard_error``): bootstrap patients where they need an interval.

    Parameters
    ----------
    ratings : array_like, shape (nodes, readers)
        NaN or None where there is no call; nodes with one call do not count.
    categories : sequence of int
        The full ordered list of categories.
    difference : {"nominal", "ordinal", "interval"}
        Ordinal is Krippendorff's own metric (ranks within the margins).
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        ``n`` counts the nodes with at least two calls.

    Raises
    ------
    ValueError
        If a rating is not in the categories or the shape is wrong.

    References
    ----------
    Krippendorff K. Content Analysis, 3rd ed. 2013, chapter 12.
    Gwet KL. Handbook of Inter-Rater Reliability, 4th ed. 2014, section 5.3.
    """
    checked_level(level)
    counts, _ = category_counts(ratings, categories)
    pairable = counts[counts.sum(axis=1) >= FEWEST]
    n = len(pairable)
    if n == 0:
        return _no_alpha(0, Status.TOO_FEW_NODES)
    raters = pairable.sum(axis=1)
    coincidences = (pairable / (raters - 1)[:, None]).T @ pairable
    coincidences -= np.diag((pairable / (raters - 1)[:, None]).sum(axis=0))
    margins = coincidences.sum(axis=0)
    if (margins > 0).sum() < FEWEST:
        return _no_alpha(n, Status.ONE_CATEGORY)
    distance = _distances(margins, np.asarray(sorted(categories), dtype=np.float64), difference)
    total = margins.sum()
    observed = float((coincidences * distance).sum())
    expected = float(margins @ distance @ margins) / (total - 1)
    alpha = 1 - observed / expected
    if difference == "nominal" and n >= FEWEST:
        return _with_standard_error(alpha, pairable, level)
    return Estimate(
        estimate=alpha,
        standard_error=None,
        interval=None,
        n=n,
        status=Status.NO_STANDARD_ERROR,
    )


def _distances(margins: FloatArray, known: FloatArray, difference: Difference) -> FloatArray:
    if difference == "nominal":
        return 1 - np.eye(known.size)
    if difference == "interval":
        return np.asarray(np.subtract.outer(known, known) ** 2, dtype=np.float64)
    if difference == "ordinal":
        # Sum of the margins from one category to the other, the two ends counting half.
        middle = np.cumsum(margins) - margins / 2
        return np.asarray(np.subtract.outer(middle, middle) ** 2, dtype=np.float64)
    raise ValueError(f"difference must be nominal, ordinal or interval, not {difference}")


def _no_alpha(n: int, status: Status) -> Estimate:
    return Estimate(estimate=None, standard_error=None, interval=None, n=n, status=status)


def _with_standard_error(alpha: float, counts: FloatArray, level: float) -> Estimate:
    """Linearise nominal alpha as irrCAC does: the small-sample term 1/values left out."""
    n, raters = len(counts), counts.sum(axis=1)
    mean = raters.mean()
    away = (raters - mean) / mean
    agreeing = (counts * (counts - 1)).sum(axis=1) / (mean * (raters - 1))
    small = 1 / raters.sum()
    shares = counts.mean(axis=0) / mean
    chance = float(shares @ shares)
    observed = agreeing.mean()
    corrected = (1 - small) * observed + small
    plain = (observed - chance) / (1 - chance)
    direct = (agreeing - corrected * away - chance) / (1 - chance)
    by_node = counts @ shares / mean - chance * away
    contributions = direct - 2 * (1 - plain) * (by_node - chance) / (1 - chance)
    variance = float(((contributions - plain) ** 2).sum()) / (n * (n - 1))
    standard_error = math.sqrt(variance) if variance > ROUNDING**2 else 0.0
    return Estimate(
        estimate=alpha,
        standard_error=standard_error,
        interval=wald_interval(
            alpha,
            standard_error,
            quantile=t_quantile(level, n - 1),
            level=level,
            method="gwet_t",
            bounds=KAPPA_BOUNDS,
        ),
        n=n,
        status=Status.OK if standard_error else Status.ZERO_VARIANCE,
    )
