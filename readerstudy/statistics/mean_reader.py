"""Statistics library: correctness of the model against the mean of the readers, node by node."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from readerstudy.statistics.contingency import pearson_chi2, yates_chi2
from readerstudy.statistics.fisher import fisher_exact
from readerstudy.statistics.inputs import (
    DEFAULT_LEVEL,
    BoolArray,
    FloatArray,
    Identifiers,
    checked_labels,
    checked_level,
    group_indices,
)
from readerstudy.statistics.mcnemar import McNemarResult, PairedCounts, mcnemar
from readerstudy.statistics.proportions import Proportion, proportion
from readerstudy.statistics.results import Interval, Status, TestResult
from readerstudy.statistics.tails import (
    ROUNDING,
    normal_quantile,
    normal_test,
    t_test,
    undefined_test,
    wald_interval,
)

FEWEST = 2
_AXES = 2


@dataclass(frozen=True, kw_only=True)
class MeanDifference:
    """Mean of a difference with its standard error; normal interval, both references of the test.

    ``n`` counts the units whose scatter gives the standard error: nodes, patients or readers.
    """

    estimate: float | None
    standard_error: float | None
    interval: Interval | None
    normal: TestResult
    t: TestResult
    n: int
    status: Status


@dataclass(frozen=True, kw_only=True)
class RandomReaderProportion:
    """Readers and nodes both a sample (Obuchowski-Rockette for one proportion)."""

    estimate: float | None
    ms_reader: float | None
    cov2: float | None
    standard_error: float | None
    degrees_of_freedom: float | None
    test: TestResult
    status: Status


@dataclass(frozen=True, kw_only=True)
class MajorityVote:
    """The readers' majority against the model; with an even number of readers a tie is wrong."""

    majority: Proportion
    model_only: int
    majority_only: int
    test: McNemarResult


@dataclass(frozen=True, kw_only=True)
class NaiveComparison:
    """Tests that ignore the pairing or the sizes; kept to explain published values only.

    Attributes
    ----------
    pooled_chi2, pooled_chi2_yates : TestResult
        Model calls against all reader calls pooled, as if of different nodes.
    pooled_fisher_p : float or None
    signed_rank_p : float or None
        Wilcoxon signed rank of the node differences, normal approximation with ties, zeros left
        out, without continuity correction.
    """

    pooled_chi2: TestResult
    pooled_chi2_yates: TestResult
    pooled_fisher_p: float | None
    signed_rank_p: float | None


@dataclass(frozen=True, kw_only=True)
class ModelAgainstMeanReader:
    """Model minus mean reader, for sensitivity (positives only) or specificity (negatives only).

    Attributes
    ----------
    model : Proportion
    reader_values : tuple of float
        Share of nodes each reader got right.
    node_level : MeanDifference
        Nodes independent, readers fixed.
    patient_clustered : MeanDifference or None
        Patients independent, readers fixed: recommended for *these* readers.
    random_readers : RandomReaderProportion
        Readers a sample as well: recommended for readers in general.
    readers_as_sample : MeanDifference
        One-sample t over the readers: treats the nodes as fixed; for comparison only.
    majority_vote : MajorityVote
    naive : NaiveComparison
    """

    model: Proportion
    reader_values: tuple[float, ...]
    reader_mean: float | None
    difference: float | None
    node_level: MeanDifference
    patient_clustered: MeanDifference | None
    random_readers: RandomReaderProportion
    readers_as_sample: MeanDifference
    majority_vote: MajorityVote
    naive: NaiveComparison
    status: Status


