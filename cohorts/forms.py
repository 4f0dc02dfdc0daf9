"""Forms of the coordinators' pages."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.selectors import user_named
from cohorts.dicom.options import MULTI_PART_CHOICES, IntakeOptions
from cohorts.dicom.questions import question_id
from cohorts.exclusion import EXCLUSION_CHOICES
from cohorts.intake_report import open_questions
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


MULTI_PART_WORDS = {
    "ask": "Ask me for each",
    "one": "One node",
    "several": "Several nodes, one per part",
}


class IntakeDecisionsForm(_PageForm):
    """What was decided for all patients that come in together."""

    keep_patient_ids = forms.BooleanField(
        required=False, label="The PatientIDs are pseudonyms already: keep them"
    )
    protect_faces = forms.BooleanField(required=False, label="Make faces unrecognisable")
    multi_part = forms.ChoiceField(
        required=False,
        label="A structure of several parts is",
        choices=[(choice, MULTI_PART_WORDS[choice]) for choice in MULTI_PART_CHOICES],
    )
    node_structures = forms.CharField(
        required=False,
        max_length=2000,
        label="Structures that are nodes",
        widget=forms.TextInput(attrs={"placeholder": "for example: GTVn*, LN*"}),
    )
    station_structures = forms.CharField(
        required=False,
        max_length=2000,
        label="Structures that are levels",
        widget=forms.TextInput(attrs={"placeholder": "for example: Level*"}),
    )

    def clean_multi_part(self) -> str:
        """Return the choice; nothing chosen: ask."""
        return self.cleaned_data["multi_part"] or MULTI_PART_CHOICES[0]

    def options(self) -> IntakeOptions:
        """Return the decisions in the words of intake."""
        told = self.cleaned_data
        return IntakeOptions(
            node_structures=_patterns(told["node_structures"]),
            station_structures=_patterns(told["station_structures"]),
            multi_part=told["multi_part"],
            protect_faces=told["protect_faces"],
        )


class UploadForm(IntakeDecisionsForm):
    """A zip file and what was decided for all patients in it."""

    file = forms.FileField(
        label="Zip file",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"[\n,;]", text) if part.strip())


class ExcludeForm(_PageForm):
    """Why a patient is left out."""

    code = forms.ChoiceField(choices=EXCLUSION_CHOICES, label="Reason")
    reason = forms.CharField(max_length=500, label="In your words")


class IncludeForm(_PageForm):
    """Why a patient comes back."""

    reason = forms.CharField(max_length=500, label="Why")


class _Answer(forms.ChoiceField):
    """One answer; ``similar`` is the same for questions that look alike: one answer may do."""

    similar = ""


class _Answers(forms.MultipleChoiceField):
    """Several answers; ``similar`` as above."""

    similar = ""


class AnswersForm(forms.Form):
    """One field per open question; one left empty stays open."""

    def __init__(self, report: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for question in open_questions(report):
            choices = [(choice["value"], choice["label"]) for choice in question["choices"]]
            several = question["several"]
            kind = _Answers if several else _Answer
            suggested = question["suggested"]
            field = kind(
                required=False,
                label=f"Patient no. {question['position']}: {question['sentence']}",
                help_text=question["file"],
                choices=choices,
                initial=list(suggested) if several else next(iter(suggested), None),
                widget=forms.CheckboxSelectMultiple() if several else forms.RadioSelect(),
            )
            field.similar = question_id(question["code"], *(label for _, label in choices))
            self.fields[question["id"]] = field

    def clean(self) -> dict[str, Any]:
        """Return the answers given, each as a list."""
        told = super().clean() or {}
        given = {name: [value] if isinstance(value, str) else value for name, value in told.items()}
        return {name: values for name, values in given.items() if any(values)}
