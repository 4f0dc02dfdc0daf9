"""Analysis room: which nodes belong to an endpoint, how calls become scores, what is left out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cohorts.vocabulary import NodeCategory

MODEL = "model"
"""The side of a comparison that is not a reader."""

CATEGORIES = tuple(int(category) for category in NodeCategory)


class Endpoint(StrEnum):
    """The three questions asked of every node."""

    METASTASIS = "metastasis"
    ENE = "ene"
    ENE_AMONG_METASTATIC = "ene_among_metastatic"


ENDPOINT_LABELS = {
    Endpoint.METASTASIS: "Metastasis (with or without ENE) against benign, all nodes",
    Endpoint.ENE: "Metastasis with ENE against all other nodes",
    Endpoint.ENE_AMONG_METASTATIC: "Metastasis with ENE against metastasis without ENE",
}


class ReaderView(StrEnum):
    """How a reader's category is read as a score."""

    BINARY = "binary"
    ORDINAL = "ordinal"


class Reason(StrEnum):
    """Why a node takes no part."""

    REFERENCE_STANDARD_MISSING = "reference_standard_missing"
    BENIGN_BY_REFERENCE_STANDARD = "benign_by_reference_standard"
    READER_CALL_MISSING = "reader_call_missing"
    MODEL_SCORE_MISSING = "model_score_missing"


REASON_SENTENCES = {
    Reason.REFERENCE_STANDARD_MISSING: "No reference standard, or not determinable.",
    Reason.BENIGN_BY_REFERENCE_STANDARD: "Benign; this endpoint asks of metastatic nodes only.",
    Reason.READER_CALL_MISSING: "The reader made no call for this node.",
    Reason.MODEL_SCORE_MISSING: "The model has no score for this node.",
}


@dataclass(frozen=True, kw_only=True)
class NodeRow:
    """One lymph node of the frozen table.

    Attributes
    ----------
    cohort, patient, node : str
        Together they name the node.
    truth : int or None
        Category of the reference standard; None when missing or not determinable.
    calls : mapping of str to int or None
        Category per reader label; None where the reader made no call.
    score_metastasis, score_ene : float or None
        Model scores; a higher score is more suspicious.
    short_axis_mm : float or None
        Short-axis diameter of the mask.
    level : str
        Lymph node level; empty where nobody recorded one.
    confidence_metastasis, confidence_ene : mapping of str to float
        Per reader label, 0 to 100; only readers who gave one.
    """

    cohort: str
    patient: str
    node: str
    truth: int | None
    calls: Mapping[str, int | None]
    score_metastasis: float | None
    score_ene: float | None
    short_axis_mm: float | None = None
    level: str = ""
    confidence_metastasis: Mapping[str, float] = field(default_factory=dict)
    confidence_ene: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """The node's name."""
        return (self.cohort, self.patient, self.node)


@dataclass(frozen=True, kw_only=True)
class StudyTable:
    """The frozen table an analysis reads: truth, calls and predictions per node.

    Attributes
    ----------
    readers : tuple of str
        Reader labels, in the order of the report.
    rows : tuple of NodeRow

    Raises
    ------
    ValueError
        If a node is listed twice, calls do not name exactly the readers, a category is not
        0, 1 or 2, a score is not finite, or a reader is labelled like the model.
    """

    readers: tuple[str, ...]
    rows: tuple[NodeRow, ...]

    def __post_init__(self) -> None:
        """Refuse a table that cannot be analysed."""
        if len(set(self.readers)) != len(self.readers) or MODEL in self.readers:
            raise ValueError(f"readers must differ and none be called {MODEL!r}: {self.readers}")
        seen: set[tuple[str, str, str]] = set()
        for row in self.rows:
            if row.key in seen:
                raise ValueError(f"node {row.key} is listed twice; keep one row per node")
            seen.add(row.key)
            _check_row(row, self.readers)

    @property
    def cohorts(self) -> tuple[str, ...]:
        """Cohort names in alphabetical order."""
        return tuple(sorted({row.cohort for row in self.rows}))


