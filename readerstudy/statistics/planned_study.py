"""Statistics library: a planned study as numbers, and one study drawn from them."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import special

from readerstudy.statistics.inputs import BoolArray, FloatArray, IntArray

ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """What a reader or the model achieves, on average over nodes.

    Attributes
    ----------
    auc : float or None
        Of a continuous score (binormal, equal variances); within (0, 1).
    points : tuple of (sensitivity, specificity)
        Of calls instead of a score, the strictest cut first: one point for yes/no calls, two for
        three categories. The area is that of the polygon through them.
    """

    auc: float | None = None
    points: tuple[tuple[float, float], ...] = ()

    @property
    def area(self) -> float:
        """The expected area under the empirical curve."""
        if self.auc is not None:
            return self.auc
        corners = [(0.0, 0.0), *((1 - spec, sens) for sens, spec in self.points), (1.0, 1.0)]
        return sum(
            (right[0] - left[0]) * (right[1] + left[1]) / 2 for left, right in pairwise(corners)
        )


@dataclass(frozen=True, kw_only=True)
class PlannedStudy:
    """A study that is planned.

    Attributes
    ----------
    patients : int
    nodes_per_patient : float
        Mean, at least 1.
    dispersion : float
        Of the nodes beyond the first: variance = mean + dispersion mean^2; 0 is Poisson.
    prevalence : float
        Share of nodes that are positive.
    patients_positive : float
        Share of patients with at least one positive node.
    model : Accuracy
        Always a continuous score.
    readers : tuple of Accuracy
    reader_spread : float
        Standard deviation between readers of the distance between the classes, in standard
        deviations of the latent score: 0 for exactly these readers; otherwise each study draws its
        readers, and the values given are the means of their population.
    reader_correlation, model_correlation : float
        Correlation of two readers', of a reader's and the model's latent scores of a node, given
        its class.
    icc_positive, icc_negative : float
        Correlation of two nodes of one patient, within a class.
    shared_effect : float
        Correlation of a patient's effects on positive and on negative nodes: 0 separate effects,
        1 one shift of all nodes. Areas hold for nodes of different patients.
    missing : float
        Share of a reader's calls that are missing, at random.
    """

    patients: int
    nodes_per_patient: float
    prevalence: float
    patients_positive: float
    model: Accuracy
    readers: tuple[Accuracy, ...]
    dispersion: float = 0.0
    reader_spread: float = 0.0
    reader_correlation: float = 0.0
    model_correlation: float = 0.0
    icc_positive: float = 0.0
    icc_negative: float = 0.0
    shared_effect: float = 0.0
    missing: float = 0.0

    def __post_init__(self) -> None:
        _check_sizes(self)
        _check_shares(self)
        _check_accuracies(self)
        further_positive_share(self)
        _root(self)

    @property
    def reader_mean_area(self) -> float:
        """The mean of the readers' expected areas."""
        return sum(reader.area for reader in self.readers) / len(self.readers)


@dataclass(frozen=True, kw_only=True)
class DrawnStudy:
    """One simulated study: the model's curve first, then the readers'; NaN is a missing call."""

    present: BoolArray
    patients: IntArray
    scores: FloatArray


class DesignError(ValueError):
    """A plan that cannot be; ``field`` is the attribute to change."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(rule)
        self.field = field


def _check_sizes(study: PlannedStudy) -> None:
    for field, least in (("patients", 2), ("nodes_per_patient", 1)):
        value = getattr(study, field)
        if not (math.isfinite(value) and value >= least):
            raise DesignError(field, f"{field} must be at least {least}, not {value}.")
    for field in ("dispersion", "reader_spread"):
        value = getattr(study, field)
        if not (math.isfinite(value) and value >= 0):
            raise DesignError(field, f"{field} must be 0 or more, not {value}.")
    if not study.readers:
        raise DesignError("readers", "readers must name at least one reader.")


def _check_shares(study: PlannedStudy) -> None:
    for field in ("prevalence", "patients_positive"):
        value = getattr(study, field)
        if not 0 < value <= 1 or (field == "prevalence" and value == 1):
            raise DesignError(field, f"{field} must lie above 0 and at most 1, not {value}.")
    correlations = ("reader_correlation", "model_correlation", "icc_positive", "icc_negative")
    for field in (*correlations, "missing"):
        value = getattr(study, field)
        if not 0 <= value < 1:
            raise DesignError(field, f"{field} must lie from 0 to below 1, not {value}.")
    if not 0 <= study.shared_effect <= 1:
        raise DesignError(
            "shared_effect", f"shared_effect must lie from 0 to 1, not {study.shared_effect}."
        )


def _check_accuracies(study: PlannedStudy) -> None:
    if study.model.auc is None:
        raise DesignError("model", "model must have a continuous score with an area (auc).")
    for field, found in (("model", (study.model,)), ("readers", study.readers)):
        for accuracy in found:
            given = [accuracy.auc] if accuracy.auc is not None else np.ravel(accuracy.points)
            if not len(given) or not all(0 < value < 1 for value in given):
                raise DesignError(
                    field,
                    f"{field}: every area, sensitivity and specificity must lie between 0 "
                    "and 1, both excluded.",
                )
            _check_order(field, accuracy)


def _check_order(field: str, accuracy: Accuracy) -> None:
    for strict, lenient in pairwise(accuracy.points):
        if not (lenient[0] > strict[0] and lenient[1] < strict[1]):
            raise DesignError(
                field,
                f"{field}: the more lenient cut must have the higher sensitivity and the lower "
                f"specificity, not {lenient} after {strict}.",
            )


def further_positive_share(study: PlannedStudy) -> float:
    """Return the share of positives among the nodes beyond the first of a patient who has one.

    (prevalence m / patients_positive - 1)/(m - 1), m nodes per patient: what makes the mean share
    of positive nodes the prevalence.

    Raises
    ------
    DesignError
        If prevalence and patients_positive contradict each other.
    """
    per_patient = study.prevalence * study.nodes_per_patient / study.patients_positive
    further = study.nodes_per_patient - 1
    if further <= ROUNDING:
        share = 0.0 if abs(per_patient - 1) <= ROUNDING else -1.0
    else:
        share = (per_patient - 1) / further
    if not -ROUNDING <= share <= 1 + ROUNDING:
        least = study.prevalence
        most = min(1.0, study.prevalence * study.nodes_per_patient)
        raise DesignError(
            "patients_positive",
            f"patients_positive must lie from {least:.4g} to {most:.4g}: with a share of "
            f"{study.prevalence:.4g} positive among {study.nodes_per_patient:.4g} nodes per "
            f"patient no other value is possible, not {study.patients_positive:.4g}.",
        )
    return min(max(share, 0.0), 1.0)


def _root(study: PlannedStudy) -> FloatArray:
    """Return a square root of the curves' correlation matrix, model first."""
    n = len(study.readers) + 1
    matrix = np.full((n, n), study.reader_correlation)
    matrix[0, :] = matrix[:, 0] = study.model_correlation
    np.fill_diagonal(matrix, 1.0)
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -ROUNDING:
        most = math.sqrt((1 + (n - 2) * study.reader_correlation) / (n - 1))
        raise DesignError(
            "model_correlation",
            f"model_correlation must be at most {most:.3f} with these readers: they cannot all go "
            "with the model and so little with each other.",
        )
    root: FloatArray = vectors * np.sqrt(np.maximum(values, 0.0))
    return root


