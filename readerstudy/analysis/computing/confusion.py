"""Analysis room: reference standard against call, three categories by three."""

from collections.abc import Mapping

import numpy as np

from readerstudy.analysis.computing.endpoints import CATEGORIES, MODEL
from readerstudy.analysis.computing.model_calls import ModelRule
from readerstudy.analysis.computing.node_sets import MISSING, IntArray, NodeColumns
from readerstudy.analysis.computing.plain import Plain

SIZE = len(CATEGORIES)


def confusion(columns: NodeColumns, index: IntArray, model: ModelRule) -> dict[str, Plain]:
    """Count calls by reference standard, for every reader and the model.

    Parameters
    ----------
    columns : NodeColumns
    index : ndarray of int64
        Nodes of the part.
    model : ModelRule
        The model has categories only where both of its thresholds are fixed.

    Returns
    -------
    dict
        Per side a 3 x 3 list (rows: reference standard, columns: call, both benign first), and
        ``undetermined`` and ``missing``: nodes that are in no cell, by side.
    """
    truth = columns.truth[index]
    called: Mapping[str, IntArray | None] = {
        MODEL: model.categories(columns.model["metastasis"][index], columns.model["ene"][index]),
        **{reader: columns.calls[index, at] for at, reader in enumerate(columns.readers)},
    }
    known = truth != MISSING
    return {
        "undetermined": int((~known).sum()),
        "sides": {
            side: None if calls is None else _matrix(truth, calls) for side, calls in called.items()
        },
        "missing": {
            side: None if calls is None else int((known & (calls == MISSING)).sum())
            for side, calls in called.items()
        },
    }


def _matrix(truth: IntArray, calls: IntArray) -> list[Plain]:
    both = (truth != MISSING) & (calls != MISSING)
    cells = np.bincount(truth[both] * SIZE + calls[both], minlength=SIZE * SIZE)
    return [[int(count) for count in row] for row in cells.reshape(SIZE, SIZE)]
