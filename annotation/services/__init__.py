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
from annotation.services.releasing import release_reference_standard

__all__ = [
    "LabelImport",
    "LabelImportError",
    "RecordedLabel",
    "Shown",
    "adjudicate",
    "import_labels",
    "record_label",
    "release_reference_standard",
    "start_labelling",
    "submit_labelling",
]
