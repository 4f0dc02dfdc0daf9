"""Checklists: reporting guidelines filled with what the results know (pure).

Items are abridged, in words of our own; the published checklists are authoritative. What no
result can know is left to the author, and says so.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from cohorts.spreadsheet import harmless
from readerstudy.analysis.reporting.checklists.answers import ANSWERS
from readerstudy.analysis.reporting.checklists.claim_2024 import CLAIM_2024
from readerstudy.analysis.reporting.checklists.items import AUTHOR, Answer, Checklist, Item
from readerstudy.analysis.reporting.checklists.stard_ai_2025 import STARD_AI_2025
from readerstudy.analysis.reporting.checklists.tripod_ai_2024 import TRIPOD_AI_2024
from readerstudy.analysis.reporting.content.facts import Facts
from readerstudy.analysis.reporting.content.material import Material, material_of
from readerstudy.analysis.reporting.document import Column, Row, Section, Table

CHECKLISTS = (CLAIM_2024, STARD_AI_2025, TRIPOD_AI_2024)
COLUMNS = ("Item", "Asked, abridged", "This study", "Where in the report")
CSV_COLUMNS = ("checklist", "doi", "section", "item", "asked", "answer", "where")
ABRIDGED = (
    "Wording abridged; the published checklist is authoritative. “For the author” marks what the "
    "data of this report cannot tell."
)


class RunFacts(Protocol):
    """What is known of the run itself."""

    @property
    def results_digest(self) -> str: ...
    @property
    def frozen_at(self) -> str: ...
    @property
    def unblinding(self) -> int | None: ...


def filled(results: Mapping[str, Any], facts: RunFacts) -> tuple[Section, ...]:
    """Return every checklist as a section with one table.

    Parameters
    ----------
    results : mapping
        Of schema 3.
    facts : RunFacts

    Returns
    -------
    tuple of Section
        CLAIM 2024, STARD-AI 2025, TRIPOD+AI 2024; the same results give the same text.
    """
    material = _material(results, facts)
    return tuple(_section(material, checklist) for checklist in CHECKLISTS)


def to_csv(results: Mapping[str, Any], facts: RunFacts) -> str:
    """Return every item of every checklist as one CSV table, safe to open in a spreadsheet."""
    material = _material(results, facts)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for checklist in CHECKLISTS:
        for section, item in _items(checklist):
            answer = answered(material, item)
            cells = (
                checklist.title,
                checklist.doi,
                section,
                item.number,
                item.asked,
                answer.words,
                answer.where,
            )
            writer.writerow([harmless(cell) for cell in cells])
    return out.getvalue()


def answered(material: Material, item: Item) -> Answer:
    """Return what is known of an item."""
    return ANSWERS[item.topic](material) if item.topic else AUTHOR


def _material(results: Mapping[str, Any], facts: RunFacts) -> Material:
    known = Facts(
        results_digest=facts.results_digest,
        frozen_at=facts.frozen_at,
        unblinding=facts.unblinding,
    )
    return material_of(results, known, None)


def _items(checklist: Checklist) -> Iterator[tuple[str, Item]]:
    for part in checklist.parts:
        for item in part.items:
            yield part.title, item


def _section(material: Material, checklist: Checklist) -> Section:
    rows: list[Row] = []
    for part in checklist.parts:
        rows.append(Row(cells=(part.title,), heading=True))
        for item in part.items:
            answer = answered(material, item)
            rows.append(Row(cells=(item.number, item.asked, answer.words, answer.where)))
    table = Table(
        key=f"table-{checklist.key}",
        title=f"Checklist {checklist.title}",
        columns=tuple(Column(title=title) for title in COLUMNS),
        rows=tuple(rows),
        notes=(f"{checklist.citation}. doi:{checklist.doi}.", ABRIDGED),
    )
    return Section(key=checklist.key, title=checklist.title, blocks=(table,))
