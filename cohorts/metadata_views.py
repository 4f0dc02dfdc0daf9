"""The coordinators' page for covariates and exclusions from a table."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cohorts import services
from cohorts.patient_columns import COLUMNS, PATIENT, PATIENT_ID, REASON
from cohorts.views import REFUSED, CoordinatorView


class MetadataForm(forms.Form):
    """A table."""

    table_file = forms.FileField(
        label="Table (CSV or XLSX)",
        help_text="At most 20 MB. It is taken whole or not at all.",
        widget=forms.FileInput(
            attrs={"accept": ".csv,.xlsx,text/csv", "class": "form-control", "required": True}
        ),
    )


class MetadataPage(CoordinatorView):
    """Check a table, then take it in."""

    def get(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        return self.page(cohort_id, form=MetadataForm())

    def post(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        cohort = self.cohort(cohort_id)
        form, dry_run = MetadataForm(request.POST, request.FILES), "import" not in request.POST
        if not form.is_valid():
            return self.page(cohort_id, form=form, status=REFUSED)
        told = {"table_file": form.cleaned_data["table_file"], "dry_run": dry_run}
        try:
            done = services.import_metadata(by=request.user, cohort=cohort, **told)
        except services.MetadataRefused as refusal:
            return self.page(cohort_id, form=form, errors=refusal.errors, status=REFUSED)
        if dry_run:
            return self.page(cohort_id, form=form, result=done)
        messages.success(request, f"{done.changed_patients} of {done.patients} patients changed.")
        return redirect("cohorts:cohort", cohort.public_id)

    def page(self, cohort_id: uuid.UUID, *, status: int = 200, **shown: Any) -> HttpResponse:
        told = {
            "cohort": self.cohort(cohort_id),
            "columns": COLUMNS,
            "keys": (PATIENT, PATIENT_ID),
            "reason": REASON,
        }
        return render(self.request, "cohorts/metadata.html", told | shown, status=status)


class MetadataTemplate(CoordinatorView):
    """An empty table with one line per patient of the cohort."""

    def get(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        patients = self.cohort(cohort_id).patients.values_list("pseudonym", flat=True)
        names = [PATIENT, *(column.name for column in COLUMNS), REASON]
        lines = [",".join(names), *(name + "," * (len(names) - 1) for name in patients)]
        response = HttpResponse("\r\n".join(lines) + "\r\n", content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="patients.csv"'
        return response
