"""Forms of the coordinators' pages."""

from typing import Any

from django import forms

from accounts.models import User
from inference import selectors

CSV_MAX_BYTES = 2_000_000


class RequestPredictions(forms.Form):
    """Choose the model whose predictions are wanted."""

    model = forms.ModelChoiceField(
        queryset=None,
        to_field_name="public_id",
        empty_label=None,
        widget=forms.Select(attrs={"class": "form-select"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["model"]
        choices.queryset = selectors.registered_models_for(user)
        choices.label_from_instance = _label


def _label(version: Any) -> str:
    return (
        f"{version.name} ({version.get_provenance_display()}, "
        f"{version.member_count} of {version.expected_members} members)"
    )


class ImportScores(forms.Form):
    """Scores of another model: a file, or the text of one that was checked a moment ago."""

    name = forms.CharField(
        max_length=80,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    file = forms.FileField(
        required=False,
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,text/csv"}),
    )
    text = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Turn file or text into ``csv``."""
        cleaned = super().clean() or {}
        upload = cleaned.get("file")
        if upload is None and not cleaned.get("text"):
            raise forms.ValidationError("Choose a CSV file.")
        cleaned["csv"] = _decoded(upload) if upload is not None else cleaned["text"]
        return cleaned


def _decoded(upload: Any) -> str:
    if upload.size > CSV_MAX_BYTES:
        raise forms.ValidationError(
            f"The file has {upload.size} bytes, more than the {CSV_MAX_BYTES} a browser may send: "
            "use 'manage.py import_predictions'."
        )
    try:
        return str(upload.read().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise forms.ValidationError(
            "The file is not UTF-8 text: save it as 'CSV UTF-8' and choose it again."
        ) from error