def model_against_mean_reader(
    model_correct: npt.ArrayLike,
    readers_correct: npt.ArrayLike,
    *,
    patients: Identifiers | None = None,
    level: float = DEFAULT_LEVEL,
) -> ModelAgainstMeanReader:
    """Compare how often the model and the mean reader are right on the same nodes.

    Per node d_i = model correct - share of readers correct. Node level: SE = sd(d)/sqrt(n), t with
    n - 1 df. By patient: u_g = sum of d_i - mean(d) in patient g, SE^2 = G/(G - 1) sum u_g^2/n^2,
    t with G - 1 df. Random readers: psi_j = model - reader j, t = mean(psi)/sqrt((MSR +
    max(J Cov2, 0))/J) with Hillis' df, Cov2 from the delete-one-node jackknife of the psi_j.

    Parameters
    ----------
    model_correct : array_like, shape (nodes,)
        1 where the model was right, 0 where wrong; positives alone give sensitivity, negatives
        alone specificity.
    readers_correct : array_like, shape (nodes, readers)
        The same for every reader.
    patients : sequence, length nodes, optional
        Patient of each node.
    level : float
        Confidence level (normal intervals).

    Returns
    -------
    ModelAgainstMeanReader
        Status ``too_few_nodes`` below two nodes.

    Raises
    ------
    ValueError
        If an array holds anything but 0 and 1 or the lengths differ.

    References
    ----------
    Hillis SL. Stat Med 2007;26:596, section 5.3. doi:10.1002/sim.2532
    Obuchowski NA. Stat Med 1998;17:1495 (residual sums by patient).
    """
    checked_level(level)
    model = checked_labels(model_correct)
    readers = _checked_readers(readers_correct, model.size)
    if patients is not None and len(patients) != model.size:
        raise ValueError(f"patients must have length {model.size}, not {len(patients)}")
    n, n_readers = readers.shape
    values = readers.mean(axis=0) if n else np.empty(0)
    differences = model - readers.mean(axis=1) if n_readers else np.empty(0)
    return ModelAgainstMeanReader(
        model=proportion(int(model.sum()), n, level=level),
        reader_values=tuple(map(float, values)),
        reader_mean=float(values.mean()) if values.size else None,
        difference=float(differences.mean()) if differences.size else None,
        node_level=_of_nodes(differences, range(n), "node_level_wald", level),
        patient_clustered=None
        if patients is None
        else _of_nodes(differences, patients, "patient_clustered_wald", level),
        random_readers=_random_readers(model, readers),
        readers_as_sample=_over_readers(float(model.mean()) - values if n else values, level),
        majority_vote=_majority(model, readers, level),
        naive=_naive(model, readers),
        status=Status.OK if n >= FEWEST else Status.TOO_FEW_NODES,
    )


def _checked_readers(readers_correct: npt.ArrayLike, n: int) -> BoolArray:
    array = np.asarray(readers_correct)
    if array.ndim != _AXES or len(array) != n or array.shape[1] < 1:
        raise ValueError(f"readers_correct must have shape ({n}, readers), not {array.shape}")
    return checked_labels(array.ravel()).reshape(array.shape)


def _of_nodes(
    differences: FloatArray, groups: Identifiers, method: str, level: float
) -> MeanDifference:
    """Mean difference with the scatter of groups' residual sums (groups = nodes or patients)."""
    indices, n_groups = group_indices(groups)
    n = differences.size
    if n_groups < FEWEST:
        return _no_difference(
            float(differences.mean()) if n else None,
            n_groups,
            Status.TOO_FEW_PATIENTS if n >= FEWEST else Status.TOO_FEW_NODES,
        )
    mean = float(differences.mean())
    sums = np.bincount(indices, differences - mean, n_groups)
    variance = n_groups / (n_groups - 1) * float((sums**2).sum()) / n**2
    return _mean_difference(mean, variance, n_groups, method, level)


def _over_readers(values: FloatArray, level: float) -> MeanDifference:
    if values.size < FEWEST:
        estimate = float(values.mean()) if values.size else None
        return _no_difference(estimate, values.size, Status.TOO_FEW_READERS)
    variance = float(values.var(ddof=1)) / values.size
    return _mean_difference(
        float(values.mean()), variance, values.size, "readers_as_sample_wald", level
    )


