"""Writes of the annotation room: verbs a person would say, each one transaction."""

from annotation.services.adjudicating import adjudicate
from annotation.services.discussing import state_in_discussion
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
    report_from,
    save_report,
)
from annotation.services.pathology_import import ReportImport, ReportsRefused, import_pathology
from annotation.services.reasons import GivenReason, give_reason
from annotation.services.releasing import release_reference_standard
from annotation.services.reopening import reopen_labelling

__all__ = [
    "GivenReason",
    "LabelImport",
    "LabelImportError",
    "RecordedLabel",
    "ReportImport",
    "ReportsRefused",
    "Shown",
    "adjudicate",
    "check_report",
    "correct_report",
    "enter_report",
    "give_reason",
    "import_labels",
    "import_pathology",
    "lock_report",
    "record_label",
    "release_reference_standard",
    "reopen_labelling",
    "report_from",
    "save_report",
    "start_labelling",
    "state_in_discussion",
    "submit_labelling",
]
