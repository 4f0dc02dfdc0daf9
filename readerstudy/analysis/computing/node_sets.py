"""Analysis room: the nodes a number is computed on, as columns; the same-node guard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cohorts.vocabulary import NodeCategory
from readerstudy.analysis.computing.endpoints import (
    MODEL,
    Endpoint,
    NodeRow,
    ReaderView,
    Reason,
    StudyTable,
)
from readerstudy.analysis.computing.missing import (
    TAKEN_AS,
    MissingCalls,
    MissingRule,
    Undetermined,
)

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
MISSING = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class NodeColumns:
    """A study table as arrays, in the order of the nodes' names.

    Attributes
    ----------
    rows : tuple of NodeRow
    readers : tuple of str
    rule : MissingRule
        Applied already to the reference standard; applied to calls when they are read.
    truth : ndarray of int64, shape (nodes,)
        Category, -1 where it is missing.
    calls : ndarray of int64, shape (nodes, readers)
        Category, -1 where it is missing.
    model : mapping of str to ndarray of float64, shape (nodes,)
        ``metastasis`` and ``ene`` scores, NaN where missing.
    confidence : mapping of str to ndarray of float64, shape (nodes, readers)
        Likewise, 0 to 100.
    patients, cohorts : ndarray of int64, shape (nodes,)
        Numbers of the patient (within all cohorts) and the cohort.
    """

    rows: tuple[NodeRow, ...]
    readers: tuple[str, ...]
    rule: MissingRule
    truth: IntArray
    calls: IntArray
    model: Mapping[str, FloatArray]
    confidence: Mapping[str, FloatArray]
    patients: IntArray
    cohorts: IntArray

    def has_confidence(self) -> bool:
        """Tell whether any reader gave a confidence."""
        return any(bool(np.isfinite(values).any()) for values in self.confidence.values())


def columns_of(table: StudyTable, rule: MissingRule | None = None) -> NodeColumns:
    """Return a table as arrays, its rows sorted by name."""
    rule = rule or MissingRule()
    rows = tuple(sorted(table.rows, key=lambda row: row.key))
    truth = np.array([_code(row.truth) for row in rows], dtype=np.int64)
    calls = [[_code(row.calls[reader]) for reader in table.readers] for row in rows]
    return NodeColumns(
        rows=rows,
        readers=table.readers,
        rule=rule,
        truth=_with_rule(truth, rule.undetermined),
        calls=np.array(calls, dtype=np.int64).reshape(len(rows), len(table.readers)),
        model={
            "metastasis": np.array([_value(row.score_metastasis) for row in rows]),
            "ene": np.array([_value(row.score_ene) for row in rows]),
        },
        confidence={
            "metastasis": _confidence([row.confidence_metastasis for row in rows], table.readers),
            "ene": _confidence([row.confidence_ene for row in rows], table.readers),
        },
        patients=_numbers([(row.cohort, row.patient) for row in rows]),
        cohorts=_numbers([row.cohort for row in rows]),
    )


def _code(category: int | None) -> int:
    return MISSING if category is None else category


def _value(score: float | None) -> float:
    return float("nan") if score is None else score


def _with_rule(truth: IntArray, rule: Undetermined) -> IntArray:
    return np.where(truth == MISSING, _code(TAKEN_AS[rule]), truth)


def _confidence(given: Sequence[Mapping[str, float]], readers: Sequence[str]) -> FloatArray:
    values = [[one.get(reader, float("nan")) for reader in readers] for one in given]
    return np.array(values, dtype=np.float64).reshape(len(given), len(readers))


def _numbers(names: Sequence[object]) -> IntArray:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """How many nodes take no part for one reason; ``side`` names who has no value."""

    reason: Reason
    side: str | None
    n: int


@dataclass(frozen=True, kw_only=True, eq=False)
class NodeSet:
    """The nodes a number is computed on.

    Attributes
    ----------
    columns : NodeColumns
    endpoint : Endpoint
    index : ndarray of int64, shape (n,)
        Rows of ``columns`` used, ascending.
    labels : ndarray of int64, shape (n,)
        1 where the endpoint's disease is present.
    available : mapping of str to int
        For a comparison: how many of the endpoint's nodes each side has a value for.
    left_out : tuple of LeftOut
    """

    columns: NodeColumns
    endpoint: Endpoint
    index: IntArray
    labels: IntArray
    available: Mapping[str, int]
    left_out: tuple[LeftOut, ...]

    def __len__(self) -> int:
        return len(self.index)

    @property
    def patients(self) -> IntArray:
        """Patient number of each node; the same identifier in two cohorts is two patients."""
        return self.columns.patients[self.index]

    @property
    def n_positive(self) -> int:
        """Nodes with disease."""
        return int(self.labels.sum())

    @property
    def readers(self) -> tuple[str, ...]:
        """Reader labels, in the order of the report."""
        return self.columns.readers


def positive(categories: IntArray, endpoint: Endpoint) -> BoolArray:
    """Tell which categories count as disease for the endpoint."""
    if endpoint is Endpoint.METASTASIS:
        return np.asarray(categories >= NodeCategory.METASTASIS)
    return np.asarray(categories == NodeCategory.METASTASIS_ENE)


def endpoint_nodes(columns: NodeColumns, index: IntArray, endpoint: Endpoint) -> NodeSet:
    """Return those of the indexed nodes that belong to an endpoint.

    Parameters
    ----------
    columns : NodeColumns
    index : ndarray of int64
        Rows of a cohort, a subgroup or of all, ascending.
    endpoint : Endpoint

    Returns
    -------
    NodeSet
        Nodes without a reference standard are left out, and benign ones where the endpoint asks
        of metastatic nodes only.
    """
    truth = columns.truth[index]
    unknown = truth == MISSING
    benign = (truth == NodeCategory.BENIGN) & (endpoint is Endpoint.ENE_AMONG_METASTATIC)
    kept = index[~unknown & ~benign]
    left_out = (
        LeftOut(reason=Reason.REFERENCE_STANDARD_MISSING, side=None, n=int(unknown.sum())),
        LeftOut(reason=Reason.BENIGN_BY_REFERENCE_STANDARD, side=None, n=int(benign.sum())),
    )
    return NodeSet(
        columns=columns,
        endpoint=endpoint,
        index=kept,
        labels=positive(columns.truth[kept], endpoint).astype(np.int64),
        available={},
        left_out=tuple(entry for entry in left_out if entry.n),
    )


def common_nodes(nodes: NodeSet, sides: Sequence[str]) -> NodeSet:
    """Keep the nodes every side has a value for: the same-node guard of all comparisons.

    Parameters
    ----------
    nodes : NodeSet
        From ``endpoint_nodes``.
    sides : sequence of str
        ``MODEL`` and reader labels.

    Returns
    -------
    NodeSet
        ``available`` counts each side's nodes; ``left_out`` the nodes dropped here, per side. A
        missing call drops no node where the plan counts it as wrong.

    Raises
    ------
    ValueError
        If there is no side.
    """
    if not sides:
        raise ValueError("sides must name the model or at least one reader")
    present = {side: _present(nodes, side) for side in sides}
    kept = np.logical_and.reduce([_counted(nodes, side, found) for side, found in present.items()])
    left_out = tuple(
        LeftOut(reason=_missing_reason(side), side=side, n=int((~found & ~kept).sum()))
        for side, found in present.items()
    )
    return NodeSet(
        columns=nodes.columns,
        endpoint=nodes.endpoint,
        index=nodes.index[kept],
        labels=nodes.labels[kept],
        available={side: int(found.sum()) for side, found in present.items()},
        left_out=tuple(entry for entry in left_out if entry.n),
    )


def is_scored(nodes: NodeSet) -> bool:
    """Tell whether the model scored any of the nodes for their endpoint."""
    return bool(np.isfinite(_model_scores(nodes)).any())


def _present(nodes: NodeSet, side: str) -> BoolArray:
    if side == MODEL:
        return np.isfinite(_model_scores(nodes))
    return np.asarray(_calls(nodes, side) != MISSING)


def _counted(nodes: NodeSet, side: str, present: BoolArray) -> BoolArray:
    counts_anyway = side != MODEL and nodes.columns.rule.calls is MissingCalls.AS_WRONG
    return np.ones_like(present) if counts_anyway else present


def _missing_reason(side: str) -> Reason:
    return Reason.MODEL_SCORE_MISSING if side == MODEL else Reason.READER_CALL_MISSING


def _asked(endpoint: Endpoint) -> str:
    return "metastasis" if endpoint is Endpoint.METASTASIS else "ene"


def _model_scores(nodes: NodeSet) -> FloatArray:
    return nodes.columns.model[_asked(nodes.endpoint)][nodes.index]


def _calls(nodes: NodeSet, reader: str) -> IntArray:
    calls: IntArray = nodes.columns.calls[nodes.index, nodes.columns.readers.index(reader)]
    return calls


def scores(nodes: NodeSet, side: str, view: ReaderView) -> FloatArray:
    """Return a side's score for every node of a common set.

    Parameters
    ----------
    nodes : NodeSet
        From ``common_nodes``.
    side : str
        ``MODEL`` or a reader label.
    view : ReaderView
        ``binary``: 1 when the call counts as disease for the endpoint; ``ordinal``: the category;
        ``confidence``: the reader's confidence that the disease is there, 0 to 100. The model has
        its one score in every view.

    Returns
    -------
    ndarray of float64, shape (n,)
        Where the plan counts missing calls as wrong they have the worst value of the view.

    Raises
    ------
    ValueError
        If the side has no value for a node: the set was not made for it.
    """
    if side == MODEL:
        values = _model_scores(nodes)
    elif view is ReaderView.CONFIDENCE:
        values = _confidences(nodes, side)
    else:
        values = _viewed(nodes, side, view)
    if np.isnan(values).any():
        row = nodes.columns.rows[int(nodes.index[np.isnan(values)][0])]
        raise ValueError(f"{side} has no value for node {row.key}; use common_nodes first")
    return values


def _viewed(nodes: NodeSet, reader: str, view: ReaderView) -> FloatArray:
    calls = _calls(nodes, reader)
    binary = view is ReaderView.BINARY
    values = (positive(calls, nodes.endpoint) if binary else calls).astype(np.float64)
    worst = (0.0, 1.0) if binary else (float(NodeCategory.BENIGN), float(max(NodeCategory)))
    return _filled(values, calls == MISSING, nodes, worst)


def _filled(
    values: FloatArray, missing: BoolArray, nodes: NodeSet, worst: tuple[float, float]
) -> FloatArray:
    """Give missing calls the worst value where the plan says so, else mark them."""
    if nodes.columns.rule.calls is MissingCalls.AS_WRONG:
        return np.where(missing, np.where(nodes.labels == 1, worst[0], worst[1]), values)
    return np.where(missing, np.nan, values)


def _confidences(nodes: NodeSet, reader: str) -> FloatArray:
    given = nodes.columns.confidence[_asked(nodes.endpoint)]
    values: FloatArray = given[nodes.index, nodes.columns.readers.index(reader)]
    return values


def with_confidence(nodes: NodeSet, sides: Sequence[str]) -> NodeSet | None:
    """Keep the nodes on which every reader among the sides gave a confidence; None if none did."""
    readers = [side for side in sides if side != MODEL]
    at = [nodes.columns.readers.index(reader) for reader in readers]
    given = nodes.columns.confidence[_asked(nodes.endpoint)][nodes.index][:, at]
    kept = np.isfinite(given).all(axis=1)
    if not kept.any():
        return None
    dropped = LeftOut(reason=Reason.CONFIDENCE_MISSING, side=None, n=int((~kept).sum()))
    return NodeSet(
        columns=nodes.columns,
        endpoint=nodes.endpoint,
        index=nodes.index[kept],
        labels=nodes.labels[kept],
        available=nodes.available,
        left_out=(*nodes.left_out, *([dropped] if dropped.n else [])),
    )
