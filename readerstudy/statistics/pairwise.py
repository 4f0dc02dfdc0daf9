"""Statistics library: agreement of every pair of readers."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.agreement import cohen_kappa
from readerstudy.statistics.inputs import DEFAULT_LEVEL
from readerstudy.statistics.ratings import Weighting, checked_ratings
from readerstudy.statistics.results import Estimate


@dataclass(frozen=True, kw_only=True)
class ReaderPair:
    """Two readers (column numbers from 0) on the nodes both called."""

    first: int
    second: int
    percent_agreement: float | None
    kappa: Estimate


@dataclass(frozen=True, kw_only=True)
class PairwiseAgreement:
    """All pairs; the means leave undefined pairs out (``n_defined`` says how many remain)."""

    pairs: tuple[ReaderPair, ...]
    mean_kappa: float | None
    n_defined: int


def pairwise_agreement(
    ratings: npt.ArrayLike,
    *,
    categories: Sequence[int],
    weighting: Weighting = "unweighted",
    level: float = DEFAULT_LEVEL,
) -> PairwiseAgreement:
    """Compute percent agreement and Cohen's kappa of every pair of readers.

    Parameters
    ----------
    ratings : array_like, shape (nodes, readers)
        NaN or None where there is no call.
    categories : sequence of int
        The full ordered list of categories.
    weighting : {"unweighted", "linear", "quadratic"}
    level : float

    Returns
    -------
    PairwiseAgreement
        The mean of the kappas is Light's kappa.

    Raises
    ------
    ValueError
        If a rating is not in the categories or the shape is wrong.

    References
    ----------
    Light RJ. Psychol Bull 1971;76:365. doi:10.1037/h0031643
    """
    array, _ = checked_ratings(ratings, categories)
    pairs = []
    for first, second in itertools.combinations(range(array.shape[1]), 2):
        one, two = array[:, first], array[:, second]
        both = ~np.isnan(one) & ~np.isnan(two)
        pairs.append(
            ReaderPair(
                first=first,
                second=second,
                percent_agreement=float((one == two)[both].mean()) if both.any() else None,
                kappa=cohen_kappa(
                    one, two, categories=categories, weighting=weighting, level=level
                ),
            )
        )
    defined = [pair.kappa.estimate for pair in pairs if pair.kappa.estimate is not None]
    return PairwiseAgreement(
        pairs=tuple(pairs),
        mean_kappa=float(np.mean(defined)) if defined else None,
        n_defined=len(defined),
    )
