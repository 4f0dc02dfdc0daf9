"""The form that asks for explanations."""

from typing import Any

from django import forms

from accounts.models import User
from inference.selectors import explanations as selectors


class RequestAttributions(forms.Form):
    """Choose the model, and nodes where not all are wanted."""

    model = forms.ModelChoiceField(queryset=None, to_field_name="public_id", empty_label=None)
    nodes = forms.TypedMultipleChoiceField(required=False)
    everything = forms.BooleanField(required=False)

    def __init__(self, *args: Any, user: User, nodes: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["model"].queryset = selectors.explainable_models_for(user)
        self.fields["nodes"].choices = [(str(node), str(node)) for node in nodes]
        self.fields["nodes"].coerce = {str(node): node for node in nodes}.__getitem__
