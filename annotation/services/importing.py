"""An annotator brings own labels from a CSV file: the whole file or nothing."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from annotation.label_csv import MAX_BYTES, LabelRow, read_labels
from annotation.models import Labelling, LabellingState, NodeLabel
from annotation.pathology_rules.details import NOT_RECORDED, problems_of
from annotation.services.labelling import (
    GivenLabel,
    append_label,
    lock_own,
    require_annotator,
    start_labelling,
    submit_labelling,
)
from cohorts.models import Cohort, Node, Patient
from cohorts.selectors import nodes_in
from cohorts.tables.cells import CellError
from cohorts.vocabulary import LABEL_CHOICES

NAMES = dict(LABEL_CHOICES)


class LabelImportError(ValidationError):
    """Nothing was written; ``errors`` says by row and column what is wrong."""

    def __init__(self, errors: list[CellError]) -> None:
        super().__init__(
            [ValidationError(str(error), code="import_refused") for error in errors],
            code="import_refused",
        )
        self.errors = errors


@dataclass(frozen=True, kw_only=True)
class ImportedRow:
    """What became of one row: "new", "changed" or "unchanged"."""

    row: int
    patient: str
    node: int
    label: str
    change: str


@dataclass(frozen=True, kw_only=True)
class LabelImport:
    """What an import did, or would do."""

    rows: list[ImportedRow]
    submitted: list[str]
    dry_run: bool

    def count(self, change: str) -> int:
        """Return how many rows were "new", "changed" or "unchanged"."""
        return sum(row.change == change for row in self.rows)

    @property
    def counts(self) -> dict[str, int]:
        return {change: self.count(change) for change in ("new", "changed", "unchanged")}


@dataclass(frozen=True, kw_only=True)
class _Target:
    row: LabelRow
    patient: Patient
    node: Node


@transaction.atomic
def import_labels(
    *,
    by: User,
    cohort: Cohort,
    csv_file: BinaryIO,
    dry_run: bool = False,
    submit: bool = False,
) -> LabelImport:
    """Save the person's own labels from the file, or raise LabelImportError with every error.

    A dry run does all of it and takes it back, so that it says exactly what an import would.
    """
    require_annotator(by, cohort)
    data = csv_file.read(MAX_BYTES + 1)
    nodes = _nodes(cohort)
    rows, errors = read_labels(data, nodes)
    targets = [_target(row, nodes[row.patient][row.node]) for row in rows]
    labels = _own_labels(by, cohort)
    errors += [*_locked(by, cohort, targets, labels), *_contradictions(targets, labels)]
    if errors:
        raise LabelImportError(sorted(errors, key=lambda error: error.row))
    imported = [
        entry for patient in _patients(targets) for entry in _save(by, patient, targets, labels)
    ]
    submitted = _submit(by, _patients(targets)) if submit else []
    result = LabelImport(
        rows=sorted(imported, key=lambda entry: entry.row), submitted=submitted, dry_run=dry_run
    )
    if dry_run:
        transaction.set_rollback(True)
    else:
        new = {**result.counts, "file_sha256": hashlib.sha256(data).hexdigest()}
        audit.record(by=by, verb="import_labels", target=cohort, new=new)
    return result


def _target(row: LabelRow, node: Node) -> _Target:
    return _Target(row=row, patient=node.patient, node=node)


def _nodes(cohort: Cohort) -> dict[str, dict[int, Node]]:
    nodes: dict[str, dict[int, Node]] = {}
    for node in nodes_in(cohort):
        nodes.setdefault(node.patient.pseudonym, {})[node.number] = node
    return nodes


def _own_labels(by: User, cohort: Cohort) -> dict[int, NodeLabel]:
    # Locked first, so that no tab of the same person saves between the check and the writing.
    mine = Labelling.objects.filter(annotator=by, patient__cohort=cohort).order_by("pk")
    locked = list(mine.select_for_update(of=("self",)))
    rows = NodeLabel.objects.filter(labelling__in=locked, superseded_by__isnull=True)
    return {row.node_id: row for row in rows}


def _locked(
    by: User, cohort: Cohort, targets: list[_Target], labels: dict[int, NodeLabel]
) -> Iterator[CellError]:
    submitted = set(
        Labelling.objects.filter(
            annotator=by, patient__cohort=cohort, state=LabellingState.SUBMITTED
        ).values_list("patient_id", flat=True)
    )
    for target in targets:
        changes = _change(target, labels) != "unchanged"
        if changes and target.patient.pk in submitted:
            message = f"{target.row.patient} is submitted and its labels are locked."
            yield CellError(row=target.row.row, column="patient", message=message)


def _contradictions(targets: list[_Target], labels: dict[int, NodeLabel]) -> Iterator[CellError]:
    """Yield what the file's columns contradict in what was recorded before."""
    for target in targets:
        given = _given(target, labels)
        for column, message in problems_of(given.label, given.details):
            yield CellError(row=target.row.row, column=column, message=message)


def _change(target: _Target, labels: dict[int, NodeLabel]) -> str:
    current = labels.get(target.node.pk)
    if current is None:
        return "new"
    was = GivenLabel(current.label, current.comment, current.details)
    return "unchanged" if was == _given(target, labels) else "changed"


def _given(target: _Target, labels: dict[int, NodeLabel]) -> GivenLabel:
    """Return the row's label, with what its file does not tell as it was recorded."""
    row, current = target.row, labels.get(target.node.pk)
    comment = row.comment if row.comment is not None else current.comment if current else ""
    details = row.details_over(current.details if current else NOT_RECORDED)
    return GivenLabel(row.label, comment, details)


def _patients(targets: Iterable[_Target]) -> list[Patient]:
    return list({target.patient.pk: target.patient for target in targets}.values())


def _save(
    by: User, patient: Patient, targets: list[_Target], labels: dict[int, NodeLabel]
) -> Iterator[ImportedRow]:
    labelling = lock_own(by, start_labelling(by=by, patient=patient))
    for target in targets:
        if target.patient.pk != patient.pk:
            continue
        row, change = target.row, _change(target, labels)
        if change != "unchanged":
            given = _given(target, labels)
            append_label(labelling, target.node, given, client_id=uuid.uuid4())
        yield ImportedRow(
            row=row.row, patient=row.patient, node=row.node, label=NAMES[row.label], change=change
        )


def _submit(by: User, patients: list[Patient]) -> list[str]:
    for patient in patients:
        submit_labelling(by=by, labelling=Labelling.objects.get(annotator=by, patient=patient))
    return [patient.pseudonym for patient in patients]
