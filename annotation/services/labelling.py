"""An annotator labels the nodes of one patient, alone.

The audit trail names the row a label made, never its category: people who read the trail may be
annotators themselves.
"""

import uuid
from dataclasses import asdict
from typing import NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from annotation.models import Labelling, LabellingState, NodeLabel
from annotation.pathology_rules.details import NOT_RECORDED, LabelDetails, problems_of
from annotation.selectors import (
    current_labels,
    given_in,
    labelled_patients,
    unlabelled_nodes,
)
from annotation.services.checking import refuse_open_findings
from cohorts.models import Cohort, CTSeries, Node, Patient
from cohorts.selectors import current_masks, has_role
from cohorts.vocabulary import CohortRole


class RecordedLabel(NamedTuple):
    """The label's row, and whether it had been saved before under the same client id."""

    row: NodeLabel
    replayed: bool


class GivenLabel(NamedTuple):
    """What an annotator says of one node."""

    label: int
    comment: str = ""
    details: LabelDetails = NOT_RECORDED


class Shown(NamedTuple):
    """What was on the screen when the label was given: the labelling's id and the slice's z."""

    labelling: uuid.UUID
    slice_index: int


@transaction.atomic
def start_labelling(*, by: User, patient: Patient) -> Labelling:
    """Begin, or return, the person's own labelling of the patient."""
    require_annotator(by, patient.cohort)
    if not labelled_patients(patient.cohort).filter(pk=patient.pk).exists():
        raise ValidationError(
            f"{patient.pseudonym} is excluded or has no images or nodes: there is nothing to "
            "label. Choose another patient from the list.",
            code="nothing_to_label",
        )
    labelling, created = Labelling.objects.get_or_create(annotator=by, patient=patient)
    if created:
        new = {"patient": str(patient.public_id)}
        audit.record(by=by, verb="start_labelling", target=labelling, new=new)
    return labelling


@transaction.atomic
def record_label(
    *,
    by: User,
    labelling: Labelling,
    node: Node,
    client_id: uuid.UUID,
    base_version: int,
    label: int,
    comment: str = "",
    details: LabelDetails = NOT_RECORDED,
    shown: Shown | None = None,
) -> RecordedLabel:
    """Save one label: never lost, never doubled, never silently overwritten.

    A known ``client_id`` with the same content returns the row it made; with other content it is
    refused. A ``base_version`` that is not the labelling's version raises Conflict.
    """
    locked = lock_own(by, labelling)
    given = GivenLabel(label, comment.strip(), details.tidied())
    if node.patient_id != locked.patient_id:
        raise ValidationError(
            f"Node {node.number} belongs to another patient: reload the page.", code="other_patient"
        )
    earlier = NodeLabel.objects.filter(client_id=client_id).first()
    if earlier is not None:
        _refuse_other_content(earlier, locked, node, given)
        return RecordedLabel(earlier, replayed=True)
    refuse_submitted(locked)
    refuse_stale(locked, base_version)
    refuse_other_picture(locked, shown)
    refuse_contradiction(given)
    row = append_label(locked, node, given, client_id=client_id, shown=shown)
    audit.record(by=by, verb="record_label", target=row, new=_trace(locked, node))
    return RecordedLabel(row, replayed=False)


@transaction.atomic
def submit_labelling(
    *, by: User, labelling: Labelling, base_version: int | None = None
) -> Labelling:
    """Lock the complete labelling; once submitted the same request changes nothing."""
    locked = lock_own(by, labelling)
    if locked.state == LabellingState.SUBMITTED:
        return locked
    if base_version is not None:
        refuse_stale(locked, base_version)
    if missing := unlabelled_nodes(locked):
        numbers = ", ".join(str(node.number) for node in missing)
        total = locked.patient.nodes.count()
        raise ValidationError(
            f"{locked.patient.pseudonym}: {len(missing)} of {total} nodes have no label yet "
            f"(node {numbers}). Label them, then submit.",
            code="incomplete",
        )
    refuse_open_findings(locked)
    locked.state = LabellingState.SUBMITTED
    locked.submitted_at = timezone.now()
    locked.full_clean()
    locked.save(update_fields=["state", "submitted_at"])
    audit.record(
        by=by,
        verb="submit_labelling",
        target=locked,
        old={"state": LabellingState.DRAFT},
        new={"state": locked.state, "version": locked.version},
    )
    return locked


