"""Statistics library: the Hanley-McNeil (1982) standard error, for comparison with older papers."""

import math

from readerstudy.statistics.inputs import DEFAULT_LEVEL, checked_level
from readerstudy.statistics.results import Estimate, Status
from readerstudy.statistics.tails import normal_quantile, wald_interval


def hanley_mcneil(
    auc: float | None, *, n_positive: int, n_negative: int, level: float = DEFAULT_LEVEL
) -> Estimate:
    """Return the Hanley-McNeil standard error and interval of an AUC.

    The exponential approximation uses the AUC and the counts alone; DeLong's variance is the
    method of choice.

    Parameters
    ----------
    auc : float or None
        Area under the curve, None when a class is missing.
    n_positive, n_negative : int
        Nodes per class.
    level : float
        Confidence level.

    Returns
    -------
    Estimate
        Interval cut at [0, 1].

    Raises
    ------
    ValueError
        If the AUC or the level is out of range.

    References
    ----------
    Hanley JA, McNeil BJ. Radiology 1982;143:29. doi:10.1148/radiology.143.1.7063747
    """
    checked_level(level)
    n = n_positive + n_negative
    if auc is None:
        return Estimate(
            estimate=None, standard_error=None, interval=None, n=n, status=Status.CLASS_MISSING
        )
    if not 0 <= auc <= 1:
        raise ValueError(f"auc must lie between 0 and 1, not {auc}")
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (
        auc * (1 - auc) + (n_positive - 1) * (q1 - auc**2) + (n_negative - 1) * (q2 - auc**2)
    ) / (n_positive * n_negative)
    standard_error = math.sqrt(max(variance, 0.0))
    interval = wald_interval(
        auc,
        standard_error,
        quantile=normal_quantile(level),
        level=level,
        method="hanley_mcneil",
        bounds=(0.0, 1.0),
    )
    status = Status.ZERO_VARIANCE if standard_error == 0 else Status.OK
    return Estimate(
        estimate=auc, standard_error=standard_error, interval=interval, n=n, status=status
    )
