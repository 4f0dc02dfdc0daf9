"""Reads of DICOMweb: what exists for a person in one cohort, in a fixed number of queries."""

import hashlib
import uuid
from collections import defaultdict

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from cohorts import selectors
from cohorts.dicomweb.cases import ServedCase, public_id_in
from cohorts.dicomweb.search import Search
from cohorts.models import Cohort, DicomwebToken, NodeMask, Patient
from cohorts.vocabulary import CohortRole

SEES_PIXELS = (CohortRole.ANNOTATOR, CohortRole.ADJUDICATOR, CohortRole.COORDINATOR)


def case_for(user: User, cohort_id: uuid.UUID, study_uid: str) -> ServedCase:
    """Return a case of which the person may see pixels, or raise Http404; one query."""
    cohorts = selectors.cohorts_of(user, *SEES_PIXELS).filter(public_id=cohort_id)
    patient = (
        Patient.objects.select_related("series")
        .filter(_is_study(study_uid), cohort__in=cohorts, series__isnull=False)
        .order_by("pk")
        .first()
    )
    if patient is None:
        raise Http404
    return ServedCase(patient)


def cases_found(user: User, cohort_id: uuid.UUID, search: Search) -> list[ServedCase]:
    """Return the cases of a cohort that the person coordinates and searches for; three queries."""
    cohort = selectors.cohort_for(user, cohort_id, CohortRole.COORDINATOR)
    patients = (
        Patient.objects.filter(cohort=cohort, series__isnull=False)
        .select_related("series")
        .defer("series__frames")
        .order_by("pseudonym")
    )
    studies = search.wanted.get("StudyInstanceUID")
    if studies:
        patients = patients.filter(Q(*map(_is_study, studies), _connector=Q.OR))
    found = [
        patient
        for patient in patients
        if search.matches("PatientID", [patient.pseudonym])
        and search.matches("PatientName", [patient.pseudonym])
    ]
    masks = _current_masks(found)
    return [ServedCase(patient, masks[patient.pk]) for patient in found]


def _is_study(uid: str) -> Q:
    own = public_id_in(uid)
    stored = Q(series__study_uid=uid) & ~Q(series__study_uid="")
    return stored if own is None else stored | Q(series__study_uid="", public_id=own)


def _current_masks(patients: list[Patient]) -> dict[int, list[NodeMask]]:
    masks = NodeMask.objects.filter(
        node__patient__in=[patient.pk for patient in patients], is_current=True
    )
    by_patient: dict[int, list[NodeMask]] = defaultdict(list)
    for mask in masks.select_related("node").order_by("node__number"):
        by_patient[mask.node.patient_id].append(mask)
    return by_patient


def usable_token(secret: str) -> DicomwebToken | None:
    """Return the token that was handed out as ``secret``, unless expired or revoked; one query."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return (
        DicomwebToken.objects.select_related("user", "cohort")
        .filter(
            digest=digest,
            revoked_at__isnull=True,
            expires_at__gt=timezone.now(),
            user__is_active=True,
        )
        .first()
    )


def tokens_of(user: User, cohort: Cohort) -> QuerySet[DicomwebToken]:
    """Return the person's tokens for the cohort that are not revoked, newest first."""
    return DicomwebToken.objects.filter(user=user, cohort=cohort, revoked_at__isnull=True).order_by(
        "-pk"
    )
