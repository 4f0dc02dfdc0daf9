"""A coordinator gives a submitted labelling back: the report, a mask or a side was wrong.

The labels stay as rows; agreement between the annotators goes on being measured on what each had
submitted first. What was said or decided on a label that is then changed counts no more.
"""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from annotation.models import Labelling, LabellingReopening, LabellingState
from cohorts.models import Cohort
from cohorts.selectors import has_role
from cohorts.vocabulary import CohortRole


@transaction.atomic
def reopen_labelling(*, by: User, labelling: Labelling, reason: str) -> Labelling:
    """Give a submitted labelling back to its annotator, with a reason; released versions stay."""
    # The cohort's row is the lock shared with the release.
    cohort = Cohort.objects.select_for_update().get(pk=labelling.patient.cohort_id)
    if not has_role(by, cohort, CohortRole.COORDINATOR):
        raise PermissionDenied(f"Only a coordinator of '{cohort.name}' reopens a labelling.")
    locked = (
        Labelling.objects.select_for_update(of=("self",))
        .select_related("patient", "annotator")
        .get(pk=labelling.pk)
    )
    if locked.state != LabellingState.SUBMITTED or locked.submitted_at is None:
        raise ValidationError(
            f"{locked.patient.pseudonym} is not submitted by {locked.annotator.get_username()}: "
            "there is nothing to reopen.",
            code="not_submitted",
        )
    if not reason.strip():
        message = "Write why: a reopening needs a reason."
        raise ValidationError({"reason": ValidationError(message, code="required")})
    _give_back(by, locked, reason.strip(), locked.submitted_at)
    return locked


def _give_back(by: User, labelling: Labelling, reason: str, submitted_at: datetime) -> None:
    reopening = LabellingReopening(
        labelling=labelling,
        by=by,
        reason=reason,
        version=labelling.version + 1,
        submitted_at=submitted_at,
    )
    reopening.full_clean()
    reopening.save(force_insert=True)
    labelling.state = LabellingState.DRAFT
    labelling.submitted_at = None
    labelling.version = reopening.version
    labelling.full_clean()
    labelling.save(update_fields=["state", "submitted_at", "version"])
    audit.record(
        by=by,
        verb="reopen_labelling",
        target=labelling,
        old={"state": LabellingState.SUBMITTED.value},
        new={"state": LabellingState.DRAFT.value, "version": labelling.version},
        reason=reason,
    )
