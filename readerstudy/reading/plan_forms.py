"""The analysis plan as a form: fields in, document out; the rules are the plan's own."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from readerstudy.reading import plan as plans
from readerstudy.reading.forms import StyledForm
from readerstudy.reading.plan_subgroups import CATEGORICAL, NUMERIC, UNITS
from readerstudy.reading.plan_words import CLUSTERING_NONE, PATIENT_LEVEL_NONE, WORDS

NO_MULTIPLICITY = "no adjustment"
VIEW_NAMES = {"binary": "binary", "ordinal": "ordinal", "confidence": "confidence"}
HINT_EDGES = "Where to cut, {}: numbers with commas between them. Empty: no such subgroup."


def _choices(keys: Iterable[str], **special: str) -> list[tuple[str, str]]:
    words = ((key, special.get(key, WORDS[key])) for key in keys)
    return [(key, word[:1].upper() + word[1:]) for key, word in words]


def _messages(label: str) -> dict[str, str]:
    return {
        "required": f"{label}: give it.",
        "invalid": f"{label}: give a number.",
        "invalid_choice": f"{label}: '%(value)s' is not one of the choices.",
    }


class NumbersField(forms.CharField):
    """Numbers with commas between them."""

    def __init__(self, *, whole: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = int if whole else float

    def clean(self, value: Any) -> list[float]:
        """Return the numbers in the order they were written."""
        text = super().clean(value)
        parts = [part.strip() for part in text.split(",")] if text else []
        try:
            return [self.kind(part) for part in parts]
        except ValueError as error:
            kind = "whole numbers" if self.kind is int else "numbers"
            raise ValidationError(
                f"{self.label}: '{text}' is not understood; write {kind} with commas between "
                "them, as 10, 15.",
                code="not_numbers",
            ) from error

    def prepare_value(self, value: Any) -> Any:
        """Write numbers back as they are typed."""
        if isinstance(value, str) or value is None:
            return value
        return ", ".join(f"{number:.10g}" for number in value)


class PlanForm(StyledForm):
    """A plan, changed in a draft or amended afterwards."""

    endpoints = forms.MultipleChoiceField(
        choices=_choices(plans.ENDPOINTS), widget=forms.CheckboxSelectMultiple
    )
    views = forms.MultipleChoiceField(
        label="Reader views",
        choices=_choices(plans.VIEWS),
        widget=forms.CheckboxSelectMultiple,
        help_text="The reading form of this version records no confidence: choose that view only "
        "where confidences were imported with the study.",
    )
    primary_endpoint = forms.ChoiceField(label="Endpoint", choices=_choices(plans.ENDPOINTS))
    primary_view = forms.ChoiceField(
        label="Reader view", choices=_choices(plans.VIEWS, **VIEW_NAMES)
    )
    comparison = forms.ChoiceField(choices=_choices(plans.COMPARISONS))
    test = forms.ChoiceField(choices=_choices(plans.TESTS))
    hypothesis = forms.ChoiceField(choices=_choices(plans.HYPOTHESES))
    margin = forms.FloatField(
        label="Non-inferiority margin",
        required=False,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="The largest loss of AUC still acceptable, as 0.05. Empty for a difference.",
    )
    alpha = forms.FloatField(
        label="Significance level", widget=forms.NumberInput(attrs={"step": "any"})
    )
    multiplicity = forms.ChoiceField(
        label="Adjustment for several tests",
        choices=_choices(plans.MULTIPLICITIES, none=NO_MULTIPLICITY),
    )
    threshold_source = forms.ChoiceField(
        label="Model's threshold", choices=_choices(plans.THRESHOLD_SOURCES)
    )
    fpr_percent = NumbersField(
        label="False-positive rates",
        whole=True,
        help_text="In percent, whole numbers with commas between them.",
    )
    missing_calls = forms.ChoiceField(label="Missing calls", choices=_choices(plans.MISSING_CALLS))
    undetermined = forms.ChoiceField(
        label="Nodes whose truth is not determinable", choices=_choices(plans.UNDETERMINED)
    )
    clustering = forms.ChoiceField(choices=_choices(plans.CLUSTERINGS, none=CLUSTERING_NONE))
    patient_level = forms.ChoiceField(
        label="Results by patient", choices=_choices(plans.PATIENT_LEVELS, none=PATIENT_LEVEL_NONE)
    )
    bootstrap_replicates = forms.IntegerField(label="Bootstrap resamples")
    sad_edges = NumbersField(
        label="Short-axis diameter", required=False, help_text=HINT_EDGES.format(UNITS["sad"])
    )
    age_edges = NumbersField(label="Age", required=False, help_text=HINT_EDGES.format(UNITS["age"]))
    slice_thickness_edges = NumbersField(
        label="Slice thickness",
        required=False,
        help_text=HINT_EDGES.format(UNITS["slice_thickness"]),
    )
    by_value = forms.MultipleChoiceField(
        label="One subgroup for each value of",
        choices=_choices(CATEGORICAL),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    reason = forms.CharField(
        label="Reason for the amendment",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Stays on record beside the change and is printed in every report.",
    )
    based_on = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, amends: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not amends:
            del self.fields["reason"]
        for name, field in self.fields.items():
            if isinstance(field.widget, forms.Select):
                field.widget.attrs["class"] = "form-select"
            field.label = field.label or name.capitalize()
            field.error_messages |= _messages(field.label)

    def given(self) -> dict[str, Any]:
        """Return what the service is called with."""
        return {
            "plan": self.document(),
            "reason": self.cleaned_data.get("reason", ""),
            "based_on": self.cleaned_data["based_on"],
        }

    def document(self) -> dict[str, Any]:
        """Return the fields as a plan's document."""
        given = self.cleaned_data
        return {
            "schema_version": plans.SCHEMA_VERSION,
            "endpoints": given["endpoints"],
            "views": given["views"],
            "primary": {
                "endpoint": given["primary_endpoint"],
                "view": given["primary_view"],
                "comparison": given["comparison"],
                "test": given["test"],
                "hypothesis": given["hypothesis"],
                "margin": given["margin"],
            },
            "alpha": given["alpha"],
            "multiplicity": given["multiplicity"],
            "thresholds": {
                "source": given["threshold_source"],
                "fpr_percent": given["fpr_percent"],
            },
            "missing": {"calls": given["missing_calls"], "undetermined": given["undetermined"]},
            "clustering": given["clustering"],
            "subgroups": self._subgroups(),
            "patient_level": given["patient_level"],
            "bootstrap_replicates": given["bootstrap_replicates"],
        }

    def refuse(self, refusal: ValidationError) -> None:
        """Show a refusal beside the field it names, or above the form."""
        if not hasattr(refusal, "error_dict"):
            self.add_error(None, refusal.messages)
            return
        for path, sentences in refusal.message_dict.items():
            name = self._field_at(path)
            label = self.fields[name].label if name else path
            for sentence in sentences:
                self.add_error(name, f"{label}: {sentence.removeprefix(f'{path}: ')}")

    def _subgroups(self) -> list[dict[str, Any]]:
        cut = [
            {"variable": variable, "edges": self.cleaned_data[f"{variable}_edges"]}
            for variable in NUMERIC
            if self.cleaned_data[f"{variable}_edges"]
        ]
        return cut + [{"variable": variable} for variable in self.cleaned_data["by_value"]]

    def _field_at(self, path: str) -> str | None:
        """Return the form's field that holds a place of the document."""
        parts = path.split(".")
        if parts[0] == "subgroups" and len(parts) > 1:
            name = f"{self._subgroups()[int(parts[1]) - 1]['variable']}_edges"
        else:
            name = FIELD_AT.get(path, parts[-1])
        return name if name in self.fields else None


