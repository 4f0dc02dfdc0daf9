"""Statistics library: exact variances of empirical areas under the binormal model, for planning."""

import math
from dataclasses import dataclass

from scipy import integrate, special


@dataclass(frozen=True, kw_only=True)
class TwoAreas:
    """Expected standard errors of two areas on the same nodes, and their correlation."""

    standard_errors: tuple[float, float]
    correlation: float
    standard_error_of_difference: float


def two_areas(
    first: float, second: float, *, n_positive: int, n_negative: int, correlation: float
) -> TwoAreas:
    """Return the exact sampling variances of two empirical areas of binormal scores.

    The area is a U-statistic: its (co)variance is
    ((n - 1) z10 + (m - 1) z01 + z11)/(m n), with z from bivariate normal probabilities of a pair
    sharing its positive, its negative, or both. Hanley and McNeil's variance is the same
    expression with probabilities of exponential scores.

    Parameters
    ----------
    first, second : float
        Expected areas, within (0, 1).
    n_positive, n_negative : int
        Nodes per class.
    correlation : float
        Of the two latent scores of a node, given its class; within (-1, 1).

    Raises
    ------
    ValueError
        If a value is out of range.

    References
    ----------
    Bamber D. J Math Psychol 1975;12:387. doi:10.1016/0022-2496(75)90001-2
    Obuchowski NA. Radiology 2003;229:3. doi:10.1148/radiol.2291010898
    """
    if not (0 < first < 1 and 0 < second < 1 and -1 < correlation < 1):
        raise ValueError("need areas within (0, 1) and a correlation within (-1, 1)")
    if min(n_positive, n_negative) < 1:
        raise ValueError(f"need nodes of both classes, not {n_positive} and {n_negative}")
    counts = n_positive, n_negative
    variances = [_covariance(area, area, 1.0, counts) for area in (first, second)]
    shared = _covariance(first, second, correlation, counts)
    errors = math.sqrt(variances[0]), math.sqrt(variances[1])
    difference = math.sqrt(max(variances[0] + variances[1] - 2 * shared, 0.0))
    return TwoAreas(
        standard_errors=errors,
        correlation=shared / (errors[0] * errors[1]),
        standard_error_of_difference=difference,
    )


def difference_power(
    difference: float, standard_error: float, *, alpha: float = 0.05, margin: float = 0.0
) -> float:
    """Return the power of the normal test of a difference (or, with a margin, one-sided).

    Raises
    ------
    ValueError
        If the standard error is not positive, alpha not within (0, 1) or the margin negative.
    """
    if standard_error <= 0 or not 0 < alpha < 1 or margin < 0:
        raise ValueError("need standard_error > 0, alpha within (0, 1) and margin >= 0")
    quantile = float(special.ndtri(1 - alpha / 2))
    shift = (difference + margin) / standard_error
    power = float(special.ndtr(shift - quantile))
    return power if margin else power + float(special.ndtr(-shift - quantile))


def _covariance(first: float, second: float, correlation: float, counts: tuple[int, int]) -> float:
    m, n = counts
    a, b = float(special.ndtri(first)), float(special.ndtri(second))
    # A pair's score difference, in units of its SD: two pairs share half of it through one node.
    half = _both_below(a, b, correlation / 2) - first * second
    full = (min(first, second) if correlation == 1 else _both_below(a, b, correlation)) - (
        first * second
    )
    return ((n - 1) * half + (m - 1) * half + full) / (m * n)


def _both_below(a: float, b: float, correlation: float) -> float:
    """Return P(Z1 < a, Z2 < b) of standard normals, by Plackett's identity."""

    def density(r: float) -> float:
        left = 1 - r * r
        return math.exp(-(a * a - 2 * r * a * b + b * b) / (2 * left)) / (
            2 * math.pi * math.sqrt(left)
        )

    added, _ = integrate.quad(density, 0.0, correlation)
    return float(special.ndtr(a) * special.ndtr(b)) + float(added)
