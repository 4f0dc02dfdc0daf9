"""Reports to look into: text of cells by table, line and column."""

import json

from readerstudy.analysis.computing.description import describe
from readerstudy.analysis.computing.tables import study_tables
from readerstudy.analysis.frozen_table import FrozenTable
from readerstudy.analysis.reporting.content import Facts, report_document
from readerstudy.analysis.reporting.document import Document, Note, Table
from readerstudy.reading.plan import document_of
from tests.readerstudy.analysis.reporting.files.studies import FIXED, patients_of, planned

FACTS = Facts(results_digest="r" * 64, frozen_at="2026-11-24T10:00:00+00:00")
MODEL = {
    "name": "Model A",
    "provenance": "external",
    "members": 1,
    "expected_members": 1,
    "digest": "m" * 64,
}


def described(table, **parts):
    """The description of a study: readings, labels, flow as given."""
    frozen = FrozenTable(
        sources={"model": MODEL},
        table=table,
        mask_digests={},
        **{"patients": patients_of(table), **parts},
    )
    return json.loads(json.dumps(describe(frozen)))


def results(table, *, plan=None, model=FIXED, has_model=True, description=None, **sources):
    """Results as the worker stores them."""
    plan = plan or planned()
    found = study_tables(table, plan=plan, model=model, patients=patients_of(table))
    return {
        "schema_version": 3,
        "dataset_digest": "d" * 64,
        "code_version": "1",
        "seed": 0,
        "sources": {
            "study": "Study",
            "model": MODEL if has_model else None,
            "plan": document_of(plan),
            "amendments": [],
            **sources,
        },
        "tables": {
            **json.loads(json.dumps(found, sort_keys=True)),
            **({} if description is None else {"description": description}),
        },
        "patients": [],
    }


def report(table, *, facts=FACTS, figures=None, **how) -> Document:
    return report_document(results(table, **how), facts, figures)


def table_of(document: Document, key: str) -> Table:
    found = [table for table in document.tables if table.key == key]
    assert len(found) == 1, [table.key for table in document.tables]
    return found[0]


def has_table(document: Document, key: str) -> bool:
    return any(table.key == key for table in document.tables)


def lines(document: Document, key: str, *, under: str = "") -> dict[str, tuple[str, ...]]:
    """First cell to the others, of the lines below headings that hold ``under``."""
    found, is_here = {}, not under
    for row in table_of(document, key).rows:
        if row.heading:
            is_here = under in row.cells[0]
        elif is_here:
            found[row.cells[0]] = row.cells[1:]
    return found


def headings(document: Document, key: str) -> list[str]:
    return [row.cells[0] for row in table_of(document, key).rows if row.heading]


def notes(document: Document) -> list[str]:
    return [block.text for block in document.blocks() if isinstance(block, Note)]


def texts(document: Document) -> str:
    """Every text of the report."""
    found = [document.title, document.subtitle, *document.banners]
    for block in document.blocks():
        if isinstance(block, Table):
            found += [block.title, *block.notes, *(column.title for column in block.columns)]
            found += [cell for row in block.rows for cell in row.cells]
        elif hasattr(block, "text"):
            found.append(block.text)
    return "\n".join(found)
