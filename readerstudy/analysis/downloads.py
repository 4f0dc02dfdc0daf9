"""Analysis room: the files of a finished run, each made from the stored bytes."""

from django.http import Http404, HttpResponse

from readerstudy.analysis import frozen_table, patients, selectors
from readerstudy.analysis.models import AnalysisRun
from readerstudy.analysis.reporting.files import tidy_long
from readerstudy.analysis.reporting.report import cohort_reports

CSV, JSON, SVG = "text/csv; charset=utf-8", "application/json", "image/svg+xml"


def response(run: AnalysisRun, name: str) -> HttpResponse:
    """Return the download called ``name``; raise Http404 for another name."""
    stem = f"nodewise-{run.dataset.digest[:12]}"
    if name == "results.json":
        return _file(selectors.results_bytes(run), JSON, f"{stem}-results.json")
    if name == "results.csv":
        return _file(tidy_long.to_csv(selectors.results_of(run)), CSV, f"{stem}-results.csv")
    if name == "dataset.csv":
        table = selectors.frozen_table_of(run.dataset)
        return _file(frozen_table.to_csv(table), CSV, f"{stem}-dataset.csv")
    if name == "patients.csv":
        return _file(patients.to_csv(_with_patients(run)), CSV, f"{stem}-patients.csv")
    if name == "patients-dictionary.csv":
        readers = _with_patients(run).table.readers
        return _file(patients.dictionary_csv(readers), CSV, f"{stem}-patients-dictionary.csv")
    raise Http404


def _with_patients(run: AnalysisRun) -> frozen_table.FrozenTable:
    """Return the frozen table; raise Http404 for one frozen before patients were counted."""
    frozen = selectors.frozen_table_of(run.dataset)
    if frozen.patients is None:
        raise Http404
    return frozen


def figure(run: AnalysisRun, cohort: int, endpoint: str) -> HttpResponse:
    """Return the ROC figure of the report's ``cohort``-th part (from 1) and an endpoint."""
    key = f"{cohort}-{endpoint}"
    for part in cohort_reports(selectors.results_of(run)):
        for entry in part.endpoints:
            if entry.key == key:
                return _file(entry.figure, SVG, f"nodewise-{run.dataset.digest[:12]}-roc-{key}.svg")
    raise Http404


def _file(data: bytes | str, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        data,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )
