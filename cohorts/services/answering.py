"""Answering what intake asked, or giving it up."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.errors import Conflict
from accounts.models import User
from cohorts import drop, intake_report, retention, tasks
from cohorts.models import IntakeUpload
from cohorts.services.authority import refuse_unless_coordinator
from jobs import leases
from jobs.models import JobState


@transaction.atomic
def answer_intake(
    *, by: User | None, upload: IntakeUpload, answers: Mapping[str, Sequence[str]]
) -> IntakeUpload:
    """Store answers by question and read the upload again; what stays open is asked again.

    Patients that are stored already stay as they are and are not read again.
    """
    refuse_unless_coordinator(by, upload.cohort)
    locked = _waiting(upload)
    questions = {one["id"]: one for one in intake_report.open_questions(locked.report)}
    if not answers:
        raise ValidationError("Answer at least one question.", code="no_answer")
    told = {name: _checked(questions.get(name), chosen) for name, chosen in answers.items()}
    locked.options = {
        **locked.options,
        "answers": {**locked.options.get("answers", {}), **told},
    }
    locked.kept_until = None
    locked.save(update_fields=["options", "kept_until"])
    leases.reopen(locked, states=[JobState.DONE])
    audit.record(by=by, verb="answer_intake", target=locked, new={"answers": told})
    transaction.on_commit(lambda: tasks.run_intake.enqueue(locked.pk))
    locked.refresh_from_db()
    return locked


@transaction.atomic
def give_up_questions(*, by: User | None, upload: IntakeUpload) -> IntakeUpload:
    """Refuse the patients with open questions and remove the uploaded bytes."""
    refuse_unless_coordinator(by, upload.cohort)
    locked = _waiting(upload)
    audit.record(by=by, verb="give_up_questions", target=locked)
    retention.close_questions(locked)
    locked.refresh_from_db()
    return locked


def _waiting(upload: IntakeUpload) -> IntakeUpload:
    locked = IntakeUpload.objects.select_for_update().get(pk=upload.pk)
    waits = locked.kept_until is not None and locked.kept_until > timezone.now()
    if not waits or not drop.path_of(locked.drop_name).exists():
        raise Conflict(
            "Nothing is asked about this upload any more: reload the page.",
            code="nothing_asked",
            current={"state": locked.state},
        )
    return locked


def _checked(question: dict[str, Any] | None, chosen: Sequence[str]) -> str:
    """Return an answer as it is stored; refuse one that the question does not allow."""
    if question is None:
        raise ValidationError(
            "One of the answers is to a question that is not open: reload the page.",
            code="no_such_question",
        )
    known = [choice["value"] for choice in question["choices"]]
    if not chosen or not set(chosen) <= set(known):
        raise ValidationError(
            f"'{question['sentence'][:200]}': choose among what is offered.", code="no_such_choice"
        )
    if len(set(chosen)) > 1 and not question["several"]:
        raise ValidationError(
            f"'{question['sentence'][:200]}': choose one answer.", code="one_choice"
        )
    # In the order of the question: the same answer is always the same text.
    return "\n".join(value for value in known if value in set(chosen))
