"""Forms of the pages on which candidates are asked for, drawn on and decided."""

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

ACCEPT, REJECT, REPLACE = "accept", "reject", "replace"


class AskForm(forms.Form):
    """Which provider to ask; the service says whether it is one of the cohort."""

    provider = forms.CharField(max_length=80)


class DecideForm(forms.Form):
    """One button of a candidate's row: accept, reject, or ``replace NODE VERSION``."""

    client_id = forms.UUIDField()
    decision = forms.CharField(max_length=80)
    reason = forms.CharField(required=False, max_length=500)

    def clean_decision(self) -> tuple[str, tuple[uuid.UUID, int] | None]:
        """Return the word, and node and version of what is replaced."""
        word, *told = self.cleaned_data["decision"].split()
        try:
            if word == REPLACE:
                node, version = told
                return word, (uuid.UUID(node), int(version))
        except ValueError:
            word = ""
        if word not in {ACCEPT, REJECT}:
            raise ValidationError("Choose one of the buttons.", code="no_such_decision")
        return word, None


class OpenForm(forms.Form):
    """Which candidate is opened on the drawing page, and whether it is edited at once."""

    candidate = forms.UUIDField(required=False)
    edit = forms.BooleanField(required=False)


def words_of(form: forms.Form) -> list[Any]:
    """Return what is wrong with a form, in words."""
    return [word for words in form.errors.values() for word in words]
