"""Form of the page that tells coordinators who is who."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from cohorts.deidentification.mapping import SHORTEST_PASSPHRASE
from cohorts.services import patient_ids_in

LONGEST_LIST = 1_000_000
"""Characters; longer lists come as a table."""

NEW_PASSPHRASE = {"class": "form-control", "autocomplete": "new-password"}


class MappingForm(forms.Form):
    """PatientIDs and a passphrase."""

    patient_ids = forms.CharField(
        required=False,
        max_length=LONGEST_LIST,
        label="PatientIDs, one a line",
        widget=forms.Textarea(
            attrs={"class": "form-control", "rows": 6, "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    table_file = forms.FileField(
        required=False,
        label="Or a table (CSV or XLSX) with a column patient_id",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.xlsx,text/csv"}),
    )
    passphrase = forms.CharField(
        label=f"Passphrase, at least {SHORTEST_PASSPHRASE} characters",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs=NEW_PASSPHRASE),
    )
    passphrase_again = forms.CharField(
        label="The passphrase again",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs=NEW_PASSPHRASE),
    )

    def clean(self) -> dict[str, Any]:
        """Return the PatientIDs of both places, and the passphrase."""
        told = super().clean() or {}
        if self.errors:
            return told
        if told["passphrase"] != told["passphrase_again"]:
            raise ValidationError(
                "The two passphrases differ: type them again.", code="passphrases_differ"
            )
        wanted = told["patient_ids"].splitlines()
        if told["table_file"] is not None:
            wanted += patient_ids_in(told["table_file"])
        return {"patient_ids": wanted, "passphrase": told["passphrase"]}