def _mean_difference(
    mean: float, variance: float, units: int, method: str, level: float
) -> MeanDifference:
    if variance <= ROUNDING**2:
        zero = abs(mean) <= ROUNDING
        return _no_difference(
            mean,
            units,
            Status.ZERO_VARIANCE_ZERO_DIFFERENCE
            if zero
            else Status.ZERO_VARIANCE_NONZERO_DIFFERENCE,
        )
    standard_error = math.sqrt(variance)
    return MeanDifference(
        estimate=mean,
        standard_error=standard_error,
        interval=wald_interval(
            mean,
            standard_error,
            quantile=normal_quantile(level),
            level=level,
            method=method,
            bounds=(-math.inf, math.inf),
        ),
        normal=normal_test(mean / standard_error),
        t=t_test(mean / standard_error, units - 1),
        n=units,
        status=Status.OK,
    )


def _no_difference(estimate: float | None, units: int, status: Status) -> MeanDifference:
    return MeanDifference(
        estimate=estimate,
        standard_error=None,
        interval=None,
        normal=undefined_test(status),
        t=undefined_test(status, "t"),
        n=units,
        status=status,
    )


def _random_readers(model: BoolArray, readers: BoolArray) -> RandomReaderProportion:
    n, n_readers = readers.shape
    psi = model[:, None].astype(np.float64) - readers
    status = Status.OK
    if n < FEWEST or n_readers < FEWEST:
        status = Status.TOO_FEW_NODES if n < FEWEST else Status.TOO_FEW_READERS
    ms_reader = float(psi.mean(axis=0).var(ddof=1)) if status is Status.OK else 0.0
    if status is Status.OK and ms_reader <= ROUNDING**2:
        status = Status.ZERO_VARIANCE
    if status is not Status.OK:
        return RandomReaderProportion(
            estimate=float(psi.mean()) if psi.size else None,
            ms_reader=None,
            cov2=None,
            standard_error=None,
            degrees_of_freedom=None,
            test=undefined_test(status, "t"),
            status=status,
        )
    centred = psi - psi.mean(axis=0)
    # The jackknife of a mean over n nodes is its sample covariance over n.
    matrix = centred.T @ centred / (n * (n - 1))
    cov2 = float(matrix[~np.eye(n_readers, dtype=bool)].mean())
    spread = ms_reader + max(n_readers * cov2, 0.0)
    estimate, standard_error = float(psi.mean()), math.sqrt(spread / n_readers)
    df = spread**2 / (ms_reader**2 / (n_readers - 1))
    return RandomReaderProportion(
        estimate=estimate,
        ms_reader=ms_reader,
        cov2=cov2,
        standard_error=standard_error,
        degrees_of_freedom=df,
        test=t_test(estimate / standard_error, df),
        status=Status.OK,
    )


def _majority(model: BoolArray, readers: BoolArray, level: float) -> MajorityVote:
    right = 2 * readers.sum(axis=1) > readers.shape[1]
    counts = PairedCounts(
        both=int((model & right).sum()),
        first_only=int((model & ~right).sum()),
        second_only=int((~model & right).sum()),
        neither=int((~model & ~right).sum()),
    )
    return MajorityVote(
        majority=proportion(int(right.sum()), right.size, level=level),
        model_only=counts.first_only,
        majority_only=counts.second_only,
        test=mcnemar(counts, level=level),
    )


def _naive(model: BoolArray, readers: BoolArray) -> NaiveComparison:
    right, called = int(model.sum()), int(readers.sum())
    table = [[right, model.size - right], [called, readers.size - called]]
    plain, yates = pearson_chi2(table), yates_chi2(table)
    # Whole numbers of readers: 1 - 4/5 and 1/5 tie exactly, which their floats do not.
    votes = readers.shape[1] * model - readers.sum(axis=1)
    signed_rank = None
    if votes.size >= FEWEST:
        signed_rank = 1.0
        if votes.any():
            signed_rank = float(stats.wilcoxon(votes, method="asymptotic", correction=False).pvalue)
    return NaiveComparison(
        pooled_chi2=plain.test,
        pooled_chi2_yates=yates,
        pooled_fisher_p=fisher_exact(table).p if plain.status is Status.OK else None,
        signed_rank_p=signed_rank,
    )
