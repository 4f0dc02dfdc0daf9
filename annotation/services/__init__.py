"""Writes of the annotation room: verbs a person would say, each one transaction."""

from annotation.services.adjudicating import adjudicate
from annotation.services.importing import LabelImport, LabelImportError, import_labels
from annotation.services.labelling import (
    RecordedLabel,
    Shown,
    record_label,
    start_labelling,
    submit_labelling,
)
from annotation.services.pathology import (
    check_report,
    correct_report,
    enter_report,
    lock_report,
)
from annotation.services.releasing import release_reference_standard

__all__ = [
    "LabelImport",
    "LabelImportError",
    "RecordedLabel",
    "Shown",
    "adjudicate",
    "check_report",
    "correct_report",
    "enter_report",
    "import_labels",
    "lock_report",
    "record_label",
    "release_reference_standard",
    "start_labelling",
    "submit_labelling",
]
