"""Statistics library: sample size and power for planning a study, closed forms."""

import math
from collections.abc import Callable

from scipy import special, stats

from readerstudy.statistics.hanley_mcneil import hanley_mcneil

DEFAULT_ALPHA = 0.05
MOST_UNITS = 10_000_000
FEWEST = 2


def design_effect(*, nodes_per_patient: float, correlation: float) -> float:
    """Return 1 + (m - 1) rho, by which clustering in patients inflates a variance.

    Parameters
    ----------
    nodes_per_patient : float
        Mean number of nodes per patient, at least 1.
    correlation : float
        Correlation of two nodes of a patient, within [0, 1].

    Raises
    ------
    ValueError
        If a value is out of range.

    References
    ----------
    Kish L. Survey Sampling, 1965, section 5.4.
    """
    if nodes_per_patient < 1 or not 0 <= correlation <= 1:
        raise ValueError(
            f"need nodes_per_patient >= 1 and correlation within [0, 1], "
            f"not {nodes_per_patient} and {correlation}"
        )
    return 1 + (nodes_per_patient - 1) * correlation


def nodes_for_proportion(
    expected: float, *, half_width: float, prevalence: float = 1.0, level: float = 0.95
) -> tuple[int, int]:
    """Return nodes of the class, and all nodes, that estimate a sensitivity this precisely.

    n = z^2 p (1 - p)/w^2, rounded up; all nodes n/prevalence, rounded up. For a specificity give
    1 - prevalence.

    Parameters
    ----------
    expected : float
        Expected sensitivity, within (0, 1).
    half_width : float
        Half the width of the Wald interval.
    prevalence : float
        Share of nodes of the class.
    level : float
        Confidence level.

    Raises
    ------
    ValueError
        If a value is out of range.

    References
    ----------
    Buderer NM. Acad Emerg Med 1996;3:895. doi:10.1111/j.1553-2712.1996.tb03538.x
    """
    _within(expected=expected, half_width=half_width, level=level)
    if not 0 < prevalence <= 1:
        raise ValueError(f"prevalence must lie within (0, 1], not {prevalence}")
    z = float(special.ndtri((1 + level) / 2))
    exact = z**2 * expected * (1 - expected) / half_width**2
    return math.ceil(exact), math.ceil(exact / prevalence)


def auc_difference_power(
    first: float,
    second: float,
    *,
    n_positive: int,
    n_negative: int,
    correlation: float,
    inflation: float = 1.0,
    margin: float = 0.0,
    alpha: float = DEFAULT_ALPHA,
) -> float:
    """Return the power to tell two areas on the same nodes apart (or non-inferiority).

    Variance of the difference = (v_1 + v_2 - 2 r sqrt(v_1 v_2)) x inflation, v from Hanley and
    McNeil. Two-sided test at alpha; with a margin the one-sided test of first - second > -margin
    at alpha/2.

    Parameters
    ----------
    first, second : float
        Expected areas, within (0, 1).
    n_positive, n_negative : int
        Nodes per class.
    correlation : float
        Correlation of the two estimated areas, within (-1, 1); from a pilot's covariance.
    inflation : float
        Design effect of patients, at least the value that shrinks nothing (> 0).
    margin : float
        Accepted loss, 0 for a test of difference.
    alpha : float
        Two-sided error.

    Raises
    ------
    ValueError
        If a value is out of range.

    References
    ----------
    Hanley JA, McNeil BJ. Radiology 1983;148:839. doi:10.1148/radiology.148.3.6878708
    """
    _within(first=first, second=second, alpha=alpha)
    if min(n_positive, n_negative) < 1 or not -1 < correlation < 1 or inflation <= 0 or margin < 0:
        raise ValueError(
            "need nodes in both classes, |correlation| < 1, inflation > 0, margin >= 0"
        )
    errors = [
        hanley_mcneil(area, n_positive=n_positive, n_negative=n_negative).standard_error or 0.0
        for area in (first, second)
    ]
    variance = errors[0] ** 2 + errors[1] ** 2 - 2 * correlation * errors[0] * errors[1]
    shift = (first - second + margin) / math.sqrt(variance * inflation)
    quantile = float(special.ndtri(1 - alpha / 2))
    power = float(special.ndtr(shift - quantile))
    return power if margin else power + float(special.ndtr(-shift - quantile))


