"""The report of an upload as CSV: one row per patient, safe to open in a spreadsheet."""

import csv
import io
from typing import Any

from cohorts.models import IntakeUpload
from cohorts.spreadsheet import harmless
from cohorts.upload_summary import LABELS, group_of

COLUMNS = (
    "number",
    "outcome",
    "patient",
    "slices",
    "nodes",
    "file",
    "refusal_code",
    "refusal",
    "suggested_exclusion_code",
    "warnings",
    "questions",
    "notes",
)


def of(upload: IntakeUpload) -> str:
    """Return the table, UTF-8 with a mark that spreadsheets know it by."""
    target = io.StringIO()
    rows = csv.writer(target, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for entry in upload.report.get("patients", []):
        rows.writerow([harmless(str(cell)) for cell in _row(entry)])
    return "\ufeff" + target.getvalue()


def _row(entry: dict[str, Any]) -> list[object]:
    return [
        entry["position"],
        LABELS[group_of(entry)],
        entry["pseudonym"],
        entry["slices"],
        entry["nodes"],
        entry["file"],
        entry["code"],
        entry["sentence"],
        entry.get("exclusion_code", ""),
        "; ".join(_warning(warning) for warning in entry.get("warnings", [])),
        "; ".join(question["sentence"] for question in entry.get("questions", [])),
        "; ".join(entry["notes"]),
    ]


def _warning(warning: dict[str, Any]) -> str:
    node = f"node {warning['node']}: " if warning["node"] is not None else ""
    return f"{node}{warning['message']} ({warning['code']})"
