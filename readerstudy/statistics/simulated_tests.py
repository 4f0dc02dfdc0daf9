"""Statistics library: what the analysis of one simulated study gives, in few numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from readerstudy.statistics.clustered import clustered_covariance
from readerstudy.statistics.delong import covariance
from readerstudy.statistics.inputs import BoolArray, FloatArray, IntArray, complete_nodes
from readerstudy.statistics.planned_study import DrawnStudy
from readerstudy.statistics.random_readers import readers_minus_model
from readerstudy.statistics.results import Covariance, Status

MODEL = "model"


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """Numbers per simulated study; NaN where a result is undefined.

    Attributes
    ----------
    areas, delong_variances, clustered_variances : ndarray, shape (studies, curves)
        Each curve on the nodes that all curves scored, the model first.
    tests : ndarray, shape (studies, tests, 3)
        Difference model minus reader(s), its standard error, degrees of freedom (inf: normal).
        Tests: each reader by DeLong, then the mean by DeLong, by patient, over random readers, and
        over random readers with the covariances by patient.
    nodes : ndarray of int, shape (studies, 3)
        Nodes, positive nodes, patients with a positive node.
    """

    areas: FloatArray
    delong_variances: FloatArray
    clustered_variances: FloatArray
    tests: FloatArray
    nodes: IntArray


def analyse(drawn: DrawnStudy) -> Outcomes:
    """Analyse one study with the library's own functions.

    Parameters
    ----------
    drawn : DrawnStudy

    Returns
    -------
    Outcomes
        Of one study.
    """
    names = [MODEL, *(f"reader {n}" for n in range(1, len(drawn.scores)))]
    kept = complete_nodes(*drawn.scores)
    present, scores = drawn.present[kept], drawn.scores[:, kept]
    curves = dict(zip(names, scores, strict=True))
    by_node = covariance(present, curves)
    by_patient, _ = clustered_covariance(present, curves, drawn.patients[kept].tolist())
    missing = not kept.all()
    rows = [
        _of_pair(drawn, row)
        if missing
        else _of_contrast(by_node, _weights(names, names[row : row + 1]))
        for row in range(1, len(names))
    ]
    mean = _weights(names, names[1:])
    rows += [_of_contrast(by_node, mean), _of_contrast(by_patient, mean)]
    rows += [_over_readers(cov, names[1:]) for cov in (by_node, by_patient)]
    size = len(names)
    return Outcomes(
        areas=_areas(by_node, size)[None],
        delong_variances=_variances(by_node, size)[None],
        clustered_variances=_variances(by_patient, size)[None],
        tests=np.array(rows)[None],
        nodes=_counts(drawn.present, drawn.patients)[None],
    )


def gathered(parts: Sequence[Outcomes]) -> Outcomes:
    """Return the outcomes of several studies as one, in their order."""
    return Outcomes(
        **{
            field: np.concatenate([getattr(part, field) for part in parts])
            for field in Outcomes.__dataclass_fields__
        }
    )


def _counts(present: BoolArray, patients: IntArray) -> IntArray:
    return np.array([present.size, present.sum(), np.unique(patients[present]).size])


def _weights(names: Sequence[str], readers: Sequence[str]) -> FloatArray:
    weights = np.array([-1.0 / len(readers) if name in readers else 0.0 for name in names])
    weights[0] = 1.0
    return weights


def _areas(cov: Covariance, size: int) -> FloatArray:
    return np.full(size, np.nan) if cov.estimates is None else np.array(cov.estimates)


def _variances(cov: Covariance, size: int) -> FloatArray:
    return np.full(size, np.nan) if cov.matrix is None else np.diag(np.array(cov.matrix))


def _of_contrast(cov: Covariance, weights: FloatArray) -> tuple[float, float, float]:
    if cov.estimates is None or cov.matrix is None:
        return np.nan, np.nan, np.inf
    variance = float(weights @ np.array(cov.matrix) @ weights)
    return float(weights @ np.array(cov.estimates)), max(variance, 0.0) ** 0.5, np.inf


def _of_pair(drawn: DrawnStudy, row: int) -> tuple[float, float, float]:
    """Compare with one reader on the nodes that this reader called."""
    kept = complete_nodes(drawn.scores[row])
    pair = {MODEL: drawn.scores[0, kept], "reader": drawn.scores[row, kept]}
    return _of_contrast(covariance(drawn.present[kept], pair), np.array([1.0, -1.0]))


def _over_readers(cov: Covariance, readers: Sequence[str]) -> tuple[float, float, float]:
    found = readers_minus_model(cov, readers, model=MODEL)
    if found.status is not Status.OK or found.estimate is None:
        return np.nan, np.nan, np.inf
    return -found.estimate, found.standard_error or 0.0, found.degrees_of_freedom or np.inf