def mcnemar_power(first_only: float, second_only: float, *, pairs: int, alpha: float) -> float:
    """Return the power of McNemar's test (Connor's normal approximation).

    power = Phi((|d| sqrt(n) - z sqrt(s))/sqrt(s - d^2)), s = sum and d = difference of the
    discordant probabilities.

    Parameters
    ----------
    first_only, second_only : float
        Expected shares of pairs only the first, only the second gets right.
    pairs : int
        Number of pairs.
    alpha : float
        Two-sided error.

    Raises
    ------
    ValueError
        If the shares are impossible or equal.

    References
    ----------
    Connor RJ. Biometrics 1987;43:207. doi:10.2307/2531961
    """
    _within(alpha=alpha)
    total, difference = first_only + second_only, abs(first_only - second_only)
    if min(first_only, second_only) < 0 or total > 1 or not difference or pairs < 1:
        raise ValueError(
            f"need different shares of at most 1 together and pairs >= 1, "
            f"not {first_only}, {second_only} and {pairs}"
        )
    z = float(special.ndtri(1 - alpha / 2))
    spread = math.sqrt(total - difference**2)
    top = difference * math.sqrt(pairs) - z * math.sqrt(total)
    return float(special.ndtr(top / spread)) if spread else float(top > 0)


def multi_reader_power(
    difference: float,
    *,
    readers: int,
    cases_factor: float,
    ms_treatment_reader: float,
    cov2_minus_cov3: float,
    var_minus_cov1: float,
    alpha: float = DEFAULT_ALPHA,
) -> float:
    """Return the power of two treatments over random readers and cases, from pilot components.

    Noncentral F with noncentrality r d^2/2 / (s + r c/k), s = TR component + (e - c)/k, where
    e = Var - Cov1, c = max(Cov2 - Cov3, 0), k the factor of cases over the pilot and the TR
    component = max(MS(TR) - e + c, 0); df2 = D^2/(s^2/(r - 1)).

    Parameters
    ----------
    difference : float
        Difference of the mean areas to detect.
    readers : int
        At least 2.
    cases_factor : float
        Cases of the new study over cases of the pilot.
    ms_treatment_reader, cov2_minus_cov3, var_minus_cov1 : float
        Of the pilot's ``ReaderAnova``.
    alpha : float

    Raises
    ------
    ValueError
        If a value is out of range or the components leave no variance.

    References
    ----------
    Hillis SL, Obuchowski NA, Berbaum KS. Acad Radiol 2011;18:129. doi:10.1016/j.acra.2010.09.007
    """
    _within(alpha=alpha)
    if readers < FEWEST or cases_factor <= 0:
        raise ValueError(f"need readers >= 2 and cases_factor > 0, not {readers}, {cases_factor}")
    shared = max(cov2_minus_cov3, 0.0)
    component = max(ms_treatment_reader - var_minus_cov1 + shared, 0.0)
    own = component + (var_minus_cov1 - shared) / cases_factor
    denominator = own + readers * shared / cases_factor
    if own <= 0 or denominator <= 0:
        raise ValueError("the pilot's components leave no variance; estimate them again")
    df2 = denominator**2 / (own**2 / (readers - 1))
    noncentrality = readers * difference**2 / 2 / denominator
    critical = float(stats.f.isf(alpha, 1, df2))
    return float(stats.ncf.sf(critical, 1, df2, noncentrality))


def smallest(power_of: Callable[[int], float], *, target: float, start: int = 2) -> int:
    """Return the smallest whole number whose power reaches the target (power rises with it).

    Parameters
    ----------
    power_of : callable
        Power for a number of nodes, pairs or readers.
    target : float
        Within (0, 1).
    start : int
        Smallest number to try.

    Raises
    ------
    ValueError
        If ten million do not reach it.
    """
    _within(target=target)
    low, high = start - 1, start
    while power_of(high) < target:
        low, high = high, 2 * high
        if high > MOST_UNITS:
            raise ValueError(f"even {low} do not reach a power of {target}")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(middle) >= target else (middle, high)
    return high


def _within(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {value}")
