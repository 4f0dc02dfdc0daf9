"""Analysis room: the patient as the unit: positive when any node is."""

from collections.abc import Mapping, Sequence

from cohorts.vocabulary import NodeCategory
from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.computing.missing import TAKEN_AS, Undetermined

PATIENT = "patient"


def any_node(table: StudyTable, undetermined: Undetermined = Undetermined.LEAVE_OUT) -> StudyTable:
    """Return a table with one row per patient, in which any positive node makes the patient so.

    Parameters
    ----------
    table : StudyTable
    undetermined : Undetermined
        The plan's rule, applied to nodes before their patient: a node taken as benign takes no
        metastasis away from its patient.

    Returns
    -------
    StudyTable
        Truth and calls are the most severe category of the patient's nodes, scores and confidence
        the largest. A value that is missing for one node is missing for the patient, unless a
        node has the most severe category already: nothing could raise it.
    """
    nodes: dict[tuple[str, str], list[NodeRow]] = {}
    for row in table.rows:
        nodes.setdefault((row.cohort, row.patient), []).append(row)
    return StudyTable(
        readers=table.readers,
        rows=tuple(_patient(rows, table.readers, undetermined) for rows in nodes.values()),
    )


def _patient(
    rows: Sequence[NodeRow], readers: Sequence[str], undetermined: Undetermined
) -> NodeRow:
    taken_as = TAKEN_AS[undetermined]
    return NodeRow(
        cohort=rows[0].cohort,
        patient=rows[0].patient,
        node=PATIENT,
        truth=_most_severe([taken_as if row.truth is None else row.truth for row in rows]),
        calls={reader: _most_severe([row.calls[reader] for row in rows]) for reader in readers},
        score_metastasis=_largest([row.score_metastasis for row in rows]),
        score_ene=_largest([row.score_ene for row in rows]),
        confidence_metastasis=_largest_of([row.confidence_metastasis for row in rows], readers),
        confidence_ene=_largest_of([row.confidence_ene for row in rows], readers),
    )


def _most_severe(categories: Sequence[int | None]) -> int | None:
    known = [category for category in categories if category is not None]
    worst = max(known, default=None)
    nothing_worse = worst == max(NodeCategory)
    return worst if nothing_worse or len(known) == len(categories) else None


def _largest(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _largest_of(given: Sequence[Mapping[str, float]], readers: Sequence[str]) -> dict[str, float]:
    found = {reader: _largest([one.get(reader) for one in given]) for reader in readers}
    return {reader: value for reader, value in found.items() if value is not None}
