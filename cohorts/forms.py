"""Forms of the coordinators' pages."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.selectors import user_named
from cohorts.exclusion import EXCLUSION_CHOICES
from cohorts.vocabulary import CohortKind, CohortRole


def _words(values: type[CohortKind] | type[CohortRole]) -> list[tuple[str, str]]:
    return [(value.value, value.value.replace("_", " ").capitalize()) for value in values]


class _PageForm(forms.Form):
    """Bootstrap's classes on every field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            css = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
            if isinstance(field, forms.BooleanField):
                css = "form-check-input"
            field.widget.attrs.setdefault("class", css)


class CreateCohortForm(_PageForm):
    """Name and part of a new cohort."""

    name = forms.CharField(max_length=80)
    kind = forms.TypedChoiceField(
        label="Part in the study",
        choices=_words(CohortKind),
        coerce=CohortKind,
        initial=CohortKind.EXTERNAL_TEST.value,
    )


class MemberForm(_PageForm):
    """A person by user name or e-mail address, and a role."""

    username = forms.CharField(max_length=150, label="User name or e-mail address")
    role = forms.TypedChoiceField(choices=_words(CohortRole), coerce=CohortRole)

    def clean_username(self) -> User:
        """Return the person."""
        user = user_named(self.cleaned_data["username"])
        if user is None:
            raise ValidationError(
                "Nobody has this user name or e-mail address: check the spelling, or ask the "
                "operator to create the account.",
                code="no_such_person",
            )
        return user


class UploadForm(_PageForm):
    """A zip file and what to do with the patient ids in it."""

    file = forms.FileField(
        label="Zip file",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )
    keep_patient_ids = forms.BooleanField(
        required=False, label="The PatientIDs are pseudonyms already: keep them"
    )


class ExcludeForm(_PageForm):
    """Why a patient is left out."""

    code = forms.ChoiceField(choices=EXCLUSION_CHOICES, label="Reason")
    reason = forms.CharField(max_length=500, label="In your words")


class IncludeForm(_PageForm):
    """Why a patient comes back."""

    reason = forms.CharField(max_length=500, label="Why")
