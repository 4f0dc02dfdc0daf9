"""Form of the page for viewers."""

from django import forms

from cohorts.dicomweb.services import LONGEST_DAYS

CONTROL = {"class": "form-control"}


class TokenForm(forms.Form):
    """Ask for a token."""

    name = forms.CharField(
        max_length=60,
        label="What it is for",
        widget=forms.TextInput(attrs=CONTROL | {"placeholder": "for example: 3D Slicer"}),
    )
    days = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_DAYS,
        initial=30,
        label="Good for how many days",
        widget=forms.NumberInput(attrs=CONTROL),
    )
