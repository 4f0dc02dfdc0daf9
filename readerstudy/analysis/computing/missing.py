"""Analysis room: the plan's rules for what is missing, and every value that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cohorts.vocabulary import NodeCategory
from readerstudy.analysis.computing.endpoints import MODEL, Reason, StudyTable


class MissingCalls(StrEnum):
    """What becomes of a node that a reader was given and did not call."""

    COMPLETE_PAIRS = "complete_pairs"
    COMPLETE_ALL = "complete_all"
    AS_WRONG = "as_wrong"


class Undetermined(StrEnum):
    """What becomes of a node without a category in the reference standard."""

    LEAVE_OUT = "leave_out"
    AS_BENIGN = "as_benign"
    AS_METASTASIS = "as_metastasis"


TAKEN_AS: Mapping[Undetermined, int | None] = {
    Undetermined.LEAVE_OUT: None,
    Undetermined.AS_BENIGN: int(NodeCategory.BENIGN),
    Undetermined.AS_METASTASIS: int(NodeCategory.METASTASIS),
}


@dataclass(frozen=True, kw_only=True)
class MissingRule:
    """The plan's rule for missing data."""

    calls: MissingCalls = MissingCalls.COMPLETE_PAIRS
    undetermined: Undetermined = Undetermined.LEAVE_OUT


@dataclass(frozen=True, kw_only=True)
class MissingValue:
    """One value that is not there."""

    cohort: str
    patient: str
    node: str
    reason: Reason
    side: str | None


def missing_values(table: StudyTable) -> list[MissingValue]:
    """List every missing category, call and score of a table, by node."""
    has_model = any(
        row.score_metastasis is not None or row.score_ene is not None for row in table.rows
    )
    found: list[MissingValue] = []
    for row in sorted(table.rows, key=lambda row: row.key):
        reasons: list[tuple[Reason, str | None]] = []
        if row.truth is None:
            reasons.append((Reason.REFERENCE_STANDARD_MISSING, None))
        reasons += [
            (Reason.READER_CALL_MISSING, reader)
            for reader in table.readers
            if row.calls[reader] is None
        ]
        if has_model and None in (row.score_metastasis, row.score_ene):
            reasons.append((Reason.MODEL_SCORE_MISSING, MODEL))
        found += [
            MissingValue(
                cohort=row.cohort, patient=row.patient, node=row.node, reason=reason, side=side
            )
            for reason, side in reasons
        ]
    return found
