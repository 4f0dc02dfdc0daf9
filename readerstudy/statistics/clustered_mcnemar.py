"""Statistics library: McNemar tests of nodes clustered in patients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from readerstudy.statistics.inputs import FloatArray, IntArray
from readerstudy.statistics.mcnemar import PairedCounts
from readerstudy.statistics.results import Status, TestResult
from readerstudy.statistics.tails import ROUNDING, chi2_test, undefined_test

FEWEST = 2


@dataclass(frozen=True, kw_only=True)
class ClusteredMcNemar:
    """Four chi-square tests (1 df) of paired proportions that allow for patients.

    Attributes
    ----------
    obuchowski, durkalski, yang : TestResult
        Moment tests; no assumption about the correlation within a patient.
    eliasziw : TestResult
        McNemar's statistic divided by a design effect from one common correlation.
    n_patients : int
        Patients with at least one node.
    """

    obuchowski: TestResult
    durkalski: TestResult
    yang: TestResult
    eliasziw: TestResult
    n_patients: int


def clustered_mcnemar(patients: Sequence[PairedCounts] | IntArray) -> ClusteredMcNemar:
    """Compare two paired proportions, one table per patient.

    Parameters
    ----------
    patients : sequence of PairedCounts, or ndarray of int64, shape (patients, 4)
        One per patient with at least one node; columns both, first only, second only, neither.

    Returns
    -------
    ClusteredMcNemar
        Undefined when the net difference of every patient is zero
        (``zero_variance_zero_difference``) or with fewer than two patients
        (``too_few_patients``). Eliasziw's test is also undefined with one node in every patient,
        fewer than two patients with a discordant node, or a design effect of zero or less
        (``variance_undefined``).

    Raises
    ------
    ValueError
        If a patient has no node.

    References
    ----------
    Obuchowski NA. Stat Med 1998;17:1495.
    Durkalski VL et al. Stat Med 2003;22:2417. doi:10.1002/sim.1438
    Yang Z, Sun X, Hardin JW. Biom J 2010;52:638. doi:10.1002/bimj.201000035
    Eliasziw M, Donner A. Stat Med 1991;10:1981. doi:10.1002/sim.4780101211
    """
    cells = _cells(patients)
    if (cells.sum(axis=1) == 0).any():
        raise ValueError("patients must each have at least one node; leave empty ones out")
    k = len(cells)
    net = cells[:, 1] - cells[:, 2]
    sizes = cells.sum(axis=1)
    if k < FEWEST or not net.any():
        status = Status.TOO_FEW_PATIENTS if k < FEWEST else Status.ZERO_VARIANCE_ZERO_DIFFERENCE
        undefined = undefined_test(status, "chi2")
        return ClusteredMcNemar(
            obuchowski=undefined,
            durkalski=undefined,
            yang=undefined,
            eliasziw=undefined,
            n_patients=k,
        )
    shares = net / sizes
    correction = (k - 1) / k
    square = net.sum() ** 2
    # Yang 2010: mean of the variance under the null hypothesis and the one around the estimate.
    around = net - sizes * net.sum() / sizes.sum()
    yang = correction * square / (((around**2).sum() + (net**2).sum()) / 2)
    return ClusteredMcNemar(
        obuchowski=chi2_test(float(correction * square / (net**2).sum()), 1),
        durkalski=chi2_test(float(shares.sum() ** 2 / (shares**2).sum()), 1),
        yang=chi2_test(float(yang), 1),
        eliasziw=_eliasziw(cells),
        n_patients=k,
    )


def _cells(patients: Sequence[PairedCounts] | IntArray) -> FloatArray:
    if isinstance(patients, np.ndarray):
        return patients.astype(np.float64)
    rows = [(c.both, c.first_only, c.second_only, c.neither) for c in patients]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def _eliasziw(cells: FloatArray) -> TestResult:
    discordant = cells[:, 1] + cells[:, 2]
    with_discordant = int((discordant > 0).sum())
    correlation = _discordance_correlation(cells)
    if correlation is None or with_discordant < FEWEST:
        return undefined_test(Status.VARIANCE_UNDEFINED, "chi2")
    mean = discordant.sum() / with_discordant
    spread = (discordant[discordant > 0] - mean) ** 2
    n0 = mean - spread.sum() / (with_discordant * (with_discordant - 1) * mean)
    design_effect = 1 + (n0 + with_discordant * (mean - n0) - 1) * correlation
    if design_effect <= ROUNDING:
        return undefined_test(Status.VARIANCE_UNDEFINED, "chi2")
    plain = (cells[:, 1] - cells[:, 2]).sum() ** 2 / discordant.sum()
    return chi2_test(float(plain / design_effect), 1)


def _discordance_correlation(cells: FloatArray) -> float | None:
    """Return Eliasziw's correlation of discordance within a patient (one-way ANOVA of 4 cells)."""
    k, sizes = len(cells), cells.sum(axis=1)
    mean = sizes.mean()
    if mean <= 1:
        return None
    shares = cells.sum(axis=0) / sizes.sum()
    n0 = mean - ((sizes - mean) ** 2).sum() / (k * (k - 1) * mean)
    between = ((cells - sizes[:, None] * shares) ** 2 / sizes[:, None]).sum() / k
    within = (cells * (sizes[:, None] - cells) / sizes[:, None]).sum() / (k * (mean - 1))
    total = between + (n0 - 1) * within
    if abs(total) <= ROUNDING:
        return None
    agreement = (between - within) / total
    if abs(agreement) <= ROUNDING:
        return 0.0
    odds = (1 - agreement) / agreement
    scale = 1 + (shares[1] + shares[2]) * odds
    return float(1 / scale) if abs(scale) > ROUNDING else None
