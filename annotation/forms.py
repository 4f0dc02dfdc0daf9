"""Forms of the annotation pages."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from annotation.label_csv import MAX_BYTES, MAX_COMMENT
from cohorts.vocabulary import LABEL_CHOICES


class ImportForm(forms.Form):
    """An annotator's CSV file."""

    csv_file = forms.FileField(
        label="CSV file",
        help_text="UTF-8, at most 2 MB; columns patient, node, label and those below.",
        error_messages={"required": "Choose a CSV file first."},
        widget=forms.ClearableFileInput(
            attrs={"class": "form-control", "accept": ".csv,text/csv,text/plain"}
        ),
    )

    def clean_csv_file(self) -> UploadedFile[Any]:
        """Refuse a file that would not be read anyway."""
        upload: UploadedFile[Any] = self.cleaned_data["csv_file"]
        if (upload.size or 0) > MAX_BYTES:
            raise forms.ValidationError(
                f"{upload.name} is larger than {MAX_BYTES // 1024**2} MB: split it by patients.",
                code="too_large",
            )
        return upload


REASON_FIELD = "reason-"
"""A release's form has one text field for each warning, named by the warning's key."""


def reasons_in(posted: QueryDict) -> dict[str, str]:
    """Return what was written for each warning, by its key."""
    return {
        name.removeprefix(REASON_FIELD): posted[name]
        for name in posted
        if name.startswith(REASON_FIELD)
    }


class LabelForm(forms.Form):
    """A label given beside the CT by somebody who has seen what others gave."""

    label = forms.TypedChoiceField(
        label="Label",
        choices=LABEL_CHOICES,
        coerce=int,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={"required": "Choose a category."},
    )
    base_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class StatementForm(LabelForm):
    """An annotator's last word in the discussion."""

    reason = forms.CharField(
        label="Reason (needed if you revise your label)",
        max_length=MAX_COMMENT,
        required=False,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 4}),
    )


class DecisionForm(LabelForm):
    """An adjudicator's decision."""

    reason = forms.CharField(
        label="Reason",
        max_length=MAX_COMMENT,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 4}),
        error_messages={"required": "Write why: a decision needs a reason."},
    )
