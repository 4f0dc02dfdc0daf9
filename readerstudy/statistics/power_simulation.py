"""Statistics library: power, error and coverage of a planned study by simulation."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import special

from readerstudy.statistics.inputs import BoolArray, FloatArray
from readerstudy.statistics.planned_study import DesignError, PlannedStudy, draw
from readerstudy.statistics.proportions import wilson
from readerstudy.statistics.simulated_tests import Outcomes, analyse, gathered

ROUNDING = 1e-12
OVER_MEAN = (
    "mean_delong",
    "mean_clustered",
    "mean_random_readers",
    "mean_random_readers_clustered",
)


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of simulated studies with its Monte Carlo interval (Wilson, 95%)."""

    numerator: int
    denominator: int
    value: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, kw_only=True)
class ComparisonSummary:
    """One test over all simulated studies.

    Attributes
    ----------
    name : str
        ``reader_<n>`` (paired DeLong), ``mean_delong``, ``mean_clustered``,
        ``mean_random_readers`` or ``mean_random_readers_clustered``.
    expected : float
        The difference (model minus reader) that the plan holds.
    significant : Share
        Studies that concluded, among all: power, or the error where the hypothesis is true. An
        undefined test does not conclude.
    coverage : Share
        Intervals at 1 - alpha that hold the expected difference, among the defined ones.
    mean, bias, empirical_se, mean_se : float or None
        Of the difference, over the studies in which it is defined.
    undefined : int
    """

    name: str
    expected: float
    significant: Share
    coverage: Share
    mean: float | None
    bias: float | None
    empirical_se: float | None
    mean_se: float | None
    undefined: int


@dataclass(frozen=True, kw_only=True)
class AreaSummary:
    """One curve over all simulated studies; coverage of its Wald intervals at 1 - alpha."""

    name: str
    expected: float
    mean: float | None
    bias: float | None
    monte_carlo_error: float | None
    delong_coverage: Share
    clustered_coverage: Share


def replicate(study: PlannedStudy, *, seed: int, start: int, stop: int) -> Outcomes:
    """Draw and analyse studies ``start`` to ``stop`` (excluded).

    Each study has its own generator, a child of the seed by its number, so that the numbers do
    not depend on how the studies are divided into calls.

    Parameters
    ----------
    study : PlannedStudy
    seed : int
    start, stop : int

    Returns
    -------
    Outcomes

    Raises
    ------
    ValueError
        If no study is asked for.
    """
    if not 0 <= start < stop:
        raise ValueError(f"need 0 <= start < stop, not {start} and {stop}")
    parts = []
    for number in range(start, stop):
        sequence = np.random.SeedSequence(entropy=seed, spawn_key=(number,))
        parts.append(analyse(draw(study, np.random.default_rng(sequence))))
    return gathered(parts)


def null_study(study: PlannedStudy, *, margin: float = 0.0) -> PlannedStudy:
    """Return the plan with the model exactly as good as the reader mean, less the margin.

    Under it the share of significant tests of the mean is the type I error.

    Raises
    ------
    DesignError
        If the margin leaves no area to the model.
    """
    area = study.reader_mean_area - margin
    if not 0 < area < 1:
        raise DesignError("margin", f"margin must leave an area above 0, not {area:.3g}.")
    return replace(study, model=replace(study.model, auc=area))


def summarise_tests(
    study: PlannedStudy, outcomes: Outcomes, *, alpha: float = 0.05, margin: float | None = None
) -> tuple[ComparisonSummary, ...]:
    """Summarise every test over the simulated studies.

    Parameters
    ----------
    study : PlannedStudy
    outcomes : Outcomes
    alpha : float
        Two-sided; non-inferiority is tested one-sided at alpha/2.
    margin : float, optional
        Positive, for non-inferiority of the model; None: test of a difference.

    Returns
    -------
    tuple of ComparisonSummary
        Readers in their order, then the mean as in ``OVER_MEAN``.

    Raises
    ------
    DesignError
        If alpha or the margin is out of range.
    """
    check_hypothesis(alpha, margin)
    names = [f"reader_{n}" for n in range(1, len(study.readers) + 1)]
    areas = [reader.area for reader in study.readers] + [study.reader_mean_area] * len(OVER_MEAN)
    model = study.model.area
    return tuple(
        _comparison_summary(name, model - area, outcomes.tests[:, column], alpha, margin)
        for column, (name, area) in enumerate(zip([*names, *OVER_MEAN], areas, strict=True))
    )


