"""When masks must stay as they are; upper rooms register what they know of it."""

from collections.abc import Callable

from django.core.exceptions import ValidationError

from cohorts.models import Patient

MaskGuard = Callable[[Patient], str | None]
_guards: list[MaskGuard] = []


def register_mask_guard(guard: MaskGuard) -> None:
    """Add a question asked before masks change: a sentence means no, None means no objection."""
    if guard not in _guards:
        _guards.append(guard)


def refuse_guarded(patient: Patient) -> None:
    """Raise ValidationError when the patient's masks must stay as they are."""
    for guard in _guards:
        if sentence := guard(patient):
            raise ValidationError(sentence, code="masks_in_use")
