"""What every write of a coordinator begins with: lock the study, check the person and the state."""

from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import User
from readerstudy.reading.models import Study, StudyState
from readerstudy.reading.selectors import may_manage


def lock_study(by: User, study: Study) -> Study:
    """Return the study's row, locked until the transaction ends, if the person manages it."""
    locked = Study.objects.select_for_update().get(pk=study.pk)
    _require_manager(by, locked)
    return locked


def managed_study(by: User, study_id: int) -> Study:
    """Return the study as it is now, without locking it, if the person manages it."""
    study = Study.objects.get(pk=study_id)
    _require_manager(by, study)
    return study


def _require_manager(by: User, study: Study) -> None:
    if not may_manage(by, study):
        raise PermissionDenied("Only a coordinator of every cohort of this study may change it.")


def require_state(study: Study, state: StudyState, what: str) -> None:
    """Raise ValidationError unless the study is in ``state``; ``what`` is what was asked."""
    if study.state == state:
        return
    sentences = {
        StudyState.DRAFT: f"The study is {study.state}: {what} is possible in a draft only.",
        StudyState.OPEN: f"The study is {study.state}: {what} is possible in an open study only.",
    }
    raise ValidationError(sentences[state], code=f"study_not_{state}")


def require_text(text: str, message: str, code: str) -> str:
    """Return the text without surrounding space, or raise ValidationError when nothing is left."""
    stripped = text.strip()
    if not stripped:
        raise ValidationError(message, code=code)
    return stripped
