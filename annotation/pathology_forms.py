"""Forms of the pathology pages; the report's own fields are read by the pure core."""

from django import forms

from annotation.label_csv import MAX_COMMENT


class StepForm(forms.Form):
    """What a save, a check or a lock is based on, and its reason."""

    base_revision = forms.IntegerField(
        min_value=0,
        error_messages={"required": "The page did not say what it is based on: reload it."},
    )
    reason = forms.CharField(required=False, max_length=MAX_COMMENT)


class ReportsTableForm(forms.Form):
    """A table of reports."""

    table_file = forms.FileField(
        label="Table (CSV or XLSX)",
        help_text="At most 20 MB. It is taken whole or not at all.",
        error_messages={"required": "Choose a table first."},
        widget=forms.FileInput(
            attrs={"accept": ".csv,.xlsx,text/csv", "class": "form-control", "required": True}
        ),
    )
