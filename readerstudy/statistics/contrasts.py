"""Statistics library: linear contrasts of estimates from any covariance matrix."""

from collections.abc import Mapping

import numpy as np

from readerstudy.statistics.inputs import DEFAULT_LEVEL, checked_level
from readerstudy.statistics.results import Comparison, Covariance
from readerstudy.statistics.tails import ROUNDING, comparison


def linear_contrast(
    cov: Covariance, weights: Mapping[str, float], *, level: float = DEFAULT_LEVEL
) -> Comparison:
    """Test a weighted sum of the estimates of a covariance result against zero.

    Estimate L'A, variance L'SL, standard normal reference. For DeLong's or Obuchowski's matrix
    ``delong.contrast`` and ``clustered.clustered_contrast`` keep more digits when two curves are
    nearly identical; this one serves jackknife, bootstrap and unbiased matrices.

    Parameters
    ----------
    cov : Covariance
        Estimates and their matrix.
    weights : mapping of str to float
        Weight per curve; curves left out have weight zero.
    level : float
        Confidence level.

    Returns
    -------
    Comparison
        With the status of the covariance where that is undefined.

    Raises
    ------
    ValueError
        If a weight names a curve that is not in the covariance.
    """
    checked_level(level)
    strange = sorted(set(weights) - set(cov.names))
    if strange:
        raise ValueError(f"weights name {strange}, which are not among {cov.names}")
    vector = np.array([weights.get(name, 0.0) for name in cov.names])
    estimate = variance = None
    if cov.estimates is not None:
        estimate = float(vector @ np.array(cov.estimates))
    if estimate is not None and cov.matrix is not None:
        variance = float(vector @ np.array(cov.matrix) @ vector)
        variance = 0.0 if abs(variance) <= ROUNDING**1.25 else variance
    result = comparison(
        estimate,
        variance,
        counts=(cov.n_positive, cov.n_negative),
        level=level,
        method=f"{cov.method}_wald",
    )
    if cov.matrix is None:
        return Comparison(**{**vars(result), "status": cov.status})
    return result
