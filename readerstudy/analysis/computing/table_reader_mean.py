"""Analysis room: the mean of the readers, and the model against it, on the nodes all have."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from readerstudy.analysis.computing.endpoints import MODEL, ReaderView
from readerstudy.analysis.computing.model_calls import Cut
from readerstudy.analysis.computing.node_sets import NodeSet, common_nodes, is_scored, scores
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.analysis.computing.setting import Setting
from readerstudy.analysis.computing.table_rows import node_counts, viewed
from readerstudy.statistics import delong
from readerstudy.statistics.clustered import clustered_contrast, clustered_covariance
from readerstudy.statistics.mean_reader import model_against_mean_reader
from readerstudy.statistics.operating_points import CountedPoint, counted_calls
from readerstudy.statistics.proportions import Proportion
from readerstudy.statistics.random_readers import mean_of_readers, readers_minus_model

PROPORTIONS = ("sensitivity", "specificity", "accuracy")
Curves = Mapping[str, npt.NDArray[np.float64]]


def reader_mean(nodes: NodeSet, cuts: Sequence[Cut], setting: Setting) -> dict[str, Plain] | None:
    """Return the mean of the readers on the nodes all of them (and the model) have.

    Parameters
    ----------
    nodes : NodeSet
        The endpoint's nodes.
    cuts : sequence of Cut
        Thresholds of the model; empty where it scored no node, and then no contrast is given.
    setting : Setting

    Returns
    -------
    dict or None
        None without readers.
    """
    readers = nodes.readers
    if not readers:
        return None
    with_model = is_scored(nodes)
    used = common_nodes(nodes, (MODEL, *readers) if with_model else readers)
    result: dict[str, Plain] = {
        "nodes": node_counts(used),
        "readers": list(readers),
        "proportions": _mean_proportions(used, setting.level),
    }
    for view in setting.views:
        result[view.value] = _mean_of_view(used, view, with_model, setting.level)
    if with_model:
        result["against_model"] = {
            cut.name: {
                "threshold": cut.threshold,
                "chosen_on": cut.chosen_on,
                "sensitivity": _against(used, cut, 1, setting.level),
                "specificity": _against(used, cut, 0, setting.level),
            }
            for cut in cuts
        }
    return result


def _against(used: NodeSet, cut: Cut, label: int, level: float) -> Plain:
    """Compare how often the model and the mean reader are right among one class."""
    asked = used.labels == label
    model = cut.calls(scores(used, MODEL, ReaderView.BINARY))[asked].astype(np.int64)
    readers = np.column_stack(
        [scores(used, reader, ReaderView.BINARY)[asked] for reader in used.readers]
    )
    return plain(
        model_against_mean_reader(
            (model == label).astype(np.int64),
            (readers == label).astype(np.int64),
            patients=used.patients[asked],
            level=level,
        )
    )


def _mean_proportions(used: NodeSet, level: float) -> dict[str, Plain]:
    counts = [
        counted_calls(
            used.labels, scores(used, reader, ReaderView.BINARY).astype(np.int64), level=level
        )
        for reader in used.readers
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
    nodes: NodeSet, view: ReaderView, with_model: bool, level: float
) -> dict[str, Plain] | None:
    readers = nodes.readers
    used = viewed(nodes, readers, view)
    if used is None:
        return None
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
    result["mean_auc_random_readers_patient_clustered"] = plain(
        mean_of_readers(clustered, readers, level=level)
    )
    if with_model:
        result["model_minus_mean"] = _against_mean(used, curves, level) | {
            "readers_minus_model_random_readers": plain(
                readers_minus_model(covariance, readers, model=MODEL, level=level)
            ),
            "readers_minus_model_random_readers_patient_clustered": plain(
                readers_minus_model(clustered, readers, model=MODEL, level=level)
            ),
        }
    return result


def _against_mean(used: NodeSet, curves: Curves, level: float) -> dict[str, Plain]:
    """Test the model minus the mean of these readers, without and with regard to patients."""
    against = delong.reader_mean_weights(MODEL, used.readers)
    return {
        "delong_fixed_readers": plain(delong.contrast(used.labels, curves, against, level=level)),
        "patient_clustered_fixed_readers": plain(
            clustered_contrast(used.labels, curves, against, used.patients, level=level)
        ),
    }
