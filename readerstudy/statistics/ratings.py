"""Statistics library: category counts of ratings, and Gwet's large-sample variance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.inputs import FloatArray
from readerstudy.statistics.results import Estimate, Status
from readerstudy.statistics.tails import ROUNDING, t_quantile, wald_interval

FEWEST = 2
KAPPA_BOUNDS = (-math.inf, 1.0)
"""Only the upper limit is cut: with few, incomplete rows kappa itself can be below -1."""
Weighting = Literal["unweighted", "linear", "quadratic"]
Chance = Literal["fleiss", "gwet"]


def checked_ratings(
    ratings: npt.ArrayLike, categories: Sequence[int]
) -> tuple[FloatArray, FloatArray]:
    """Return ratings (nodes, readers) with NaN for none, and the sorted categories.

    Raises
    ------
    ValueError
        If the shape is wrong or a rating is not one of the categories.
    """
    array = np.asarray(ratings, dtype=np.float64)
    known = np.asarray(sorted(categories), dtype=np.float64)
    if array.ndim != FEWEST:
        raise ValueError(f"ratings must have axes (nodes, readers), not shape {array.shape}")
    if len(set(categories)) != len(categories) or len(categories) < FEWEST:
        raise ValueError(f"categories must be at least two, all different: {tuple(categories)}")
    strange = np.unique(array[~np.isnan(array) & ~np.isin(array, known)])
    if strange.size:
        raise ValueError(f"ratings hold {strange.tolist()}, not among categories {known.tolist()}")
    return array, known


def category_counts(ratings: npt.ArrayLike, categories: Sequence[int]) -> tuple[FloatArray, int]:
    """Count how many readers gave each node each category.

    Returns
    -------
    counts : ndarray of float64, shape (nodes, categories)
    n_readers : int

    Raises
    ------
    ValueError
        If the shape is wrong or a rating is not one of the categories.
    """
    array, known = checked_ratings(ratings, categories)
    counts = (array[:, :, None] == known[None, None, :]).sum(axis=1).astype(np.float64)
    return counts, array.shape[1]


def agreement_weights(n_categories: int, weighting: Weighting) -> FloatArray:
    """Return agreement weights over the full category list, shape (categories, categories).

    Raises
    ------
    ValueError
        If the weighting is unknown.
    """
    if weighting == "unweighted":
        return np.eye(n_categories)
    steps = np.abs(np.subtract.outer(np.arange(n_categories), np.arange(n_categories)))
    if weighting == "linear":
        return np.asarray(1 - steps / (n_categories - 1), dtype=np.float64)
    if weighting == "quadratic":
        return np.asarray(1 - (steps / (n_categories - 1)) ** 2, dtype=np.float64)
    raise ValueError(f"weighting must be unweighted, linear or quadratic, not {weighting}")


@dataclass(frozen=True, kw_only=True)
class KappaInfluence:
    """A chance-corrected coefficient and the contribution of each node to it."""

    coefficient: float | None
    observed: float | None
    chance: float | None
    contributions: FloatArray
    status: Status

    def estimate(self, *, method: str, level: float) -> Estimate:
        """Return the coefficient with standard error and t interval (nodes - 1 df)."""
        n = self.contributions.size
        if self.coefficient is None or n < FEWEST:
            status = Status.TOO_FEW_NODES if self.status is Status.OK else self.status
            return Estimate(
                estimate=self.coefficient, standard_error=None, interval=None, n=n, status=status
            )
        spread = float(((self.contributions - self.coefficient) ** 2).sum())
        standard_error = math.sqrt(spread / (n * (n - 1)))
        standard_error = 0.0 if standard_error <= ROUNDING else standard_error
        interval = wald_interval(
            self.coefficient,
            standard_error,
            quantile=t_quantile(level, n - 1),
            level=level,
            method=method,
            bounds=KAPPA_BOUNDS,
        )
        return Estimate(
            estimate=self.coefficient,
            standard_error=standard_error,
            interval=interval,
            n=n,
            status=Status.OK if standard_error else Status.ZERO_VARIANCE,
        )


def undefined_influence(status: Status, observed: float | None = None) -> KappaInfluence:
    """Return a coefficient that does not exist, with the reason."""
    return KappaInfluence(
        coefficient=None,
        observed=observed,
        chance=None,
        contributions=np.empty(0),
        status=status,
    )


def kappa_influence(counts: FloatArray, weights: FloatArray, *, chance: Chance) -> KappaInfluence:
    """Compute Fleiss' kappa or Gwet's AC, with missing calls, and its linearisation.

    Parameters
    ----------
    counts : ndarray, shape (nodes, categories)
        Readers per category; rows without any call are left out.
    weights : ndarray, shape (categories, categories)
        Agreement weights, 1 on the diagonal.
    chance : {"fleiss", "gwet"}
        The chance agreement.

    Returns
    -------
    KappaInfluence

    References
    ----------
    Gwet KL. Handbook of Inter-Rater Reliability, 4th ed. 2014, sections 5.3 and 5.4.
    """
    rated = counts[counts.sum(axis=1) > 0]
    raters = rated.sum(axis=1)
    several = raters >= FEWEST
    if not several.any():
        return undefined_influence(Status.TOO_FEW_NODES)
    # An unused category changes nothing: Gwet's chance agreement counts the used ones (and for
    # Fleiss its share is zero anyway). The weights still come from the full ordered list.
    used = rated.sum(axis=0) > 0
    rated, weights = rated[:, used], weights[np.ix_(used, used)]
    n, q = rated.shape
    pairs = np.where(several, raters * (raters - 1), 1.0)
    agreeing = (rated * (rated @ weights.T - 1)).sum(axis=1)
    by_node = np.where(several, agreeing / pairs, 0.0)
    observed = float(by_node.sum() / several.sum())
    shares = (rated / raters[:, None]).mean(axis=0)
    if q < FEWEST:
        return undefined_influence(Status.ONE_CATEGORY, observed)
    if chance == "fleiss":
        expected = float(shares @ weights @ shares)
        per_category = (weights + weights.T) @ shares / 2
    else:
        scale = weights.sum() / (q * (q - 1))
        expected = float(scale * (shares * (1 - shares)).sum())
        per_category = scale * (1 - shares)
    coefficient = (observed - expected) / (1 - expected)
    chance_by_node = rated @ per_category / raters
    direct = n / several.sum() * np.where(several, by_node - expected, 0.0) / (1 - expected)
    correction = 2 * (1 - coefficient) * (chance_by_node - expected) / (1 - expected)
    return KappaInfluence(
        coefficient=coefficient,
        observed=observed,
        chance=expected,
        contributions=np.asarray(direct - correction, dtype=np.float64),
        status=Status.OK,
    )
