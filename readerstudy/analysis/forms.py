"""Forms of the analysis floor."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from readerstudy.analysis.imported_table import MAX_BYTES


class FreezeForm(forms.Form):
    """What a statistician says when freezing a dataset."""

    model = forms.UUIDField(required=False)
    interim = forms.BooleanField(required=False)
    role = forms.CharField(required=False, max_length=20)

    def chosen_model(self) -> Any:
        """Return the model's public id, or None for readers alone."""
        return self.cleaned_data.get("model")

    def choices(self) -> dict[str, Any]:
        """Return the rest of what was said, as the service takes it."""
        said = self.cleaned_data
        return {"interim": said.get("interim", False), "role": said.get("role") or None}


class ImportForm(forms.Form):
    """A study read elsewhere: its file and what to call it."""

    title = forms.CharField(
        max_length=200,
        label="Title of the study",
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )
    model_name = forms.CharField(
        required=False,
        max_length=100,
        label="Name of the model whose scores are in the file",
        help_text="Empty: the file's column model, or “Model”.",
        widget=forms.TextInput(
            attrs={"class": "form-control", "aria-describedby": "id_model_name_helptext"}
        ),
    )
    file = forms.FileField(
        label="CSV file",
        allow_empty_file=True,
        help_text=f"UTF-8, separated by commas or semicolons, up to {MAX_BYTES // 1024**2} MB.",
        widget=forms.FileInput(
            attrs={
                "class": "form-control",
                "accept": ".csv,text/csv",
                "aria-describedby": "id_file_helptext",
            }
        ),
    )
    ignore_unknown = forms.BooleanField(
        required=False,
        label="Ignore columns that are not known",
        widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
    )

    def clean_file(self) -> UploadedFile:
        """Refuse a file that is too large before anything of it is read."""
        file: UploadedFile = self.cleaned_data["file"]
        if file.size is None or file.size > MAX_BYTES:
            raise ValidationError(
                f"{file.name}: is larger than {MAX_BYTES // 1024**2} MB. Leave out columns that "
                "the analysis does not need."
            )
        return file

    def given(self) -> dict[str, Any]:
        """Return what was given, as the service takes it."""
        said = dict(self.cleaned_data)
        file = said.pop("file")
        return said | {"file_name": file.name, "data": file.read()}
