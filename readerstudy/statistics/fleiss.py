"""Statistics library: Fleiss' kappa with standard errors, intervals and per-category values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readerstudy.statistics.inputs import (
    DEFAULT_LEVEL,
    FloatArray,
    Identifiers,
    checked_level,
    group_indices,
)
from readerstudy.statistics.ratings import KAPPA_BOUNDS, category_counts, kappa_influence
from readerstudy.statistics.results import Estimate, Status, TestResult
from readerstudy.statistics.tails import (
    ROUNDING,
    normal_test,
    t_quantile,
    undefined_test,
    wald_interval,
)

FEWEST = 2
LANDIS_KOCH = (
    (0.20, "slight"),
    (0.40, "fair"),
    (0.60, "moderate"),
    (0.80, "substantial"),
    (1.00, "almost perfect"),
)


@dataclass(frozen=True, kw_only=True)
class FleissKappa:
    """Fleiss' kappa of the complete rows, and of all available data beside it.

    Attributes
    ----------
    kappa : float or None
        On the rows that every reader called.
    se_null : float or None
        Under the hypothesis of chance agreement: for ``test`` only, never for an interval.
    gwet : Estimate
        Kappa of the complete rows with Gwet's standard error and t interval (n - 1 df).
    jackknife_node, jackknife_patient : Estimate or None
        The same kappa with a delete-one jackknife; by patient None without patient identifiers.
    available : Estimate
        Gwet's extension to missing calls (every row with a call), with his standard error.
    per_category : tuple of float or None
        Kappa of each category against the rest.
    landis_koch : str or None
        The word for the size of ``kappa``.
    """

    categories: tuple[int, ...]
    n_nodes: int
    n_complete: int
    n_incomplete: int
    n_readers: int
    proportions: tuple[float, ...] | None
    observed_agreement: float | None
    chance_agreement: float | None
    kappa: float | None
    se_null: float | None
    test: TestResult
    per_category: tuple[float | None, ...]
    per_category_se_null: float | None
    gwet: Estimate
    jackknife_node: Estimate
    jackknife_patient: Estimate | None
    available: Estimate
    landis_koch: str | None
    status: Status


def landis_koch(kappa: float | None) -> str | None:
    """Return the word of Landis and Koch (1977) for a kappa, None for an undefined one."""
    if kappa is None:
        return None
    if kappa < 0:
        return "poor"
    return next(word for limit, word in LANDIS_KOCH if kappa <= limit + ROUNDING)


def fleiss_kappa(
    ratings: npt.ArrayLike,
    *,
    categories: Sequence[int],
    patients: Identifiers | None = None,
    level: float = DEFAULT_LEVEL,
) -> FleissKappa:
    """Compute Fleiss' kappa.

    Parameters
    ----------
    ratings : array_like, shape (nodes, readers)
        Category per node and reader, NaN or None where there is no call.
    categories : sequence of int
        The full list of categories, used or not.
    patients : sequence, length nodes, optional
        Patient of each node, for the delete-one-patient jackknife.
    level : float
        Confidence level.

    Returns
    -------
    FleissKappa
        Undefined (None) with status ``one_category`` when chance agreement is 1.

    Raises
    ------
    ValueError
        If a rating is not in ``categories`` or the lengths differ.

    References
    ----------
    Fleiss JL. Psychol Bull 1971;76:378. doi:10.1037/h0031619
    Fleiss JL, Nee JCM, Landis JR. Psychol Bull 1979;86:974. doi:10.1037/0033-2909.86.5.974
    Gwet KL. Handbook of Inter-Rater Reliability, 4th ed. 2014, chapter 5.
    """
    checked_level(level)
    counts, n_readers = category_counts(ratings, categories)
    if patients is not None and len(patients) != len(counts):
        raise ValueError(f"patients must have length {len(counts)}, not {len(patients)}")
    full_rows = counts.sum(axis=1) == n_readers
    complete = counts[full_rows]
    status = _status(complete, n_readers)
    kappa, observed, chance = _agreement(complete, n_readers)
    se_null = _se_null(complete, n_readers) if status is Status.OK else None
    by_patient = None
    if patients is not None:
        kept = group_indices(patients)[0][full_rows]
        by_patient = _jackknife(complete, n_readers, kept, "jackknife_patient", level)
    return FleissKappa(
        categories=tuple(categories),
        n_nodes=len(counts),
        n_complete=len(complete),
        n_incomplete=len(counts) - len(complete),
        n_readers=n_readers,
        proportions=tuple(map(float, complete.mean(axis=0) / n_readers)) if len(complete) else None,
        observed_agreement=observed,
        chance_agreement=chance,
        kappa=kappa,
        se_null=se_null,
        test=_null_test(kappa, se_null, status),
        per_category=_per_category(complete, n_readers),
        per_category_se_null=_per_category_se(len(complete), n_readers),
        gwet=_gwet(complete, level),
        jackknife_node=_jackknife(
            complete, n_readers, range(len(complete)), "jackknife_node", level
        ),
        jackknife_patient=by_patient,
        available=_gwet(counts, level),
        landis_koch=landis_koch(kappa),
        status=status,
    )


def _status(complete: FloatArray, n_readers: int) -> Status:
    if n_readers < FEWEST:
        return Status.TOO_FEW_READERS
    if len(complete) < 1:
        return Status.TOO_FEW_NODES
    if (complete.sum(axis=0) > 0).sum() < FEWEST:
        return Status.ONE_CATEGORY
    return Status.OK


def _agreement(
    complete: FloatArray, n_readers: int
) -> tuple[float | None, float | None, float | None]:
    if n_readers < FEWEST or not len(complete):
        return None, None, None
    pairs = n_readers * (n_readers - 1)
    observed = float(((complete * (complete - 1)).sum(axis=1) / pairs).mean())
    chance = float(((complete.mean(axis=0) / n_readers) ** 2).sum())
    if (complete.sum(axis=0) > 0).sum() < FEWEST:
        return None, observed, chance
    return (observed - chance) / (1 - chance), observed, chance


def _se_null(complete: FloatArray, n_readers: int) -> float:
    p = complete.mean(axis=0) / n_readers
    q = 1 - p
    total = float((p * q).sum())
    # Fleiss, Nee and Landis 1979, eq. 12.
    inner = total**2 - float((p * q * (q - p)).sum())
    pairs = len(complete) * n_readers * (n_readers - 1)
    return math.sqrt(2 * max(inner, 0.0) / pairs) / total


def _null_test(kappa: float | None, se_null: float | None, status: Status) -> TestResult:
    if kappa is None or not se_null:
        return undefined_test(status if kappa is None else Status.ZERO_VARIANCE)
    return normal_test(kappa / se_null)


def _per_category(complete: FloatArray, n_readers: int) -> tuple[float | None, ...]:
    if n_readers < FEWEST or not len(complete):
        return tuple(None for _ in range(complete.shape[1]))
    p = complete.mean(axis=0) / n_readers
    disagreement = (complete * (n_readers - complete)).sum(axis=0)
    pairs = len(complete) * n_readers * (n_readers - 1)
    return tuple(
        1 - float(disagreement[j]) / (pairs * share * (1 - share)) if 0 < share < 1 else None
        for j, share in enumerate(map(float, p))
    )


def _per_category_se(n_complete: int, n_readers: int) -> float | None:
    pairs = n_complete * n_readers * (n_readers - 1)
    return math.sqrt(2 / pairs) if pairs else None


def _gwet(counts: FloatArray, level: float) -> Estimate:
    influence = kappa_influence(counts, np.eye(counts.shape[1]), chance="fleiss")
    return influence.estimate(method="gwet_t", level=level)


def _jackknife(
    complete: FloatArray, n_readers: int, groups: Identifiers, method: str, level: float
) -> Estimate:
    """Delete one group (node or patient) at a time; t interval with groups - 1 df."""
    indices, n_groups = group_indices(groups)
    kappa = _agreement(complete, n_readers)[0]
    deleted = _deleted_kappas(complete, n_readers, indices, n_groups) if kappa is not None else None
    if kappa is None or deleted is None or n_groups < FEWEST:
        status = _status(complete, n_readers)
        if status is Status.OK:
            status = Status.VARIANCE_UNDEFINED if n_groups >= FEWEST else Status.TOO_FEW_PATIENTS
        return Estimate(
            estimate=kappa, standard_error=None, interval=None, n=n_groups, status=status
        )
    spread = float(((deleted - deleted.mean()) ** 2).sum())
    standard_error = math.sqrt((n_groups - 1) / n_groups * spread)
    standard_error = 0.0 if standard_error <= ROUNDING else standard_error
    return Estimate(
        estimate=kappa,
        standard_error=standard_error,
        interval=wald_interval(
            kappa,
            standard_error,
            quantile=t_quantile(level, n_groups - 1),
            level=level,
            method=method,
            bounds=KAPPA_BOUNDS,
        ),
        n=n_groups,
        status=Status.OK if standard_error else Status.ZERO_VARIANCE,
    )


def _deleted_kappas(
    complete: FloatArray, n_readers: int, indices: npt.NDArray[np.int64], n_groups: int
) -> FloatArray | None:
    pairs = n_readers * (n_readers - 1)
    agreement = (complete * (complete - 1)).sum(axis=1) / pairs
    sizes = np.bincount(indices, minlength=n_groups)
    left = len(complete) - sizes
    columns = np.zeros((n_groups, complete.shape[1]))
    np.add.at(columns, indices, complete)
    remaining = complete.sum(axis=0) - columns
    if n_groups < FEWEST or ((remaining > 0).sum(axis=1) < FEWEST).any():
        return None
    observed = (agreement.sum() - np.bincount(indices, agreement, n_groups)) / left
    chance = ((remaining / (left[:, None] * n_readers)) ** 2).sum(axis=1)
    return np.asarray((observed - chance) / (1 - chance), dtype=np.float64)
