"""Analysis room: tests of a quantity or a category between groups, named with their P values."""

from collections.abc import Sequence

import numpy as np

from readerstudy.analysis.computing.plain import Plain
from readerstudy.statistics.contingency import compare_proportions, pearson_chi2
from readerstudy.statistics.inputs import FloatArray, IntArray
from readerstudy.statistics.k_samples import KSamplesResult, kruskal_wallis, one_way_anova
from readerstudy.statistics.results import Status, TestResult
from readerstudy.statistics.two_samples import MannWhitney, two_samples

PAIR = 2
MOST_WORK = 1e8
"""About half a second of Fisher's test; it grows like n ** (degrees of freedom / 2)."""
MOST_COUNTED = 2000
TEST_NAMES = {
    "student_t": "Student's t test",
    "welch_t": "Welch's t test",
    "mann_whitney": "Mann–Whitney test",
    "one_way_anova": "One-way analysis of variance",
    "kruskal_wallis": "Kruskal–Wallis test",
    "pearson": "Pearson's χ² test, uncorrected",
    "pearson_large": "Pearson's χ² test, uncorrected (too large for Fisher's exact test)",
    "fisher": "Fisher's exact test",
    "none": "No test",
}


def compared_quantities(samples: Sequence[FloatArray]) -> list[Plain]:
    """Test a quantity between groups by means and by ranks.

    Parameters
    ----------
    samples : sequence of ndarray of float64, shape (values,)
        Known values per group, at least two groups. Two: Student, Welch and Mann-Whitney, the
        first against the second; more: analysis of variance and Kruskal-Wallis.

    Returns
    -------
    list of dict
        ``test``, ``name``, ``n`` per group, ``statistic``, ``degrees_of_freedom`` (and
        ``..._within`` of F), ``p_two_sided``, ``status``.
    """
    if len(samples) > PAIR:
        return [
            _of_many("one_way_anova", one_way_anova(samples)),
            _of_many("kruskal_wallis", kruskal_wallis(samples)),
        ]
    return _of_two(*samples)


def compared_ranks(samples: Sequence[FloatArray]) -> Plain:
    """Test a quantity between groups by ranks alone: Mann-Whitney of two, else Kruskal-Wallis."""
    return compared_quantities(samples)[-1]


def _of_two(one: FloatArray, two: FloatArray) -> list[Plain]:
    # The exact distribution is listed faster from the smaller sample.
    turned = one.size > two.size
    found = two_samples(two, one) if turned else two_samples(one, two)
    sizes: list[Plain] = [int(one.size), int(two.size)]
    return [
        _of_means("student_t", found.student, sizes, turned),
        _of_means("welch_t", found.welch, sizes, turned),
        _of_ranks(found.mann_whitney, found.status, (one.size, two.size), turned),
    ]


def _of_means(test: str, found: TestResult, sizes: list[Plain], turned: bool) -> Plain:
    statistic = found.statistic
    return {
        "test": test,
        "name": TEST_NAMES[test],
        "n": sizes,
        "statistic": -statistic + 0.0 if turned and statistic is not None else statistic,
        "degrees_of_freedom": found.degrees_of_freedom,
        "p_two_sided": found.p_two_sided,
        "status": str(found.status),
    }


def _of_ranks(
    found: MannWhitney | None, status: Status, sizes: tuple[int, int], turned: bool
) -> Plain:
    u = None
    if found is not None:
        u = sizes[0] * sizes[1] - found.u if turned else found.u
    return {
        "test": "mann_whitney",
        "name": TEST_NAMES["mann_whitney"],
        "n": [int(size) for size in sizes],
        "statistic": u,
        "degrees_of_freedom": None,
        "p_two_sided": None if found is None else found.p,
        "status": str(status if found is None else found.status),
    }


def _of_many(test: str, found: KSamplesResult) -> Plain:
    entry: dict[str, Plain] = {
        "test": test,
        "name": TEST_NAMES[test],
        "n": list(found.n),
        "statistic": found.statistic,
        "degrees_of_freedom": found.degrees_of_freedom,
        "p_two_sided": found.p,
        "status": str(found.status),
    }
    if test == "one_way_anova":
        entry["degrees_of_freedom_within"] = found.degrees_of_freedom_within
    return entry


def compared_counts(counts: IntArray) -> list[Plain]:
    """Test a category between groups by the baseline table's rule.

    Parameters
    ----------
    counts : ndarray of int64, shape (groups, values)

    Returns
    -------
    list of dict
        One test, as in ``compared_quantities``: chi-square, or Fisher where an expected count is
        below 5; chi-square, so named, where Fisher's test would take too long.
    """
    sizes: list[Plain] = [int(n) for n in counts.sum(axis=1)]
    pearson = pearson_chi2(counts)
    degrees = pearson.test.degrees_of_freedom
    if pearson.cells_expected_below_5 and _is_large(int(counts.sum()), degrees):
        chosen, p = "pearson_large", pearson.test.p_two_sided
    else:
        found = compare_proportions(counts)
        chosen, p = found.chosen, found.p
    exact = chosen == "fisher"
    return [
        {
            "test": chosen,
            "name": TEST_NAMES[chosen],
            "n": sizes,
            "statistic": None if exact else pearson.test.statistic,
            "degrees_of_freedom": None if exact else degrees,
            "p_two_sided": p,
            "status": str(pearson.status),
        }
    ]


def _is_large(n: int, degrees_of_freedom: float | None) -> bool:
    degrees = degrees_of_freedom or 1.0
    if degrees <= 1:
        return False
    return n > MOST_COUNTED or float(np.log(n)) * degrees / 2 > float(np.log(MOST_WORK))
