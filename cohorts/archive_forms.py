"""Forms of the pages that search other archives and pull from them."""

from collections.abc import Sequence
from typing import Any

from django import forms

from cohorts.channels.archive_settings import ArchiveSettings
from cohorts.forms import IntakeDecisionsForm
from cohorts.services.archives import KEYWORDS, MAX_TERMS

LONGEST_LIST = 100_000
"""Characters: more than the ids that one search takes can have."""

KEYWORD_WORDS = {
    "PatientID": "PatientID",
    "AccessionNumber": "Accession number",
    "StudyInstanceUID": "Study Instance UID",
}
DATE = {"class": "form-control", "type": "date"}
SELECT = {"class": "form-select"}
LIST = {"class": "form-control", "rows": 5, "autocomplete": "off", "spellcheck": "false"}


class ArchiveSearchForm(forms.Form):
    """Which archive, and whom to look for."""

    keyword = forms.ChoiceField(
        label="Search by",
        choices=[(keyword, KEYWORD_WORDS[keyword]) for keyword in KEYWORDS],
        widget=forms.Select(attrs=SELECT),
    )
    terms = forms.CharField(
        label=f"Ids, one a line, at most {MAX_TERMS}",
        max_length=LONGEST_LIST,
        widget=forms.Textarea(attrs=LIST),
    )
    studied_from = forms.DateField(
        required=False, label="Studies from", widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d")
    )
    studied_until = forms.DateField(
        required=False, label="Studies until", widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d")
    )

    def __init__(self, archives: Sequence[ArchiveSettings], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["archive"] = forms.ChoiceField(
            choices=[(one.name, one.name) for one in archives],
            widget=forms.Select(attrs=SELECT),
        )

    def clean_terms(self) -> list[str]:
        """Return the lines."""
        lines: list[str] = self.cleaned_data["terms"].splitlines()
        return lines


class _Positions(forms.TypedMultipleChoiceField):
    """Numbers; the service says whether the search found them, or whether they are erased."""

    def valid_value(self, value: Any) -> bool:
        return True


class ChosenSeriesForm(IntakeDecisionsForm):
    """Series of a search, by their positions."""

    positions = _Positions(coerce=int, required=False)

    def chosen(self) -> dict[str, Any]:
        """Return what a pull is asked with."""
        kept = ("positions", "keep_patient_ids")
        return {name: self.cleaned_data[name] for name in kept} | {"options": self.options()}