def _check_row(row: NodeRow, readers: Sequence[str]) -> None:
    if set(row.calls) != set(readers):
        raise ValueError(f"node {row.key}: calls must name exactly the readers {tuple(readers)}")
    for name, category in {"truth": row.truth, **row.calls}.items():
        if category is not None and category not in CATEGORIES:
            raise ValueError(f"node {row.key}: {name} must be 0, 1, 2 or None, not {category!r}")
    for name, score in (
        ("score_metastasis", row.score_metastasis),
        ("score_ene", row.score_ene),
    ):
        if score is not None and not math.isfinite(score):
            raise ValueError(f"node {row.key}: {name} must be a finite number or None, not {score}")


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A node that takes no part, and why; ``side`` names who has no value, if that is it."""

    cohort: str
    patient: str
    node: str
    reason: Reason
    side: str | None = None


@dataclass(frozen=True, kw_only=True)
class NodeSet:
    """The nodes a number is computed on.

    Attributes
    ----------
    rows : tuple of NodeRow
        The nodes used, in the order of their names.
    labels : tuple of int
        1 where the endpoint's disease is present.
    available : mapping of str to int
        For a comparison: how many of the endpoint's nodes each side has a value for.
    left_out : tuple of LeftOut
        One entry per node and reason.
    """

    endpoint: Endpoint
    rows: tuple[NodeRow, ...]
    labels: tuple[int, ...]
    available: Mapping[str, int]
    left_out: tuple[LeftOut, ...]

    @property
    def patients(self) -> tuple[tuple[str, str], ...]:
        """Patient of each node; the same identifier in two cohorts is two patients."""
        return tuple((row.cohort, row.patient) for row in self.rows)

    @property
    def n_positive(self) -> int:
        """Nodes with disease."""
        return sum(self.labels)


def is_positive(category: int, endpoint: Endpoint) -> bool:
    """Tell whether a category counts as disease for the endpoint."""
    if endpoint is Endpoint.METASTASIS:
        return category >= NodeCategory.METASTASIS
    return category == NodeCategory.METASTASIS_ENE


def exclusion(row: NodeRow, endpoint: Endpoint) -> Reason | None:
    """Return why a node does not belong to the endpoint, or None when it does."""
    if row.truth is None:
        return Reason.REFERENCE_STANDARD_MISSING
    if endpoint is Endpoint.ENE_AMONG_METASTATIC and row.truth == NodeCategory.BENIGN:
        return Reason.BENIGN_BY_REFERENCE_STANDARD
    return None


def endpoint_nodes(rows: Sequence[NodeRow], endpoint: Endpoint) -> NodeSet:
    """Return the nodes that belong to an endpoint, sorted by name, and those left out.

    Parameters
    ----------
    rows : sequence of NodeRow
    endpoint : Endpoint

    Returns
    -------
    NodeSet
    """
    ordered = sorted(rows, key=lambda row: row.key)
    kept, left_out = [], []
    for row in ordered:
        reason = exclusion(row, endpoint)
        if reason is None:
            kept.append(row)
        else:
            left_out.append(_left_out(row, reason))
    return NodeSet(
        endpoint=endpoint,
        rows=tuple(kept),
        labels=_labels(kept, endpoint),
        available={},
        left_out=tuple(left_out),
    )


def _left_out(row: NodeRow, reason: Reason, side: str | None = None) -> LeftOut:
    return LeftOut(cohort=row.cohort, patient=row.patient, node=row.node, reason=reason, side=side)


def _labels(rows: Sequence[NodeRow], endpoint: Endpoint) -> tuple[int, ...]:
    return tuple(int(row.truth is not None and is_positive(row.truth, endpoint)) for row in rows)


def value_of(row: NodeRow, side: str, endpoint: Endpoint, view: ReaderView) -> float | None:
    """Return the score a side gives a node, None where it has none.

    Parameters
    ----------
    row : NodeRow
    side : str
        ``MODEL`` or a reader label.
    endpoint : Endpoint
    view : ReaderView
        ``binary``: 1 when the call counts as disease for the endpoint; ``ordinal``: the category.

    Returns
    -------
    float or None
    """
    if side == MODEL:
        return row.score_metastasis if endpoint is Endpoint.METASTASIS else row.score_ene
    call = row.calls[side]
    if call is None:
        return None
    return float(is_positive(call, endpoint)) if view is ReaderView.BINARY else float(call)


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
        ``available`` counts each side's nodes; ``left_out`` lists every node dropped here, once
        per side that has no value.

    Raises
    ------
    ValueError
        If there is no side.
    """
    if not sides:
        raise ValueError("sides must name the model or at least one reader")
    available = dict.fromkeys(sides, 0)
    kept: list[NodeRow] = []
    left_out: list[LeftOut] = []
    for row in nodes.rows:
        missing = []
        for side in sides:
            if value_of(row, side, nodes.endpoint, ReaderView.BINARY) is None:
                missing.append(side)
            else:
                available[side] += 1
        left_out.extend(_left_out(row, _missing_reason(side), side) for side in missing)
        if not missing:
            kept.append(row)
    return NodeSet(
        endpoint=nodes.endpoint,
        rows=tuple(kept),
        labels=_labels(kept, nodes.endpoint),
        available=available,
        left_out=tuple(left_out),
    )


def _missing_reason(side: str) -> Reason:
    return Reason.MODEL_SCORE_MISSING if side == MODEL else Reason.READER_CALL_MISSING


def scores(nodes: NodeSet, side: str, view: ReaderView) -> tuple[float, ...]:
    """Return a side's score for every node of a common set.

    Raises
    ------
    ValueError
        If the side has no value for a node: the set was not made for it.
    """
    values = []
    for row in nodes.rows:
        value = value_of(row, side, nodes.endpoint, view)
        if value is None:
            raise ValueError(f"{side} has no value for node {row.key}; use common_nodes first")
        values.append(value)
    return tuple(values)
