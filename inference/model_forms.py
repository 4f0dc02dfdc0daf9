"""Forms that register a model version."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from inference.models import Provenance
from inference.reference_parameters import FINGERPRINT, starting_parameters
from inference.runner import ARCHITECTURES, preparation_of
from inference.thresholds import PUBLISHED_THRESHOLDS, THRESHOLD_NAMES

FINGERPRINT_HELP: Mapping[str, tuple[str, str]] = {
    "percentile_00_5_hu": ("0.5 percentile, HU", "Lower end of the clipping range."),
    "percentile_99_5_hu": ("99.5 percentile, HU", "Upper end of the clipping range."),
    "mean_hu": ("Mean, HU", "Subtracted from every voxel."),
    "sd_hu": ("Standard deviation, HU", "Every voxel is divided by it."),
}
PROVENANCES = (
    (Provenance.PUBLISHED.value, "Published weights: the release of the authors, unchanged"),
    (Provenance.UNTRAINED.value, "Untrained: random weights, for trying the software out"),
)


class _Indented(json.JSONEncoder):
    """JSON that people can read and change."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "indent": 2})


class StartUpload(forms.Form):
    """Whose release it is."""

    architecture = forms.ChoiceField(
        choices=[(name, name) for name in ARCHITECTURES],
        initial=ARCHITECTURES[0],
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["architecture"].choices = [(name, _described(name)) for name in ARCHITECTURES]


def _described(architecture: str) -> str:
    members = preparation_of(architecture).expected_members
    return f"{architecture}: {members} member{'s' if members > 1 else ''} as published"


class RegisterModel(forms.Form):
    """What a model version is, besides its files."""

    name = forms.CharField(max_length=80)
    provenance = forms.ChoiceField(
        choices=PROVENANCES,
        initial=Provenance.PUBLISHED.value,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={
            "invalid_choice": "'%(value)s' cannot be said of files brought from outside: "
            "choose published or untrained."
        },
    )
    others = forms.JSONField(
        label="Other preprocessing parameters (JSON)",
        required=False,
        encoder=_Indented,
        widget=forms.Textarea(attrs={"rows": 9, "spellcheck": "false"}),
        help_text="Filled in with the defaults. Spacings and margins are (z, y, x) in mm.",
    )
    metastasis = forms.FloatField(label="Metastasis", required=False)
    ene = forms.FloatField(label="ENE", required=False)
    note = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Shown on the model's page: where the files come from, who has them.",
    )

    def __init__(self, *args: Any, architecture: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.architecture = architecture
        start = starting_parameters(architecture)
        self.numbers = self._add_fingerprint(start.pop(FINGERPRINT, None))
        self.fields["others"].initial = start
        for name, value in PUBLISHED_THRESHOLDS.get(architecture, {}).items():
            self.fields[name].initial = value
        for field in self.fields.values():
            if not isinstance(field.widget, forms.RadioSelect):
                field.widget.attrs |= {"class": "form-control", "autocomplete": "off"}

    def _add_fingerprint(self, start: Mapping[str, float] | None) -> list[str]:
        """Add a field for each number, and return their names."""
        for key, value in (start or {}).items():
            label, help_text = FINGERPRINT_HELP.get(key, (key, ""))
            self.fields[key] = forms.FloatField(label=label, help_text=help_text, initial=value)
        return list(start or {})

    @property
    def fingerprint_fields(self) -> list[forms.BoundField]:
        """The numbers' fields, for the page."""
        return [self[name] for name in self.numbers]

    @property
    def threshold_fields(self) -> list[forms.BoundField]:
        """The thresholds' fields, for the page."""
        return [self[name] for name in THRESHOLD_NAMES]

    def clean_others(self) -> dict[str, Any]:
        """Refuse JSON that is no object."""
        value = self.cleaned_data["others"]
        if value in (None, ""):
            return {}
        if not isinstance(value, dict):
            raise forms.ValidationError("A JSON object in braces was expected.")
        return value

    def description(self) -> dict[str, Any]:
        """Return the valid form as the service takes it."""
        given = self.cleaned_data
        parameters = dict(given["others"])
        if self.numbers:
            parameters[FINGERPRINT] = {name: given[name] for name in self.numbers}
        cuts = {name: given[name] for name in THRESHOLD_NAMES if given[name] is not None}
        return {
            "name": given["name"],
            "provenance": given["provenance"],
            "parameters": parameters,
            "thresholds": cuts,
            "note": given["note"],
        }
