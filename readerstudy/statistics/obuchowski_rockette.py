"""Statistics library: treatments x readers by Obuchowski and Rockette with Hillis' df."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from readerstudy.statistics.inputs import DEFAULT_LEVEL, FloatArray, IntArray, checked_level
from readerstudy.statistics.reader_anova import ReaderAnova, mean_covariances, reader_anova
from readerstudy.statistics.reader_effects import (
    Effect,
    JointTest,
    chi2_joint_test,
    effect,
    f_test,
)
from readerstudy.statistics.results import Covariance, Status
from readerstudy.statistics.tails import ROUNDING

FEWEST = 2


@dataclass(frozen=True, kw_only=True)
class TreatmentMean:
    """Mean area of one treatment, from that treatment's readers alone."""

    treatment: str
    estimate: float
    ms_reader: float | None
    var: float
    cov2: float | None
    random_readers: Effect
    fixed_readers: Effect
    fixed_cases: Effect


@dataclass(frozen=True, kw_only=True)
class TreatmentDifference:
    """Mean area of the first treatment minus that of the second."""

    first: str
    second: str
    difference: float
    random_readers: Effect
    fixed_readers: Effect
    fixed_readers_unconstrained: Effect
    fixed_cases: Effect


@dataclass(frozen=True, kw_only=True)
class ObuchowskiRockette:
    """A factorial study: every reader read every case with every treatment.

    Attributes
    ----------
    areas : tuple of tuple of float, shape (treatments, readers)
    anova : ReaderAnova or None
        None with one treatment, one reader, or an undefined covariance.
    random_readers, fixed_readers, fixed_readers_unconstrained, fixed_cases : JointTest
        Readers and cases random; readers fixed; the same without setting a negative
        Cov2 - Cov3 to zero; cases fixed.
    """

    treatments: tuple[str, ...]
    n_readers: int
    areas: tuple[tuple[float, ...], ...] | None
    covariance_method: str
    anova: ReaderAnova | None
    random_readers: JointTest
    fixed_readers: JointTest
    fixed_readers_unconstrained: JointTest
    fixed_cases: JointTest
    means: tuple[TreatmentMean, ...]
    differences: tuple[TreatmentDifference, ...]
    status: Status


def obuchowski_rockette(
    cov: Covariance,
    treatments: Mapping[str, Sequence[str]],
    *,
    level: float = DEFAULT_LEVEL,
) -> ObuchowskiRockette:
    """Compare treatments over readers who all read the same cases.

    With t treatments, r readers and d = max(Cov2 - Cov3, 0):

    - random readers and cases: F = MS(T)/D, D = MS(TR) + r d, df1 = t - 1,
      df2 = D^2 / (MS(TR)^2 / ((t - 1)(r - 1))) (Hillis 2007, eqs. 6 and 9);
    - fixed readers: chi-square = (t - 1) MS(T)/(Var - Cov1 + (r - 1) d), df = t - 1;
    - fixed cases: F = MS(T)/MS(TR), df2 = (t - 1)(r - 1);
    - difference of two means: SE = sqrt(2 D / r) with the D of the case at hand;
    - one mean: SE = sqrt((MS(R) + r max(Cov2, 0))/r), Hillis' df.

    Parameters
    ----------
    cov : Covariance
        Areas and their covariance over the *same* nodes: from ``delong.covariance``,
        ``jackknife.node_jackknife`` (equals DBM), ``unbiased.unbiased_covariance``,
        ``clustered.clustered_covariance`` or ``bootstrap.bootstrap_covariance``.
    treatments : mapping of str to sequence of str
        Curve names per treatment, in the same order of readers.
    level : float
        Confidence level.

    Returns
    -------
    ObuchowskiRockette
        Status ``too_few_readers`` with one reader: only the fixed-reader results exist.

    Raises
    ------
    ValueError
        If treatments differ in their number of readers, a curve is not in the covariance or
        appears twice.

    References
    ----------
    Obuchowski NA, Rockette HE. Commun Stat Simul Comput 1995;24:285.
    doi:10.1080/03610919508813243
    Hillis SL. Stat Med 2007;26:596. doi:10.1002/sim.2532
    """
    checked_level(level)
    positions = _positions(cov, treatments)
    t, r = positions.shape
    names = tuple(treatments)
    if cov.estimates is None or cov.matrix is None:
        return _undefined(cov, names, r)
    areas = np.array(cov.estimates)[positions]
    flat = positions.ravel()
    blocks = np.array(cov.matrix)[np.ix_(flat, flat)].reshape(t, r, t, r)
    anova = reader_anova(areas, blocks) if t >= FEWEST and r >= FEWEST else None
    pairs = _pair_variances(anova, areas, blocks, r)
    return ObuchowskiRockette(
        treatments=names,
        n_readers=r,
        areas=tuple(tuple(map(float, row)) for row in areas),
        covariance_method=cov.method,
        anova=anova,
        **_joint_tests(areas, pairs),
        means=tuple(
            _mean(name, areas[i], blocks[i, :, i, :], level) for i, name in enumerate(names)
        ),
        differences=tuple(
            _difference(
                (names[i], names[j]), float(areas[i].mean() - areas[j].mean()), pairs, level
            )
            for i, j in itertools.combinations(range(t), 2)
        ),
        status=Status.OK if r >= FEWEST else Status.TOO_FEW_READERS,
    )


