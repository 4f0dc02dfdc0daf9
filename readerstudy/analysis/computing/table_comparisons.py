"""Analysis room: model against each reader, always on the nodes both have."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from readerstudy.analysis.computing.endpoints import MODEL, ReaderView
from readerstudy.analysis.computing.model_calls import Cut
from readerstudy.analysis.computing.node_sets import NodeSet, common_nodes, scores
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.analysis.computing.setting import Setting
from readerstudy.analysis.computing.table_rows import node_counts, viewed
from readerstudy.statistics import delong
from readerstudy.statistics.clustered import clustered_contrast
from readerstudy.statistics.clustered_mcnemar import clustered_mcnemar
from readerstudy.statistics.mcnemar import PairedCounts, mcnemar

IntArray = npt.NDArray[np.int64]
PAIRS = 4


def reader_comparison(
    nodes: NodeSet, reader: str, cuts: Sequence[Cut], setting: Setting
) -> dict[str, Plain]:
    """Compare the model with one reader (model minus reader) on the nodes both have.

    Parameters
    ----------
    nodes : NodeSet
        The endpoint's nodes.
    reader : str
    cuts : sequence of Cut
        Thresholds of the model, fixed before or chosen on all nodes it scored.
    setting : Setting

    Returns
    -------
    dict
    """
    used = common_nodes(nodes, [MODEL, reader])
    return {
        "reader": reader,
        "nodes": node_counts(used),
        **{view.value: _paired(used, reader, view, setting.level) for view in setting.views},
        "mcnemar": {cut.name: _mcnemar(used, reader, cut, setting.level) for cut in cuts},
    }


def _paired(nodes: NodeSet, reader: str, view: ReaderView, level: float) -> dict[str, Plain] | None:
    used = viewed(nodes, [reader], view)
    if used is None:
        return None
    curves = {side: scores(used, side, view) for side in (MODEL, reader)}
    weights = {MODEL: 1.0, reader: -1.0}
    return {
        "delong": plain(delong.contrast(used.labels, curves, weights, level=level)),
        "patient_clustered": plain(
            clustered_contrast(used.labels, curves, weights, used.patients, level=level)
        ),
    }


def _mcnemar(used: NodeSet, reader: str, cut: Cut, level: float) -> dict[str, Plain]:
    model = cut.calls(scores(used, MODEL, ReaderView.BINARY)).astype(np.int64)
    calls = scores(used, reader, ReaderView.BINARY).astype(np.int64)
    return {
        "threshold": cut.threshold,
        "chosen_on": cut.chosen_on,
        "sensitivity": _mcnemar_of_class(used, (model, calls), 1, level),
        "specificity": _mcnemar_of_class(used, (model, calls), 0, level),
    }


def _mcnemar_of_class(
    used: NodeSet, calls: tuple[IntArray, IntArray], label: int, level: float
) -> dict[str, Plain]:
    asked = used.labels == label
    first, second = (side[asked] == label for side in calls)
    # both, first only, second only, neither: 0 to 3, counted per patient in one pass.
    kind = 2 * (~first).astype(np.int64) + (~second).astype(np.int64)
    _, patients = np.unique(used.patients[asked], return_inverse=True)
    n_patients = int(patients.max()) + 1 if len(patients) else 0
    cells = np.bincount(patients * PAIRS + kind, minlength=n_patients * PAIRS)
    return {
        "first": MODEL,
        "test": plain(mcnemar(_counts(np.bincount(kind, minlength=PAIRS)), level=level)),
        "patient_clustered": plain(clustered_mcnemar(cells.reshape(n_patients, PAIRS))),
    }


def _counts(cells: IntArray) -> PairedCounts:
    both, first_only, second_only, neither = (int(count) for count in cells)
    return PairedCounts(both=both, first_only=first_only, second_only=second_only, neither=neither)
