"""Forms of planning: each input with its meaning, its unit and where its default comes from."""

import re
from typing import Any

from django import forms

from readerstudy.analysis.planning.closed_form_inputs import CLOSED_FORMS, Field
from readerstudy.analysis.planning.design import DEFAULTS
from readerstudy.analysis.planning.simulation_inputs import CHOICES, GROUPS, LISTS, SIMULATION


class NumberList(forms.Field):
    """One number for all readers, or one for each, with commas between."""

    def to_python(self, value: Any) -> list[float]:
        parts = [part for part in re.split(r"[,;\s]+", str(value or "").strip()) if part]
        try:
            return [float(part) for part in parts]
        except ValueError as refusal:
            raise forms.ValidationError(
                "Write one number, or one for each reader with commas between: 0.36, 0.40.",
                code="number_list",
            ) from refusal


class PlanForm(forms.Form):
    """The inputs of one formula; what is not given has its default."""

    def __init__(self, method: str, query: Any) -> None:
        fields = CLOSED_FORMS[method].fields
        given = {field.name: query.get(field.name, field.default) for field in fields}
        super().__init__(given)
        for field in fields:
            self.fields[field.name] = _number(field)


class SimulationForm(forms.Form):
    """The inputs of a simulation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in SIMULATION:
            self.fields[field.name] = _simulation_field(field)

    def groups(self) -> list[tuple[str, str, list[forms.BoundField]]]:
        """Return title, explanation and fields of each part of the form."""
        return [(title, words, [self[name] for name in names]) for title, words, names in GROUPS]

    def given(self) -> dict[str, Any]:
        """Return the inputs that were filled in."""
        return {
            name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])
        }

    def add_refusals(self, refusals: dict[str, list[str]]) -> None:
        """Show a service's refusals at their fields."""
        for name, sentences in refusals.items():
            for sentence in sentences:
                self.add_error(name if name in self.fields else None, sentence)


def initial_values(query: Any) -> dict[str, Any]:
    """Return what the form starts with: defaults, overridden by the address's parameters."""
    shown = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in DEFAULTS.items()
    }
    return shown | {name: query[name] for name in DEFAULTS if name in query}


def initial_of(inputs: dict[str, Any]) -> dict[str, Any]:
    """Return what the form starts with when a simulation's inputs are to be changed."""
    shown = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in inputs.items()
    }
    return initial_values({}) | shown


def _simulation_field(field: Field) -> forms.Field:
    shared: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": False}
    if field.name in CHOICES:
        select = forms.Select(attrs={"class": "form-select"})
        return forms.ChoiceField(choices=CHOICES[field.name], widget=select, **shared)
    if field.name in LISTS:
        return NumberList(widget=forms.TextInput(attrs={"class": "form-control"}), **shared)
    if field.name == "check_error":
        box = forms.CheckboxInput(attrs={"class": "form-check-input d-block"})
        return forms.BooleanField(widget=box, **shared)
    return _number(field, required=False)


def _number(field: Field, *, required: bool | None = None) -> forms.Field:
    must = field.default is not None if required is None else required
    attributes = {"class": "form-control", "step": "1" if field.whole else "any"}
    shared: dict[str, Any] = {
        "label": field.label,
        "help_text": field.help,
        "required": must,
        "min_value": field.least,
        "max_value": field.most,
        "error_messages": dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), _rule(field)
        ),
        "widget": forms.NumberInput(attrs=attributes),
    }
    return forms.IntegerField(**shared) if field.whole else forms.FloatField(**shared)


def _rule(field: Field) -> str:
    """Return what the input must be, with its name: the refusal of whatever else is written."""
    kind = "a whole number" if field.whole else "a number"
    limits = [
        f"{word} {limit:,}"
        for word, limit in (("from", field.least), ("to", field.most))
        if limit is not None
    ]
    return " ".join([f"{field.label} must be {kind}", *limits]) + "."