def _positions(cov: Covariance, treatments: Mapping[str, Sequence[str]]) -> IntArray:
    sizes = {len(curves) for curves in treatments.values()}
    if len(sizes) != 1 or 0 in sizes:
        raise ValueError(f"treatments must each list the same readers, not {dict(treatments)}")
    flat = [curve for curves in treatments.values() for curve in curves]
    strange = sorted(set(flat) - set(cov.names))
    if strange or len(set(flat)) != len(flat):
        raise ValueError(f"treatments must name curves of the covariance once each: {strange}")
    numbers = [cov.names.index(curve) for curve in flat]
    return np.asarray(numbers, dtype=np.int64).reshape(len(treatments), -1)


@dataclass(frozen=True, kw_only=True)
class _PairVariances:
    """D of each assumption: SE of a difference = sqrt(2 D / r); None where undefined."""

    random_readers: float | None
    fixed_readers: float | None
    fixed_readers_unconstrained: float | None
    fixed_cases: float | None
    random_df: float | None
    cases_df: float
    n_readers: int


def _pair_variances(
    anova: ReaderAnova | None, areas: FloatArray, blocks: FloatArray, r: int
) -> _PairVariances:
    t = len(areas)
    var, cov1, cov2, cov3 = mean_covariances(blocks)
    shared = max(cov2 - cov3, 0.0)
    cases_df = float((t - 1) * (r - 1))
    random = fixed_cases = random_df = None
    if anova is not None:
        fixed_cases = anova.ms_treatment_reader
        random = fixed_cases + r * shared
        # Hillis 2007, eq. 9; without reader variation the statistic is a chi-square.
        random_df = random**2 / (fixed_cases**2 / cases_df) if fixed_cases > 0 else math.inf
    return _PairVariances(
        random_readers=random,
        fixed_readers=var - cov1 + (r - 1) * shared,
        fixed_readers_unconstrained=var - cov1 + (r - 1) * (cov2 - cov3),
        fixed_cases=fixed_cases,
        random_df=random_df,
        cases_df=cases_df,
        n_readers=r,
    )


def _joint_tests(areas: FloatArray, pairs: _PairVariances) -> dict[str, JointTest]:
    t, r = areas.shape
    means = areas.mean(axis=1)
    ms_t = float(r * ((means - means.mean()) ** 2).sum() / (t - 1)) if t >= FEWEST else 0.0
    return {
        "random_readers": f_test(ms_t, pairs.random_readers, t - 1, pairs.random_df),
        "fixed_readers": chi2_joint_test(ms_t, pairs.fixed_readers, t - 1),
        "fixed_readers_unconstrained": chi2_joint_test(
            ms_t, pairs.fixed_readers_unconstrained, t - 1
        ),
        "fixed_cases": f_test(ms_t, pairs.fixed_cases, t - 1, pairs.cases_df),
    }


def _difference(
    names: tuple[str, str], difference: float, pairs: _PairVariances, level: float
) -> TreatmentDifference:
    scale = 2 / pairs.n_readers

    def one(variance: float | None, df: float | None, method: str) -> Effect:
        scaled = None if variance is None else scale * variance
        return effect(difference, scaled, df, level=level, method=method)

    return TreatmentDifference(
        first=names[0],
        second=names[1],
        difference=difference,
        random_readers=one(pairs.random_readers, pairs.random_df, "or_random_readers"),
        fixed_readers=one(pairs.fixed_readers, None, "or_fixed_readers"),
        fixed_readers_unconstrained=one(
            pairs.fixed_readers_unconstrained, None, "or_fixed_readers_unconstrained"
        ),
        fixed_cases=one(pairs.fixed_cases, pairs.cases_df, "or_fixed_cases"),
    )


def _mean(name: str, areas: FloatArray, block: FloatArray, level: float) -> TreatmentMean:
    r = len(areas)
    estimate, var = float(areas.mean()), float(np.diag(block).mean())
    ms_reader = cov2 = random = random_df = cases = None
    if r >= FEWEST:
        cov2 = float(block[~np.eye(r, dtype=bool)].mean())
        ms_reader = float(areas.var(ddof=1))
        ms_reader = 0.0 if ms_reader <= ROUNDING**2 else ms_reader
        cases = ms_reader / r
        random = cases + max(cov2, 0.0)
        random_df = random**2 / (cases**2 / (r - 1)) if cases > 0 else math.inf
    fixed = (var + (r - 1) * (cov2 or 0.0)) / r
    return TreatmentMean(
        treatment=name,
        estimate=estimate,
        ms_reader=ms_reader,
        var=var,
        cov2=cov2,
        random_readers=effect(estimate, random, random_df, level=level, method="or_random_readers"),
        fixed_readers=effect(estimate, fixed, None, level=level, method="or_fixed_readers"),
        fixed_cases=effect(estimate, cases, r - 1.0, level=level, method="or_fixed_cases"),
    )


def _undefined(cov: Covariance, names: tuple[str, ...], r: int) -> ObuchowskiRockette:
    def empty(reference: str) -> JointTest:
        return JointTest(
            statistic=None,
            numerator_df=float(len(names) - 1),
            denominator_df=None,
            p=None,
            reference=reference,
            status=cov.status,
        )

    return ObuchowskiRockette(
        treatments=names,
        n_readers=r,
        areas=None,
        covariance_method=cov.method,
        anova=None,
        random_readers=empty("F"),
        fixed_readers=empty("chi2"),
        fixed_readers_unconstrained=empty("chi2"),
        fixed_cases=empty("F"),
        means=(),
        differences=(),
        status=cov.status,
    )
