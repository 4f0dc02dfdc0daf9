"""Analysis room: the files of a finished run, as the worker stored them."""

from django.http import Http404, HttpResponse

from readerstudy.analysis import selectors
from readerstudy.analysis.models import AnalysisRun
from readerstudy.analysis.reporting.archive import archive

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "R": "text/plain; charset=utf-8",
    "imrmc": "text/plain; charset=utf-8",
    "zip": "application/zip",
}
RESULTS, EVERYTHING = "results.json", "everything.zip"
MORE = (
    ("results-wide.csv", "Results, one line per reader"),
    ("results-dictionary.csv", "What the results' columns and measures mean"),
    ("results.json", "Results as computed, with their schema"),
    ("dataset-dictionary.csv", "What the frozen data's columns mean"),
    ("patients.csv", "ENE nodes per patient"),
    ("patients-dictionary.csv", "Its columns"),
    ("left-out.csv", "Missing categories, calls and scores, node by node"),
    ("reading-times.csv", "Reading times, case by case"),
    ("annotators.csv", "Both annotators' labels"),
    ("flow.csv", "Patients by reason of exclusion"),
    ("identifiability.csv", "What pathology settles, level by level"),
    ("checklists.csv", "CLAIM, STARD-AI, TRIPOD+AI"),
    ("metastasis.imrmc", "iMRMC input, metastasis"),
    ("ene.imrmc", "iMRMC input, ENE"),
    ("ene-among-metastatic.imrmc", "iMRMC input, ENE among metastatic nodes"),
)
"""Files besides those with a button of their own, and what people call them."""


def more_files(run: AnalysisRun) -> list[tuple[str, str]]:
    """Return name and description of the run's further files."""
    return [(name, what) for name, what in MORE if name in run.files or name == RESULTS]


def response(run: AnalysisRun, name: str) -> HttpResponse:
    """Return the download called ``name``; raise Http404 for another name."""
    if name == RESULTS:
        return _file(run, name, selectors.results_bytes(run))
    if name == EVERYTHING and run.files:
        files = {one: selectors.file_bytes(run, one) for one in run.files}
        return _file(run, name, archive(files | {RESULTS: selectors.results_bytes(run)}))
    if name not in run.files:
        raise Http404
    return _file(run, name, selectors.file_bytes(run, name))


def _file(run: AnalysisRun, name: str, data: bytes) -> HttpResponse:
    shown = f"nodewise-{run.dataset.digest[:12]}-{name}"
    return HttpResponse(
        data,
        content_type=TYPES[name.rsplit(".", 1)[1]],
        headers={
            "Content-Disposition": f'attachment; filename="{shown}"',
            "Cache-Control": "no-store",
        },
    )
