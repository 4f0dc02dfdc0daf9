"""Forms of the analysis floor."""

from typing import Any

from django import forms


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