def check_hypothesis(alpha: float, margin: float | None) -> None:
    """Refuse an error or a margin that no test has (DesignError)."""
    if not 0 < alpha < 1:
        raise DesignError("alpha", f"alpha must lie between 0 and 1, not {alpha}.")
    if margin is not None and not 0 < margin < 1:
        raise DesignError("margin", f"margin must lie between 0 and 1, not {margin}.")


def _comparison_summary(
    name: str, expected: float, rows: FloatArray, alpha: float, margin: float | None
) -> ComparisonSummary:
    difference, error, df = rows.T
    defined = np.isfinite(difference) & (error > ROUNDING)
    significant = defined & _concludes(difference, error, df, alpha, margin)
    kept, errors = difference[defined], error[defined]
    covered = np.abs(kept - expected) <= _quantile(alpha, df[defined]) * errors
    mean = float(kept.mean()) if kept.size else None
    return ComparisonSummary(
        name=name,
        expected=expected,
        significant=share(significant),
        coverage=share(covered),
        mean=mean,
        bias=None if mean is None else mean - expected,
        empirical_se=float(kept.std(ddof=1)) if kept.size > 1 else None,
        mean_se=float(errors.mean()) if kept.size else None,
        undefined=int((~defined).sum()),
    )


def _concludes(
    difference: FloatArray, error: FloatArray, df: FloatArray, alpha: float, margin: float | None
) -> BoolArray:
    limit = _quantile(alpha, df) * error
    with np.errstate(invalid="ignore"):
        if margin is None:
            return np.asarray(np.abs(difference) > limit)
        return np.asarray(difference - limit > -margin)


def _quantile(alpha: float, df: FloatArray) -> FloatArray:
    return np.asarray(special.stdtrit(df, 1 - alpha / 2), dtype=np.float64)


def share(hits: BoolArray) -> Share:
    """Return the share of hits with its Wilson interval; undefined when there is nothing."""
    hit, n = int(hits.sum()), hits.size
    if not n:
        return Share(numerator=0, denominator=0, value=None, lower=None, upper=None)
    found = wilson(hit, n)
    return Share(numerator=hit, denominator=n, value=hit / n, lower=found.lower, upper=found.upper)


def summarise_areas(
    study: PlannedStudy, outcomes: Outcomes, *, alpha: float = 0.05
) -> tuple[AreaSummary, ...]:
    """Summarise each curve's area: its bias, and the coverage of DeLong's and patients' intervals.

    Parameters
    ----------
    study : PlannedStudy
    outcomes : Outcomes
    alpha : float

    Returns
    -------
    tuple of AreaSummary
        The model first.
    """
    names = ["model", *(f"reader_{n}" for n in range(1, len(study.readers) + 1))]
    expected = [study.model.area, *(reader.area for reader in study.readers)]
    return tuple(
        _area_summary(name, area, outcomes, column, alpha)
        for column, (name, area) in enumerate(zip(names, expected, strict=True))
    )


def _area_summary(
    name: str, expected: float, outcomes: Outcomes, column: int, alpha: float
) -> AreaSummary:
    areas = outcomes.areas[:, column]
    kept = areas[np.isfinite(areas)]
    mean = float(kept.mean()) if kept.size else None
    shares = []
    for variances in (
        outcomes.delong_variances[:, column],
        outcomes.clustered_variances[:, column],
    ):
        defined = np.isfinite(areas) & np.isfinite(variances)
        half = special.ndtri(1 - alpha / 2) * np.sqrt(np.maximum(variances[defined], 0.0))
        shares.append(share(np.abs(areas[defined] - expected) <= half + ROUNDING))
    return AreaSummary(
        name=name,
        expected=expected,
        mean=mean,
        bias=None if mean is None else mean - expected,
        monte_carlo_error=float(kept.std(ddof=1)) / math.sqrt(kept.size) if kept.size > 1 else None,
        delong_coverage=shares[0],
        clustered_coverage=shares[1],
    )


def sizes(outcomes: Outcomes) -> dict[str, Any]:
    """Return mean numbers of nodes, and how many studies lack a class or two patients of it."""
    nodes, positive, patients = outcomes.nodes.T
    return {
        "nodes": float(nodes.mean()),
        "positive_nodes": float(positive.mean()),
        "positive_patients": float(patients.mean()),
        "class_missing": int(((positive == 0) | (positive == nodes)).sum()),
    }
