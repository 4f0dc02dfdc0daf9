"""Statistics library: McNemar tests of nodes clustered in patients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from readerstudy.statistics.mcnemar import PairedCounts
from readerstudy.statistics.results import Status, TestResult
from readerstudy.statistics.tails import chi2_test, undefined_test

FEWEST = 2


@dataclass(frozen=True, kw_only=True)
class ClusteredMcNemar:
    """Two chi-square tests (1 df) of paired proportions that allow for patients."""

    obuchowski: TestResult
    durkalski: TestResult
    n_patients: int


def clustered_mcnemar(patients: Sequence[PairedCounts]) -> ClusteredMcNemar:
    """Compare two paired proportions, one table per patient.

    Parameters
    ----------
    patients : sequence of PairedCounts
        One per patient with at least one node.

    Returns
    -------
    ClusteredMcNemar
        Undefined without discordant pairs (``zero_variance_zero_difference``) or with fewer
        than two patients (``too_few_patients``).

    Raises
    ------
    ValueError
        If a patient has no node.

    References
    ----------
    Obuchowski NA. Stat Med 1998;17:1495.
    Durkalski VL et al. Stat Med 2003;22:2417. doi:10.1002/sim.1438
    """
    if any(counts.total == 0 for counts in patients):
        raise ValueError("patients must each have at least one node; leave empty ones out")
    k = len(patients)
    net = np.array([counts.first_only - counts.second_only for counts in patients], dtype=float)
    sizes = np.array([counts.total for counts in patients], dtype=float)
    if k < FEWEST or not net.any():
        status = Status.TOO_FEW_PATIENTS if k < FEWEST else Status.ZERO_VARIANCE_ZERO_DIFFERENCE
        undefined = undefined_test(status, "chi2")
        return ClusteredMcNemar(obuchowski=undefined, durkalski=undefined, n_patients=k)
    shares = net / sizes
    obuchowski = (k - 1) / k * net.sum() ** 2 / (net**2).sum()
    durkalski = shares.sum() ** 2 / (shares**2).sum()
    return ClusteredMcNemar(
        obuchowski=chi2_test(float(obuchowski), 1),
        durkalski=chi2_test(float(durkalski), 1),
        n_patients=k,
    )
