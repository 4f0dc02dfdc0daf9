"""Analysis room: model against each reader and against their mean, always on the same nodes."""

from collections.abc import Sequence
from fractions import Fraction

from readerstudy.analysis.computing.endpoints import (
    MODEL,
    NodeSet,
    ReaderView,
    common_nodes,
    scores,
)
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.analysis.computing.table_rows import node_counts
from readerstudy.statistics import delong
from readerstudy.statistics.clustered import clustered_contrast, clustered_covariance
from readerstudy.statistics.clustered_mcnemar import clustered_mcnemar
from readerstudy.statistics.mcnemar import PairedCounts, mcnemar
from readerstudy.statistics.operating_points import CountedPoint, counted_calls
from readerstudy.statistics.proportions import Proportion
from readerstudy.statistics.random_readers import mean_of_readers, readers_minus_model

PROPORTIONS = ("sensitivity", "specificity", "accuracy")


def reader_comparison(
    nodes: NodeSet, reader: str, thresholds: dict[str, float | None], level: float
) -> dict[str, Plain]:
    """Compare the model with one reader (model minus reader) on the nodes both have.

    Parameters
    ----------
    nodes : NodeSet
        The endpoint's nodes.
    reader : str
    thresholds : dict of str to float or None
        Operating points of the model by name, chosen on all nodes it scored.
    level : float

    Returns
    -------
    dict
    """
    used = common_nodes(nodes, [MODEL, reader])
    return {
        "reader": reader,
        "nodes": node_counts(used),
        **{view.value: _paired(used, reader, view, level) for view in ReaderView},
        "mcnemar": {
            name: _mcnemar(used, reader, threshold, level) for name, threshold in thresholds.items()
        },
    }


def _paired(used: NodeSet, reader: str, view: ReaderView, level: float) -> dict[str, Plain]:
    curves = {side: scores(used, side, view) for side in (MODEL, reader)}
    weights = {MODEL: 1.0, reader: -1.0}
    return {
        "delong": plain(delong.contrast(used.labels, curves, weights, level=level)),
        "delong_covariance": plain(delong.covariance(used.labels, curves)),
        "patient_clustered": plain(
            clustered_contrast(used.labels, curves, weights, used.patients, level=level)
        ),
    }


def _mcnemar(used: NodeSet, reader: str, threshold: float | None, level: float) -> dict[str, Plain]:
    model = [
        int(threshold is not None and score >= threshold)
        for score in scores(used, MODEL, ReaderView.BINARY)
    ]
    calls = [int(score) for score in scores(used, reader, ReaderView.BINARY)]
    return {
        "threshold": threshold,
        "sensitivity": _mcnemar_of_class(used, model, calls, 1, level),
        "specificity": _mcnemar_of_class(used, model, calls, 0, level),
    }


def _mcnemar_of_class(
    used: NodeSet, model: Sequence[int], calls: Sequence[int], label: int, level: float
) -> dict[str, Plain]:
    by_patient: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for patient, truth, one, two in zip(used.patients, used.labels, model, calls, strict=True):
        if truth == label:
            by_patient.setdefault(patient, []).append((one == truth, two == truth))
    tables = [_paired_counts(pairs) for pairs in by_patient.values()]
    together = _paired_counts([pair for pairs in by_patient.values() for pair in pairs])
    return {
        "first": "model",
        "test": plain(mcnemar(together, level=level)),
        "patient_clustered": plain(clustered_mcnemar(tables)),
    }


def _paired_counts(pairs: Sequence[tuple[bool, bool]]) -> PairedCounts:
    return PairedCounts(
        both=pairs.count((True, True)),
        first_only=pairs.count((True, False)),
        second_only=pairs.count((False, True)),
        neither=pairs.count((False, False)),
    )


def reader_mean(
    nodes: NodeSet, readers: tuple[str, ...], *, with_model: bool, level: float
) -> dict[str, Plain] | None:
    """Return the mean of the readers on the nodes all of them (and the model) have.

    Parameters
    ----------
    nodes : NodeSet
        The endpoint's nodes.
    readers : tuple of str
    with_model : bool
        Whether the model scored any node; then the contrast model minus mean is given.
    level : float

    Returns
    -------
    dict or None
        None without readers.
    """
    if not readers:
        return None
    sides = (MODEL, *readers) if with_model else readers
    used = common_nodes(nodes, sides)
    result: dict[str, Plain] = {
        "nodes": node_counts(used),
        "readers": list(readers),
        "proportions": _mean_proportions(used, readers, level),
    }
    for view in ReaderView:
        result[view.value] = _mean_of_view(used, readers, view, with_model, level)
    return result


def _mean_proportions(used: NodeSet, readers: tuple[str, ...], level: float) -> dict[str, Plain]:
    counts = [
        counted_calls(
            used.labels, [int(v) for v in scores(used, reader, ReaderView.BINARY)], level=level
        )
        for reader in readers
    ]
    return {name: _mean_proportion(counts, name) for name in PROPORTIONS}


def _mean_proportion(counts: Sequence[CountedPoint], name: str) -> dict[str, Plain]:
    parts: list[Proportion] = [getattr(point, name) for point in counts]
    if any(part.denominator == 0 for part in parts):
        return {"mean": None, "fraction": [0, 0]}
    # Exact fractions: averages of rounded percentages are never right.
    total = sum((Fraction(part.numerator, part.denominator) for part in parts), Fraction(0))
    mean = total / len(parts)
    return {"mean": float(mean), "fraction": [mean.numerator, mean.denominator]}


def _mean_of_view(
    used: NodeSet, readers: tuple[str, ...], view: ReaderView, with_model: bool, level: float
) -> dict[str, Plain]:
    curves = {reader: scores(used, reader, view) for reader in readers}
    weights = dict.fromkeys(readers, 1.0 / len(readers))
    result: dict[str, Plain] = {
        "mean_auc_fixed_readers": plain(delong.contrast(used.labels, curves, weights, level=level)),
        "mean_auc_patient_clustered": plain(
            clustered_contrast(used.labels, curves, weights, used.patients, level=level)
        ),
    }
    if with_model:
        curves = {MODEL: scores(used, MODEL, view), **curves}
    covariance = delong.covariance(used.labels, curves)
    clustered, _ = clustered_covariance(used.labels, curves, used.patients)
    result["delong_covariance"] = plain(covariance)
    result["patient_clustered_covariance"] = plain(clustered)
    result["mean_auc_random_readers"] = plain(mean_of_readers(covariance, readers, level=level))
    if with_model:
        against = delong.reader_mean_weights(MODEL, readers)
        result["model_minus_mean"] = {
            "delong_fixed_readers": plain(
                delong.contrast(used.labels, curves, against, level=level)
            ),
            "patient_clustered_fixed_readers": plain(
                clustered_contrast(used.labels, curves, against, used.patients, level=level)
            ),
            "readers_minus_model_random_readers": plain(
                readers_minus_model(covariance, readers, model=MODEL, level=level)
            ),
        }
    return result
