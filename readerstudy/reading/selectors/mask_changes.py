"""Which studies rest on a patient's node masks."""

from datetime import datetime

from django.db.models import Exists, Max, Min, OuterRef, QuerySet

from cohorts.models import Patient
from readerstudy.reading.models import Assignment, NodeCall, PlanAmendment, Study


def study_against_mask_changes(patient: Patient) -> str | None:
    """Return why the patient's masks must stay as they are, or None.

    A study that holds the patient and has calls forbids changes until it is amended: after the
    last call on the patient, or, where the patient has none yet, after the study's first call.
    """
    for study in _started_with(patient):
        amended = PlanAmendment.objects.filter(study=study, created_at__gt=_called(study, patient))
        if not amended.exists():
            return (
                f"The study '{study.title}' has calls and holds this patient: its masks stay as "
                "they were read. Amend the study, with the reason, before changing them."
            )
    return None


def _started_with(patient: Patient) -> QuerySet[Study]:
    holding = Assignment.objects.filter(patient=patient).values("reader__study")
    calls = NodeCall.objects.filter(assignment__reader__study=OuterRef("pk"))
    return Study.objects.filter(Exists(calls), pk__in=holding)


def _called(study: Study, patient: Patient) -> datetime:
    calls = NodeCall.objects.filter(assignment__reader__study=study)
    of_patient = calls.filter(assignment__patient=patient).aggregate(at=Max("created_at"))["at"]
    at: datetime = of_patient or calls.aggregate(at=Min("created_at"))["at"]
    return at
