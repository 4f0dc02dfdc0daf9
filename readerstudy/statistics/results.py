"""Statistics library: the frozen result types, where undefined is None with a named status."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Why a number is there, is degenerate, or is missing."""

    OK = "ok"
    ZERO_VARIANCE = "zero_variance"
    ZERO_VARIANCE_ZERO_DIFFERENCE = "zero_variance_zero_difference"
    ZERO_VARIANCE_NONZERO_DIFFERENCE = "zero_variance_nonzero_difference"
    VARIANCE_UNDEFINED = "variance_undefined"
    VARIANCE_NEGATIVE = "variance_negative"
    NO_STANDARD_ERROR = "no_standard_error"
    CLASS_MISSING = "class_missing"
    DENOMINATOR_ZERO = "denominator_zero"
    ONE_CATEGORY = "one_category"
    TOO_FEW_READERS = "too_few_readers"
    TOO_FEW_TREATMENTS = "too_few_treatments"
    TOO_FEW_CATEGORIES = "too_few_categories"
    TOO_FEW_NODES = "too_few_nodes"
    TOO_FEW_PATIENTS = "too_few_patients"
    SINGULAR_COVARIANCE = "singular_covariance"
    RESAMPLES_ONE_SIDED = "resamples_one_sided"
    PREDICTION_AT_BORDER = "prediction_at_border"
    SEPARATED = "separated"


STATUS_SENTENCES = {
    Status.OK: "",
    Status.ZERO_VARIANCE: "The estimated variance is zero; the interval has no width and says "
    "nothing about uncertainty.",
    Status.ZERO_VARIANCE_ZERO_DIFFERENCE: "The two curves rank every node alike; Z = 0, P = 1.",
    Status.ZERO_VARIANCE_NONZERO_DIFFERENCE: "The estimated variance of a non-zero difference is "
    "zero; no finite Z exists.",
    Status.VARIANCE_UNDEFINED: "A class has fewer than two units; the variance is undefined.",
    Status.VARIANCE_NEGATIVE: "The variance estimate is negative; too few patients.",
    Status.NO_STANDARD_ERROR: "No standard error is given for this coefficient.",
    Status.CLASS_MISSING: "Only one class is present; there is no ROC curve.",
    Status.DENOMINATOR_ZERO: "The denominator is zero; the proportion is undefined.",
    Status.ONE_CATEGORY: "Only one category was used; chance agreement is 1 and kappa undefined.",
    Status.TOO_FEW_READERS: "Fewer than two readers.",
    Status.TOO_FEW_TREATMENTS: "Fewer than two treatments; there is nothing to compare.",
    Status.TOO_FEW_CATEGORIES: "Fewer than two rows or columns hold a count; there is no test.",
    Status.TOO_FEW_NODES: "Fewer than two nodes that can be used.",
    Status.TOO_FEW_PATIENTS: "Fewer than two patients that can be used.",
    Status.SINGULAR_COVARIANCE: "The covariance matrix is singular; the joint test is undefined.",
    Status.RESAMPLES_ONE_SIDED: "All resamples lie on one side of the estimate; there are no "
    "bias-corrected limits.",
    Status.PREDICTION_AT_BORDER: "A predicted probability is exactly 0 or 1 and has no logit.",
    Status.SEPARATED: "The predictions separate the classes; the logistic slope is infinite.",
}
"""One sentence per status, for the reports."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A confidence interval with its method and level.

    Attributes
    ----------
    lower, upper : float
        Limits as reported, cut at the borders of the parameter's range.
    lower_unclipped, upper_unclipped : float
        Limits as computed.
    method : str
        Name of the method, for example ``"delong_wald"``.
    level : float
        Confidence level, between 0 and 1.
    degenerate : bool
        True when the interval has no width because a variance was estimated as zero.
    warning : str or None
        A sentence to print beside a degenerate interval.
    """

    lower: float
    upper: float
    lower_unclipped: float
    upper_unclipped: float
    method: str
    level: float
    degenerate: bool = False
    warning: str | None = None


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One estimated number with its standard error, interval and number of units."""

    estimate: float | None
    standard_error: float | None
    interval: Interval | None
    n: int
    status: Status


@dataclass(frozen=True, kw_only=True)
class AucEstimate:
    """An area under the ROC curve; ``n`` counts nodes."""

    estimate: float | None
    variance: float | None
    standard_error: float | None
    interval: Interval | None
    logit_interval: Interval | None
    n: int
    n_positive: int
    n_negative: int
    status: Status


@dataclass(frozen=True, kw_only=True)
class TestResult:
    """A test statistic with its tails.

    Attributes
    ----------
    statistic, p_two_sided, p_greater, p_less : float or None
        None where the test is undefined.
    degrees_of_freedom : float or None
        None for a normal reference.
    reference : str
        ``"normal"``, ``"t"``, ``"chi2"`` or ``"binomial"``.
    """

    __test__ = False

    statistic: float | None
    p_two_sided: float | None
    p_greater: float | None
    p_less: float | None
    degrees_of_freedom: float | None
    reference: str
    status: Status


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A linear contrast of estimates (usually first minus second) and its test."""

    estimate: float | None
    standard_error: float | None
    interval: Interval | None
    test: TestResult
    n: int
    n_positive: int
    n_negative: int
    status: Status


@dataclass(frozen=True, kw_only=True)
class Covariance:
    """AUCs of several curves on the same nodes and their covariance matrix.

    Attributes
    ----------
    names : tuple of str
        Curve names; the order of ``estimates`` and of both axes of ``matrix``.
    estimates : tuple of float or None
        AUC per curve; None when a class is missing.
    matrix : tuple of tuple of float, or None
        Covariances, shape (curves, curves); None when undefined.
    method : str
        ``"delong"`` or ``"obuchowski_clustered"``.
    """

    names: tuple[str, ...]
    estimates: tuple[float, ...] | None
    matrix: tuple[tuple[float, ...], ...] | None
    method: str
    n: int
    n_positive: int
    n_negative: int
    status: Status
