"""Analysis room: every file of a finished run, made once from its results (pure)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from readerstudy.analysis import frozen_table, patients
from readerstudy.analysis.computing.endpoints import Endpoint
from readerstudy.analysis.frozen_table import FrozenTable
from readerstudy.analysis.reporting import checklists, stored_document
from readerstudy.analysis.reporting.content import Facts, report_document
from readerstudy.analysis.reporting.content.figures import figures_of
from readerstudy.analysis.reporting.document import Document, Figure, Section
from readerstudy.analysis.reporting.files import dictionary, imrmc, r_script, tidy_long, wide
from readerstudy.analysis.reporting.renderings.docx import docx_bytes
from readerstudy.analysis.reporting.renderings.pdf import pdf_bytes
from readerstudy.analysis.reporting.renderings.xlsx import xlsx_bytes

Progress = Callable[[str], None]


def report_files(
    results: Mapping[str, Any],
    frozen: FrozenTable,
    facts: Facts,
    progress: Progress = lambda _: None,
) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file.

    Parameters
    ----------
    results : mapping
        As stored (schema 4).
    frozen : FrozenTable
        The dataset they were computed from.
    facts : Facts
        What the report says of the run itself.
    progress : callable
        Told what is being written.
    """
    progress("Drawing the figures")
    figures = figures_of(results)
    document = _document(results, facts, figures)
    yield stored_document.NAME, stored_document.to_bytes(document)
    for figure in document.figures:
        yield f"{figure.key}.svg", figure.svg.encode()
        yield f"{figure.key}.csv", figure_csv(figure).encode()
    progress("Writing the tables")
    for name, text in _texts(results, frozen, facts).items():
        yield name, text.encode()
    progress("Writing the workbook")
    yield "report.xlsx", xlsx_bytes(document, _exact_sheets(results))
    progress("Writing the Word file")
    yield "report.docx", docx_bytes(document)
    progress("Writing the PDF")
    yield "report.pdf", pdf_bytes(document)


def _document(results: Mapping[str, Any], facts: Facts, figures: Mapping[str, Figure]) -> Document:
    """Return the report with the reporting checklists at its end."""
    document = report_document(results, facts, figures)
    filled = Section(
        key="checklists",
        title="Reporting checklists",
        sections=checklists.filled(results, facts),
    )
    return replace(document, sections=(*document.sections, filled))


def _texts(results: Mapping[str, Any], frozen: FrozenTable, facts: Facts) -> dict[str, str]:
    readers = frozen.table.readers
    undetermined = results["sources"]["plan"]["missing"]["undetermined"]
    files = {
        "results.csv": tidy_long.to_csv(results),
        "results-wide.csv": wide.to_csv(results),
        "results-dictionary.csv": dictionary.to_csv(),
        "recompute.R": r_script.script(results),
        "dataset.csv": frozen_table.to_csv(frozen),
        "dataset-dictionary.csv": frozen_table.dictionary_csv(frozen),
        "patients.csv": patients.to_csv(frozen),
        "patients-dictionary.csv": patients.dictionary_csv(readers),
        "reading-times.csv": frozen_table.readings_csv(frozen),
        "annotators.csv": frozen_table.labels_csv(frozen),
        "flow.csv": frozen_table.flow_csv(frozen),
        "identifiability.csv": frozen_table.identifiability_csv(frozen),
        "left-out.csv": left_out_csv(results),
        "checklists.csv": checklists.to_csv(results, facts),
    }
    for endpoint in results["sources"]["plan"]["endpoints"]:
        name = f"{endpoint.replace('_', '-')}.imrmc"
        files[name] = imrmc.to_imrmc(frozen.table, Endpoint(endpoint), undetermined=undetermined)
    return files


def figure_csv(figure: Figure) -> str:
    """Return the numbers a figure shows, unrounded."""
    names = list(figure.data[0]) if figure.data else []
    rows = [[frozen_table.cell(entry[name]) for name in names] for entry in figure.data]
    return frozen_table.written([names, *rows])


def left_out_csv(results: Mapping[str, Any]) -> str:
    """Return every value that is missing: category, call or score, by node."""
    names = ("cohort", "patient", "node", "reason", "side")
    rows = [
        [frozen_table.cell(entry[name]) for name in names] for entry in results["tables"]["missing"]
    ]
    return frozen_table.written([names, *rows])


def _exact_sheets(
    results: Mapping[str, Any],
) -> dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]]:
    """Return the wide table as true numbers, for people who go on computing in the workbook."""
    rows = [tuple(line.get(name) for name in wide.COLUMNS) for line in wide.wide_lines(results)]
    return {"Exact values": (wide.COLUMNS, rows)}
