"""Opening a study: check that it can be read, freeze masks, draw and store every reader's order."""

import secrets
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.models import Cohort, CTSeries, NodeMask, Patient
from cohorts.selectors import current_masks_in, included_patients
from readerstudy.reading.models import (
    Assignment,
    AssignmentNode,
    Period,
    Study,
    StudyReader,
    StudyState,
)
from readerstudy.reading.order import SEED_LIMIT, case_order, cranial_first
from readerstudy.reading.protocol import ProtocolCase, digest, protocol_document
from readerstudy.reading.selectors import roles_against_reading
from readerstudy.reading.services.access import lock_study, require_state

ROWS_PER_INSERT = 500
NAMES_IN_A_SENTENCE = 5


@dataclass(frozen=True, kw_only=True)
class FrozenCase:
    """One patient with the masks that will be read, in the order readers number them."""

    cohort: Cohort
    patient: Patient
    series: CTSeries
    masks: tuple[NodeMask, ...]

    @property
    def name(self) -> str:
        """The stable name that the orders are drawn over."""
        return f"{self.cohort.name}/{self.patient.pseudonym}"


@transaction.atomic
def open_study(*, by: User, study: Study, seed: int | None = None) -> Study:
    """Open a draft: its protocol, readers, cases and masks are fixed from here on.

    A seed is drawn when none is given; the orders drawn from it are stored, not recomputed.
    """
    study = lock_study(by, study)
    require_state(study, StudyState.DRAFT, "opening it")
    readers = list(study.readers.select_related("user").order_by("number"))
    _refuse_unready(study, readers)
    cases = [case for cohort in study.cohorts.all() for case in _frozen_cases(cohort)]
    study.seed = _checked_seed(seed)
    study.protocol_digest = _digest(study, readers, cases)
    study.state, study.opened_at = StudyState.OPEN, timezone.now()
    study.full_clean()
    study.save()
    _store_orders(study, readers, cases)
    audit.record(
        by=by,
        verb="open_study",
        target=study,
        old={"state": StudyState.DRAFT.value},
        new={
            "state": StudyState.OPEN.value,
            "seed": study.seed,
            "protocol_digest": study.protocol_digest,
            "readers": len(readers),
            "cases": len(cases),
        },
    )
    return study


def _refuse_unready(study: Study, readers: list[StudyReader]) -> None:
    if not study.cohorts.exists():
        raise ValidationError("The study has no cohort to read.", code="no_cohort")
    if not study.protocol.strip():
        raise ValidationError(
            "The protocol text is empty: write what readers are to do.", code="no_protocol"
        )
    if not readers:
        raise ValidationError(
            "The study has no reader: add one, or wait until an invitation is accepted.",
            code="no_reader",
        )
    for reader in readers:
        if sentence := roles_against_reading(reader.user, study):
            raise ValidationError(sentence, code="role_conflict")


def _checked_seed(seed: int | None) -> int:
    if seed is None:
        return secrets.randbelow(SEED_LIMIT)
    if not 0 <= seed < SEED_LIMIT:
        raise ValidationError(
            f"The seed {seed} is out of range: give a whole number from 0 to {SEED_LIMIT - 1}.",
            code="seed_out_of_range",
        )
    return seed


def _frozen_cases(cohort: Cohort) -> list[FrozenCase]:
    """Return the cohort's included patients with their current masks, in two queries."""
    patients = list(included_patients(cohort).select_related("series"))
    if not patients:
        raise ValidationError(
            f"'{cohort.name}' has no included patient with a CT series: import cases first.",
            code="empty_cohort",
        )
    masks: dict[int, list[NodeMask]] = {patient.pk: [] for patient in patients}
    for mask in current_masks_in(cohort):
        masks[mask.node.patient_id].append(mask)
    bare = [patient.pseudonym for patient in patients if not masks[patient.pk]]
    if bare:
        more = ", ..." if len(bare) > NAMES_IN_A_SENTENCE else ""
        raise ValidationError(
            f"No node to read in '{cohort.name}' for {', '.join(bare[:NAMES_IN_A_SENTENCE])}{more}:"
            " import node masks for them or exclude these patients.",
            code="patient_without_node",
        )
    return [_frozen_case(cohort, patient, masks[patient.pk]) for patient in patients]


def _frozen_case(cohort: Cohort, patient: Patient, masks: list[NodeMask]) -> FrozenCase:
    order = cranial_first(
        [mask.centroid_zyx for mask in masks],
        [mask.digest for mask in masks],
        SeriesGeometry.from_dict(patient.series.geometry),
    )
    return FrozenCase(
        cohort=cohort,
        patient=patient,
        series=patient.series,
        masks=tuple(masks[index] for index in order),
    )


def _digest(study: Study, readers: list[StudyReader], cases: list[FrozenCase]) -> str:
    document = protocol_document(
        title=study.title,
        protocol=study.protocol,
        plan=study.plan,
        seed=study.seed or 0,
        reader_numbers=[reader.number for reader in readers],
        cases=[
            ProtocolCase(
                cohort=case.cohort.name,
                pseudonym=case.patient.pseudonym,
                mask_digests=tuple(mask.digest for mask in case.masks),
            )
            for case in cases
        ],
    )
    return digest(document)


def _store_orders(study: Study, readers: list[StudyReader], cases: list[FrozenCase]) -> None:
    period = Period.objects.create(study=study, number=1)
    by_name = {case.name: case for case in cases}
    assignments, nodes = [], []
    for reader in readers:
        order = case_order(
            list(by_name),
            seed=study.seed or 0,
            reader_number=reader.number,
            period=period.number,
        )
        for position, name in enumerate(order, start=1):
            case = by_name[name]
            assignment = Assignment(
                reader=reader,
                period=period,
                position=position,
                patient=case.patient,
                series=case.series,
            )
            assignments.append(assignment)
            nodes += [
                AssignmentNode(
                    assignment=assignment, node_id=mask.node_id, mask=mask, number=number
                )
                for number, mask in enumerate(case.masks, start=1)
            ]
    Assignment.objects.bulk_create(assignments, batch_size=ROWS_PER_INSERT)
    AssignmentNode.objects.bulk_create(nodes, batch_size=ROWS_PER_INSERT)
