"""Analysis room: nodes, endpoints and reader views: the words every table is computed in."""

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
    """How a reader's answer is read as a score."""

    BINARY = "binary"
    ORDINAL = "ordinal"
    CONFIDENCE = "confidence"


class Reason(StrEnum):
    """Why a node takes no part."""

    REFERENCE_STANDARD_MISSING = "reference_standard_missing"
    BENIGN_BY_REFERENCE_STANDARD = "benign_by_reference_standard"
    READER_CALL_MISSING = "reader_call_missing"
    MODEL_SCORE_MISSING = "model_score_missing"
    CONFIDENCE_MISSING = "confidence_missing"


REASON_SENTENCES = {
    Reason.REFERENCE_STANDARD_MISSING: "No reference standard, or not determinable.",
    Reason.BENIGN_BY_REFERENCE_STANDARD: "Benign; this endpoint asks of metastatic nodes only.",
    Reason.READER_CALL_MISSING: "The reader made no call for this node.",
    Reason.MODEL_SCORE_MISSING: "The model has no score for this node.",
    Reason.CONFIDENCE_MISSING: "A reader gave no confidence for this node.",
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


def is_positive(category: int, endpoint: Endpoint) -> bool:
    """Tell whether a category counts as disease for the endpoint."""
    if endpoint is Endpoint.METASTASIS:
        return category >= NodeCategory.METASTASIS
    return category == NodeCategory.METASTASIS_ENE