def require_annotator(by: User, cohort: Cohort) -> None:
    """Raise PermissionDenied unless the person annotates the cohort."""
    if not has_role(by, cohort, CohortRole.ANNOTATOR):
        raise PermissionDenied(f"Only annotators of '{cohort.name}' label its nodes.")


def lock_own(by: User, labelling: Labelling) -> Labelling:
    """Lock the labelling's row for this transaction and return it as it is now."""
    locked = (
        Labelling.objects.select_for_update(of=("self",))
        .select_related("patient__cohort")
        .get(pk=labelling.pk)
    )
    if locked.annotator_id != by.pk:
        raise PermissionDenied("This is the work of another annotator.")
    require_annotator(by, locked.patient.cohort)
    return locked


def refuse_submitted(labelling: Labelling) -> None:
    """Raise ValidationError when the labelling is locked."""
    if labelling.state == LabellingState.SUBMITTED:
        raise ValidationError(
            f"{labelling.patient.pseudonym} is submitted and its labels are locked.",
            code="submitted",
        )


def refuse_stale(labelling: Labelling, base_version: int) -> None:
    """Raise Conflict with the person's own current labels when they have moved on."""
    if base_version == labelling.version:
        return
    labels = [
        {"node": str(row.node.public_id), **given_in(row)} for row in current_labels(labelling)
    ]
    raise Conflict(
        f"The labels were changed elsewhere: they are at version {labelling.version}, this page "
        f"knew version {base_version}. Look at the current labels and decide which to keep.",
        code="stale_version",
        current={"version": labelling.version, "labels": labels},
    )


def refuse_other_picture(labelling: Labelling, shown: Shown | None) -> None:
    """Raise ValidationError when the label was given on another case's picture."""
    if shown is None:
        return
    slices = len(CTSeries.objects.get(patient=labelling.patient_id).frames)
    if shown.labelling != labelling.public_id or not 0 <= shown.slice_index < slices:
        raise ValidationError(
            "The picture on the screen was not of this patient: reload the page and label again.",
            code="other_picture",
        )


def refuse_contradiction(given: GivenLabel) -> None:
    """Raise ValidationError by field when the details cannot stand beside the label."""
    found: dict[str, list[ValidationError]] = {}
    for field, sentence in problems_of(given.label, given.details):
        found.setdefault(field, []).append(ValidationError(sentence, code="invalid"))
    if found:
        raise ValidationError(found)


def append_label(
    labelling: Labelling,
    node: Node,
    given: GivenLabel,
    *,
    client_id: uuid.UUID,
    shown: Shown | None = None,
) -> NodeLabel:
    """Add the row that supersedes the node's current label; the labelling must be locked."""
    mask = current_masks(labelling.patient).get(node=node)
    row = NodeLabel(
        labelling=labelling,
        node=node,
        mask_digest=mask.digest,
        client_id=client_id,
        version=labelling.version + 1,
        label=given.label,
        comment=given.comment,
        **asdict(given.details),
        shown_slice=shown.slice_index if shown else None,
        supersedes=current_labels(labelling).filter(node=node).first(),
    )
    row.full_clean()
    row.save(force_insert=True)
    labelling.version = row.version
    labelling.save(update_fields=["version"])
    return row


def _refuse_other_content(
    earlier: NodeLabel, labelling: Labelling, node: Node, given: GivenLabel
) -> None:
    was = GivenLabel(earlier.label, earlier.comment, earlier.details)
    if (earlier.labelling_id, earlier.node_id, was) != (labelling.pk, node.pk, given):
        raise ValidationError(
            "This save repeats an earlier one's identifier with other content: reload the page "
            "and label again.",
            code="client_id_reused",
        )


def _trace(labelling: Labelling, node: Node) -> dict[str, object]:
    return {
        "labelling": str(labelling.public_id),
        "node": str(node.public_id),
        "version": labelling.version,
    }
