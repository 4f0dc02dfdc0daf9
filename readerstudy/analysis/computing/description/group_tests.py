"""Analysis room: tests of a quantity or a category between groups, named with their P values."""

from collections.abc import Sequence

import numpy as np

from readerstudy.analysis.computing.plain import Plain
from readerstudy.statistics.contingency import compare_proportions, pearson_chi2
from readerstudy.statistics.inputs import FloatArray, IntArray
from readerstudy.statistics.k_samples import KSamplesResult, kruskal_wallis, one_way_anova
from readerstudy.statistics.results import Status, TestResult
from readerstudy.statistics.two_samples import EXACT_BELOW, TwoSamples, two_samples

_Test = tuple[dict[str, Plain], str]
PAIR = 2
MOST_WORK = 3e7
"""At most about a second of Fisher's test, which grows like n ** (degrees of freedom / 2)."""
MOST_COUNTED = 2000
TEST_NAMES = {
    "student_t": "Student's t test",
    "welch_t": "Welch's t test",
    "mann_whitney": "Mann–Whitney test, asymptotic",
    "mann_whitney_exact": "Mann–Whitney test, exact",
    "one_way_anova": "One-way analysis of variance",
    "kruskal_wallis": "Kruskal–Wallis test",
    "pearson": "Pearson's χ² test, uncorrected",
    "pearson_large": "Pearson's χ² test, uncorrected (too large for Fisher's exact test)",
    "fisher": "Fisher's exact test",
    "none": "No test",
}


def compared_quantities(
    samples: Sequence[FloatArray], *, too_few: Status = Status.TOO_FEW_NODES
) -> list[Plain]:
    """Test a quantity between groups by means and by ranks.

    Parameters
    ----------
    samples : sequence of ndarray of float64, shape (values,)
        Known values per group, at least two groups. Two: Student, Welch and Mann-Whitney, the
        first against the second; more: analysis of variance and Kruskal-Wallis.
    too_few : Status
        What to say of fewer than two values: too few nodes, or too few patients.

    Returns
    -------
    list of dict
        ``test``, ``name``, ``n`` per group, ``statistic``, ``degrees_of_freedom`` (and
        ``..._within`` of F), ``p_two_sided``, ``status``.
    """
    sizes = [int(sample.size) for sample in samples]
    if len(samples) > PAIR:
        tests = [
            _of_many("one_way_anova", one_way_anova(samples)),
            _of_many("kruskal_wallis", kruskal_wallis(samples)),
        ]
    else:
        tests = _of_two(*samples)
    worded = {str(Status.TOO_FEW_NODES): str(too_few)}
    return [{**test, "n": list(sizes), "status": worded.get(s, s)} for test, s in tests]


def compared_ranks(samples: Sequence[FloatArray]) -> Plain:
    """Test a quantity between groups by ranks alone: Mann-Whitney of two, else Kruskal-Wallis."""
    return compared_quantities(samples)[-1]


def _entry(
    test: str, statistic: float | None, degrees_of_freedom: float | None, p: float | None
) -> dict[str, Plain]:
    return {
        "test": test,
        "name": TEST_NAMES[test],
        "statistic": None if statistic is None else float(statistic) + 0.0,
        "degrees_of_freedom": None if degrees_of_freedom is None else float(degrees_of_freedom),
        "p_two_sided": p,
    }


def _of_two(one: FloatArray, two: FloatArray) -> list[_Test]:
    # The exact distribution is listed faster from the smaller sample.
    turned = one.size > two.size
    found = two_samples(two, one) if turned else two_samples(one, two)
    return [
        _of_means("student_t", found.student, turned),
        _of_means("welch_t", found.welch, turned),
        _of_ranks(found, turned),
    ]


def _of_means(test: str, found: TestResult, turned: bool) -> _Test:
    statistic = found.statistic
    signed = -statistic if turned and statistic is not None else statistic
    return _entry(test, signed, found.degrees_of_freedom, found.p_two_sided), str(found.status)


def _of_ranks(samples: TwoSamples, turned: bool) -> _Test:
    found = samples.mann_whitney
    if found is None:
        return _entry("mann_whitney", None, None, None), str(samples.status)
    pairs = samples.first.n * samples.second.n
    largest = max(samples.first.n, samples.second.n)
    is_exact = found.p is not None and not found.has_ties and largest < EXACT_BELOW
    test = "mann_whitney_exact" if is_exact else "mann_whitney"
    return _entry(test, pairs - found.u if turned else found.u, None, found.p), str(found.status)


def _of_many(test: str, found: KSamplesResult) -> _Test:
    entry = _entry(test, found.statistic, found.degrees_of_freedom, found.p)
    if test == "one_way_anova":
        entry["degrees_of_freedom_within"] = found.degrees_of_freedom_within
    return entry, str(found.status)


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
    statistic = None if chosen == "fisher" else pearson.test.statistic
    entry = _entry(chosen, statistic, degrees if statistic is not None else None, p)
    return [{**entry, "n": sizes, "status": str(pearson.status)}]


def _is_large(n: int, degrees_of_freedom: float | None) -> bool:
    degrees = degrees_of_freedom or 1.0
    if degrees <= 1:
        return False
    return n > MOST_COUNTED or float(np.log(n)) * degrees / 2 > float(np.log(MOST_WORK))
