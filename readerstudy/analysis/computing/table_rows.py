"""Analysis room: the rows of one endpoint's table: model, readers, and what stands beside them."""

import numpy as np

from readerstudy.analysis.computing.endpoints import (
    CATEGORIES,
    MODEL,
    NodeSet,
    ReaderView,
    common_nodes,
    scores,
    value_of,
)
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.statistics import delong
from readerstudy.statistics.clustered import FEW_PATIENTS, clustered_auc
from readerstudy.statistics.fleiss import fleiss_kappa
from readerstudy.statistics.hanley_mcneil import hanley_mcneil
from readerstudy.statistics.operating_points import (
    counted_calls,
    false_positive_target,
    youden,
)
from readerstudy.statistics.roc import roc_points

TARGETS_PERCENT = (5, 10, 15, 20, 30)
CHOSEN_HERE = "chosen on this data"


def node_counts(nodes: NodeSet) -> dict[str, Plain]:
    """Return how many nodes and patients a number rests on, and what was left out."""
    patients = nodes.patients
    positive = {patient for patient, label in zip(patients, nodes.labels, strict=True) if label}
    negative = {patient for patient, label in zip(patients, nodes.labels, strict=True) if not label}
    return {
        "n": len(nodes.rows),
        "n_positive": nodes.n_positive,
        "n_negative": len(nodes.rows) - nodes.n_positive,
        "n_patients": len(set(patients)),
        "n_patients_positive": len(positive),
        "n_patients_negative": len(negative),
        "available": plain(dict(nodes.available)),
        "left_out": plain(nodes.left_out),
    }


def auc_block(nodes: NodeSet, side: str, view: ReaderView, level: float) -> dict[str, Plain]:
    """Return one AUC: DeLong, the patient-clustered and the Hanley-McNeil interval beside it."""
    values = scores(nodes, side, view)
    area = delong.single(nodes.labels, values, level=level)
    clustered = clustered_auc(nodes.labels, values, nodes.patients, level=level)
    older = hanley_mcneil(
        area.estimate, n_positive=area.n_positive, n_negative=area.n_negative, level=level
    )
    n_patients = len(set(nodes.patients))
    warning = None
    if n_patients < FEW_PATIENTS:
        warning = (
            f"Only {n_patients} patients: intervals that allow for patients cover less than stated."
        )
    return {
        "delong": plain(area),
        "patient_clustered": plain(clustered),
        "patient_clustered_warning": warning,
        "hanley_mcneil": plain(older),
    }


def model_row(nodes: NodeSet, level: float) -> dict[str, Plain] | None:
    """Return the model's AUC, operating points and ROC curve; None when it scored no node."""
    used = common_nodes(nodes, [MODEL])
    if not used.rows:
        return None
    values = scores(used, MODEL, ReaderView.BINARY)
    return {
        "nodes": node_counts(used),
        "auc": auc_block(used, MODEL, ReaderView.BINARY, level),
        "operating_points": {
            "rule": "called positive when score >= threshold; threshold null means none is",
            "youden": {
                "chosen_on": CHOSEN_HERE,
                **_as_dict(plain(youden(used.labels, values, level=level))),
            },
            "false_positive_rate": [
                {
                    "chosen_on": CHOSEN_HERE,
                    **_as_dict(
                        plain(false_positive_target(used.labels, values, percent, level=level))
                    ),
                }
                for percent in TARGETS_PERCENT
            ],
        },
        "roc": _roc(used, values),
    }


def _as_dict(value: Plain) -> dict[str, Plain]:
    if not isinstance(value, dict):
        raise TypeError(f"expected a dictionary, not {type(value).__name__}")
    return value


def _roc(nodes: NodeSet, values: tuple[float, ...]) -> list[Plain]:
    n_positive = nodes.n_positive
    n_negative = len(nodes.rows) - n_positive
    if not n_positive or not n_negative:
        return []
    return [
        {
            "threshold": point.threshold,
            "true_positives": point.true_positives,
            "false_positives": point.false_positives,
            "true_positive_rate": point.true_positives / n_positive,
            "false_positive_rate": point.false_positives / n_negative,
        }
        for point in roc_points(nodes.labels, values)
    ]


def reader_row(nodes: NodeSet, reader: str, level: float) -> dict[str, Plain]:
    """Return a reader's AUCs (binary and ordinal view) and counted proportions."""
    used = common_nodes(nodes, [reader])
    calls = [int(value) for value in scores(used, reader, ReaderView.BINARY)]
    counts = counted_calls(used.labels, calls, level=level)
    return {
        "reader": reader,
        "nodes": node_counts(used),
        "auc_binary": auc_block(used, reader, ReaderView.BINARY, level),
        "auc_ordinal": auc_block(used, reader, ReaderView.ORDINAL, level),
        "counts": plain(counts),
        "roc_point": {
            "true_positive_rate": counts.sensitivity.value,
            "false_positive_rate": None
            if counts.specificity.value is None
            else counts.false_positives / counts.specificity.denominator,
        },
    }


def agreement_block(nodes: NodeSet, readers: tuple[str, ...], level: float) -> dict[str, Plain]:
    """Return Fleiss' kappa between readers: three categories, and the endpoint's two."""
    three = [[row.calls[reader] for reader in readers] for row in nodes.rows]
    two = [
        [value_of(row, reader, nodes.endpoint, ReaderView.BINARY) for reader in readers]
        for row in nodes.rows
    ]
    if not three or not readers:
        return {"three_categories": None, "binary": None}
    patients = nodes.patients
    return {
        "three_categories": plain(
            fleiss_kappa(
                np.array(three, dtype=float), categories=CATEGORIES, patients=patients, level=level
            )
        ),
        "binary": plain(
            fleiss_kappa(
                np.array(two, dtype=float), categories=(0, 1), patients=patients, level=level
            )
        ),
    }