FIELD_AT = {
    "primary.endpoint": "primary_endpoint",
    "primary.view": "primary_view",
    "thresholds.source": "threshold_source",
    "missing.calls": "missing_calls",
}
"""Places of the document whose field is not called like their last part."""


def initial_of(plan: plans.Plan) -> dict[str, Any]:
    """Return a plan as the values its form starts with."""
    edges = {f"{group.variable}_edges": group.edges for group in plan.subgroups if group.edges}
    return {
        "endpoints": list(plan.endpoints),
        "views": list(plan.views),
        "primary_endpoint": plan.primary.endpoint,
        "primary_view": plan.primary.view,
        "comparison": plan.primary.comparison,
        "test": plan.primary.test,
        "hypothesis": plan.primary.hypothesis,
        "margin": plan.primary.margin,
        "alpha": plan.alpha,
        "multiplicity": plan.multiplicity,
        "threshold_source": plan.thresholds.source,
        "fpr_percent": plan.thresholds.fpr_percent,
        "missing_calls": plan.missing.calls,
        "undetermined": plan.missing.undetermined,
        "clustering": plan.clustering,
        "patient_level": plan.patient_level,
        "bootstrap_replicates": plan.bootstrap_replicates,
        "by_value": [group.variable for group in plan.subgroups if not group.edges],
    } | edges
