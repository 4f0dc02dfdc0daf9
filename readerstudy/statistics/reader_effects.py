"""Statistics library: tests of treatment effects under one assumption about readers and cases."""

import math
from dataclasses import dataclass

from scipy import stats

from readerstudy.statistics.results import Interval, Status, TestResult
from readerstudy.statistics.tails import (
    ROUNDING,
    normal_quantile,
    normal_test,
    t_quantile,
    t_test,
    undefined_test,
    wald_interval,
)

ZERO = ROUNDING**1.25
"""A variance at or below this differs from zero by rounding alone."""


@dataclass(frozen=True, kw_only=True)
class JointTest:
    """Test that all treatments have the same mean area; None where it is undefined.

    ``reference`` is ``"F"`` or ``"chi2"`` (then ``denominator_df`` is None).
    """

    statistic: float | None
    numerator_df: float
    denominator_df: float | None
    p: float | None
    reference: str
    status: Status


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A mean area or a difference of two, under one assumption about readers and cases.

    ``degrees_of_freedom`` None means a normal reference. ``test`` is of zero.
    """

    estimate: float
    standard_error: float | None
    degrees_of_freedom: float | None
    interval: Interval | None
    test: TestResult
    status: Status


def _joint_status(denominator: float | None, df1: int, ms_t: float) -> Status:
    if df1 < 1:
        return Status.TOO_FEW_TREATMENTS
    if denominator is None:
        return Status.TOO_FEW_READERS
    if denominator < -ROUNDING:
        return Status.VARIANCE_NEGATIVE
    if denominator > ZERO:
        return Status.OK
    if ms_t <= ROUNDING:
        return Status.ZERO_VARIANCE_ZERO_DIFFERENCE
    return Status.ZERO_VARIANCE_NONZERO_DIFFERENCE


def f_test(ms_t: float, denominator: float | None, df1: int, df2: float | None) -> JointTest:
    """Refer MS(T)/D to the F distribution; infinite ``df2`` is a chi-square over ``df1``."""
    status = _joint_status(denominator, df1, ms_t)
    statistic = p = None
    if status is Status.OK and denominator is not None and df2 is not None:
        statistic = ms_t / denominator
        if math.isinf(df2):
            p = float(stats.chi2.sf(df1 * statistic, df1))
        else:
            p = float(stats.f.sf(statistic, df1, df2))
    return JointTest(
        statistic=statistic,
        numerator_df=float(df1),
        denominator_df=None if df2 is None or math.isinf(df2) else df2,
        p=p,
        reference="F",
        status=status,
    )


def chi2_joint_test(ms_t: float, denominator: float | None, df1: int) -> JointTest:
    """Refer (t - 1) MS(T)/D to the chi-square distribution."""
    status = _joint_status(denominator, df1, ms_t)
    statistic = p = None
    if status is Status.OK and denominator is not None:
        statistic = df1 * ms_t / denominator
        p = float(stats.chi2.sf(statistic, df1))
    return JointTest(
        statistic=statistic,
        numerator_df=float(df1),
        denominator_df=None,
        p=p,
        reference="chi2",
        status=status,
    )


def effect(
    estimate: float, variance: float | None, df: float | None, *, level: float, method: str
) -> Effect:
    """Assemble one row; ``df`` None or infinite is a normal reference."""
    status = _effect_status(estimate, variance)
    df = None if df is None or math.isinf(df) else df
    if variance is None or status is Status.VARIANCE_NEGATIVE:
        return Effect(
            estimate=estimate,
            standard_error=None,
            degrees_of_freedom=df,
            interval=None,
            test=undefined_test(status, "normal" if df is None else "t"),
            status=status,
        )
    standard_error = 0.0 if status is not Status.OK else math.sqrt(variance)
    test = undefined_test(status, "normal" if df is None else "t")
    if status is Status.OK:
        z = estimate / standard_error
        test = normal_test(z) if df is None else t_test(z, df)
    return Effect(
        estimate=estimate,
        standard_error=standard_error,
        degrees_of_freedom=df,
        interval=wald_interval(
            estimate,
            standard_error,
            quantile=normal_quantile(level) if df is None else t_quantile(level, df),
            level=level,
            method=method,
            bounds=(-math.inf, math.inf),
        ),
        test=test,
        status=status,
    )


def _effect_status(estimate: float, variance: float | None) -> Status:
    if variance is None:
        return Status.TOO_FEW_READERS
    if variance < -ROUNDING:
        return Status.VARIANCE_NEGATIVE
    if variance > ZERO:
        return Status.OK
    if abs(estimate) <= ROUNDING:
        return Status.ZERO_VARIANCE_ZERO_DIFFERENCE
    return Status.ZERO_VARIANCE_NONZERO_DIFFERENCE
