"""Analysis room: the rows of one endpoint's table: model and readers, each on its own nodes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from readerstudy.analysis.computing.endpoints import MODEL, ReaderView
from readerstudy.analysis.computing.model_calls import CHOSEN_HERE, Cut
from readerstudy.analysis.computing.node_sets import (
    NodeSet,
    common_nodes,
    scores,
    with_confidence,
)
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.analysis.computing.setting import Setting
from readerstudy.statistics import delong
from readerstudy.statistics.calibration import calibration
from readerstudy.statistics.clustered import FEW_PATIENTS, clustered_auc
from readerstudy.statistics.hanley_mcneil import hanley_mcneil
from readerstudy.statistics.operating_points import (
    CountedPoint,
    FalsePositiveTarget,
    YoudenPoint,
    counted_calls,
    false_positive_target,
    youden,
)
from readerstudy.statistics.roc import roc_curve

COMPARED_TARGET_PERCENT = 10
SHOWN_CURVE_POINTS = 1000


def node_counts(nodes: NodeSet) -> dict[str, Plain]:
    """Return how many nodes and patients a number rests on, and how many were left out."""
    patients, labels = nodes.patients, nodes.labels
    return {
        "n": len(nodes),
        "n_positive": nodes.n_positive,
        "n_negative": len(nodes) - nodes.n_positive,
        "n_patients": len(np.unique(patients)),
        "n_patients_positive": len(np.unique(patients[labels == 1])),
        "n_patients_negative": len(np.unique(patients[labels == 0])),
        "available": plain(dict(nodes.available)),
        "left_out": plain(nodes.left_out),
    }


def auc_block(nodes: NodeSet, side: str, view: ReaderView, level: float) -> dict[str, Plain]:
    """Return one AUC: DeLong, the patient-clustered and the Hanley-McNeil interval beside it."""
    values = scores(nodes, side, view)
    area = delong.single(nodes.labels, values, level=level)
    patients = nodes.patients
    clustered = clustered_auc(nodes.labels, values, patients, level=level)
    older = hanley_mcneil(
        area.estimate, n_positive=area.n_positive, n_negative=area.n_negative, level=level
    )
    return {
        "delong": plain(area),
        "patient_clustered": plain(clustered),
        "patient_clustered_warning": few_patients_warning(len(np.unique(patients))),
        "hanley_mcneil": plain(older),
    }


def few_patients_warning(n_patients: int) -> str | None:
    """Return the sentence that stands beside clustered intervals of few patients."""
    if n_patients >= FEW_PATIENTS:
        return None
    return f"Only {n_patients} patients: intervals that allow for patients cover less than stated."


def model_row(nodes: NodeSet, setting: Setting) -> tuple[dict[str, Plain] | None, list[Cut]]:
    """Return the model's row, and the thresholds that readers are compared at.

    The row is None when the model scored no node of the endpoint.
    """
    used = common_nodes(nodes, [MODEL])
    if not len(used):
        return None, []
    values = scores(used, MODEL, ReaderView.BINARY)
    row: dict[str, Plain] = {
        "nodes": node_counts(used),
        "auc": auc_block(used, MODEL, ReaderView.BINARY, setting.level),
    }
    fixed = setting.model.fixed_cut(nodes.endpoint)
    cuts = [] if fixed is None else [fixed]
    points: dict[str, Plain] = {
        "rule": "called positive when score >= threshold; threshold null means none is",
        "fixed": None if fixed is None else _fixed_point(used, values, fixed, setting.level),
    }
    if setting.whole:
        chosen, cuts_here = _chosen_points(used, values, setting)
        points |= chosen
        cuts += cuts_here
        row["roc"] = _roc(used, values)
        row["calibration"] = _calibration(used, values, setting)
    return row | {"operating_points": points}, cuts


def _fixed_point(
    nodes: NodeSet, values: npt.NDArray[np.float64], cut: Cut, level: float
) -> dict[str, Plain]:
    calls = cut.calls(values).astype(np.int64)
    return {
        "chosen_on": cut.chosen_on,
        "on_probability": cut.on_probability,
        "strict": cut.strict,
        "point": {
            "threshold": cut.threshold,
            "counts": plain(counted_calls(nodes.labels, calls, level=level)),
        },
    }


def _chosen_points(
    nodes: NodeSet, values: npt.NDArray[np.float64], setting: Setting
) -> tuple[dict[str, Plain], list[Cut]]:
    best = youden(nodes.labels, values, level=setting.level)
    targets = [
        false_positive_target(nodes.labels, values, percent, level=setting.level)
        for percent in setting.targets_percent
    ]
    points: dict[str, Plain] = {
        "youden": _chosen(best),
        "false_positive_rate": [_chosen(target) for target in targets],
    }
    cuts = [] if best.point is None else [Cut(name="youden", threshold=best.point.threshold)]
    for target in targets:
        if target.target_percent == COMPARED_TARGET_PERCENT and target.attainable is not None:
            name = f"fpr{COMPARED_TARGET_PERCENT}"
            cuts.append(Cut(name=name, threshold=target.attainable.threshold))
    return points, cuts


def _chosen(point: YoudenPoint | FalsePositiveTarget) -> dict[str, Plain]:
    described = plain(point)
    if not isinstance(described, dict):
        raise TypeError(f"expected a dictionary, not {type(described).__name__}")
    return {"chosen_on": CHOSEN_HERE, **described}


def _roc(nodes: NodeSet, values: npt.NDArray[np.float64]) -> list[Plain]:
    n_positive = nodes.n_positive
    n_negative = len(nodes) - n_positive
    if not n_positive or not n_negative:
        return []
    curve = roc_curve(nodes.labels, values)
    return [
        {
            "threshold": point.threshold,
            "true_positives": point.true_positives,
            "false_positives": point.false_positives,
            "true_positive_rate": point.true_positives / n_positive,
            "false_positive_rate": point.false_positives / n_negative,
        }
        for point in (curve.point(at) for at in _shown(len(curve)))
    ]


def _shown(n: int) -> Sequence[int]:
    """Return which points of a curve are stored: all, or evenly spaced ones of a long curve."""
    if n <= SHOWN_CURVE_POINTS:
        return range(n)
    spaced = np.linspace(0, n - 1, SHOWN_CURVE_POINTS).round().astype(int)
    return [int(at) for at in spaced]


def _calibration(
    nodes: NodeSet, values: npt.NDArray[np.float64], setting: Setting
) -> dict[str, Plain]:
    probabilities = setting.model.probabilities(values)
    if probabilities is None:
        reason = "The scores lie outside [0, 1] and are no probabilities."
        return {"result": None, "reason": reason}
    result = calibration(nodes.labels, probabilities, level=setting.level)
    return {"result": plain(result), "reason": None}


def reader_row(nodes: NodeSet, reader: str, setting: Setting) -> dict[str, Plain]:
    """Return a reader's AUC in each view and counted proportions."""
    used = common_nodes(nodes, [reader])
    calls = scores(used, reader, ReaderView.BINARY).astype(np.int64)
    counts = counted_calls(used.labels, calls, level=setting.level)
    row: dict[str, Plain] = {"reader": reader, "nodes": node_counts(used)}
    for view in setting.views:
        seen = viewed(used, [reader], view)
        row[f"auc_{view.value}"] = (
            None if seen is None else auc_block(seen, reader, view, setting.level)
        )
    return row | {"counts": plain(counts), "roc_point": _roc_point(counts)}


def viewed(nodes: NodeSet, sides: Sequence[str], view: ReaderView) -> NodeSet | None:
    """Return the nodes a view can be computed on; None where nobody gave what it needs."""
    return with_confidence(nodes, sides) if view is ReaderView.CONFIDENCE else nodes


def _roc_point(counts: CountedPoint) -> dict[str, Plain]:
    return {
        "true_positive_rate": counts.sensitivity.value,
        "false_positive_rate": None
        if counts.specificity.value is None
        else counts.false_positives / counts.specificity.denominator,
    }