def draw(study: PlannedStudy, rng: np.random.Generator) -> DrawnStudy:
    """Draw one study.

    A node's latent score is standard normal within its class: sqrt(icc) (patient) + sqrt(1 - icc)
    (node), each correlated between curves as the curves are. Scores are shifted by
    Phi^-1(AUC) sqrt(2) where disease is present, or cut into calls.

    Parameters
    ----------
    study : PlannedStudy
    rng : numpy.random.Generator

    Returns
    -------
    DrawnStudy
    """
    present, patients = _nodes(study, rng)
    root = _root(study)
    curves, n = len(root), present.size
    first = rng.standard_normal((curves, study.patients))
    second = rng.standard_normal((curves, study.patients))
    shared = study.shared_effect
    second = shared * first + math.sqrt(1 - shared**2) * second
    icc = np.where(present, study.icc_positive, study.icc_negative)
    of_patient = np.where(present, first[:, patients], second[:, patients])
    own = rng.standard_normal((curves, n))
    latent = root @ (np.sqrt(icc) * of_patient + np.sqrt(1 - icc) * own)
    talents = study.reader_spread * rng.standard_normal(len(study.readers))
    scores = np.empty_like(latent)
    scores[0] = latent[0] + present * _shift(study.model, 0.0, 0.0)
    for row, (reader, talent) in enumerate(zip(study.readers, talents, strict=True), start=1):
        scores[row] = _scores(reader, latent[row], present, talent, study.reader_spread)
    if study.missing:
        scores[1:][rng.random((curves - 1, n)) < study.missing] = np.nan
    return DrawnStudy(present=present, patients=patients, scores=scores)


def _nodes(study: PlannedStudy, rng: np.random.Generator) -> tuple[BoolArray, IntArray]:
    further = np.full(study.patients, study.nodes_per_patient - 1)
    if study.dispersion:
        shape = 1 / study.dispersion
        further = further * rng.gamma(shape, study.dispersion, study.patients)
    counts = 1 + rng.poisson(further)
    patients = np.repeat(np.arange(study.patients), counts)
    is_first = np.r_[True, patients[1:] != patients[:-1]]
    has_positive = rng.random(study.patients) < study.patients_positive
    chosen = is_first | (rng.random(patients.size) < further_positive_share(study))
    return has_positive[patients] & chosen, patients


def _shift(accuracy: Accuracy, talent: float, spread: float) -> float:
    # E Phi((mu + s Z)/sqrt 2) = Phi(mu/sqrt(2 + s^2)): the population mean is the area asked for.
    return float(special.ndtri(accuracy.auc)) * math.sqrt(2 + spread**2) + talent


def _scores(
    accuracy: Accuracy, latent: FloatArray, present: BoolArray, talent: float, spread: float
) -> FloatArray:
    if accuracy.auc is not None:
        return latent + present * _shift(accuracy, talent, spread)
    # Half of a reader's talent goes to each class; the means over readers are those asked for.
    scale, half = math.sqrt(1 + spread**2 / 4), talent / 2
    calls = np.zeros_like(latent)
    for sensitivity, specificity in accuracy.points:
        among_positive = -float(special.ndtri(sensitivity)) * scale - half
        among_negative = float(special.ndtri(specificity)) * scale + half
        calls += latent > np.where(present, among_positive, among_negative)
    return calls
