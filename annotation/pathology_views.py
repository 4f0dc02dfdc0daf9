"""Pages of pathology reports: parse, call one service or selector, render."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.errors import Conflict
from annotation import selectors, services
from annotation.pathology_cells import form_cells
from annotation.pathology_forms import ReportsTableForm, StepForm
from annotation.pathology_rules.report_fields import (
    ALL_NAMES,
    LEVEL_FIELDS,
    REPORT_FIELDS,
    differences,
)
from annotation.pathology_template import empty_table
from annotation.views import REFUSED, Page
from cohorts.models import Patient

CONFLICT = 409


class Reports(Page):
    """The patients of a cohort, and where each report stands."""

    def get(self, request: HttpRequest, cohort: uuid.UUID) -> HttpResponse:
        found = selectors.pathology_cohort(self.person, cohort)
        context = {"cohort": found, "reports": selectors.reports_in(self.person, found)}
        return render(request, "annotation/pathology_reports.html", context)


class ReportPage(Page):
    """One patient's report: entering, correcting, looking."""

    def get(self, request: HttpRequest, patient: uuid.UUID) -> HttpResponse:
        found = selectors.pathology_patient(self.person, patient)
        return self.page(found, is_correcting="correct" in request.GET)

    def post(self, request: HttpRequest, patient: uuid.UUID) -> HttpResponse:
        found = selectors.pathology_patient(self.person, patient)
        typed = {name: request.POST.get(name, "") for name in ALL_NAMES}
        try:
            self.keep(found, typed)
        except ValidationError as refusal:
            return self.page(found, typed=typed, refusal=refusal, is_correcting=True)
        messages.success(request, "Saved as a draft.")
        return redirect("annotation:pathology", patient=patient)

    def keep(self, patient: Patient, typed: dict[str, str]) -> None:
        """Enter what was typed; where the page asked for a reason, as a correction."""
        told = _step(self.request)
        report = services.report_from(typed)
        if "reason" in self.request.POST:
            services.correct_report(by=self.person, patient=patient, report=report, **told)
        else:
            del told["reason"]
            services.enter_report(by=self.person, patient=patient, report=report, **told)

    def page(
        self,
        patient: Patient,
        *,
        typed: dict[str, str] | None = None,
        refusal: ValidationError | None = None,
        is_correcting: bool = False,
    ) -> HttpResponse:
        """Render the report at hand, or what was typed and why it was refused."""
        standing = selectors.report_state(patient)
        problems = _by_field(refusal) if refusal else standing.problems
        texts = standing.texts if typed is None else typed
        context = {
            "patient": patient,
            "standing": standing,
            "form": form_cells(texts, problems),
            "problems": problems,
            "reason": self.request.POST.get("reason", ""),
            "is_locked": standing.state == "locked",
            "is_editable": standing.state != "locked" or is_correcting,
            "is_own": standing.entered is not None and standing.entered.by == self.person,
            "versions": selectors.report_versions(patient),
        } | _said(refusal, standing.texts, texts)
        return render(self.request, "annotation/pathology.html", context, status=_status(refusal))


class CheckReport(Page):
    """Confirm a draft as a second person."""

    def post(self, request: HttpRequest, patient: uuid.UUID) -> HttpResponse:
        found = selectors.pathology_patient(self.person, patient)
        try:
            revision = _step(request)["base_revision"]
            services.check_report(by=self.person, patient=found, base_revision=revision)
            messages.success(request, "The report is checked. Lock it when it is final.")
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("annotation:pathology", patient=patient)


class LockReport(Page):
    """Lock a checked report."""

    def post(self, request: HttpRequest, patient: uuid.UUID) -> HttpResponse:
        found = selectors.pathology_patient(self.person, patient)
        try:
            services.lock_report(by=self.person, patient=found, **_step(request))
            messages.success(request, "The report is locked.")
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("annotation:pathology", patient=patient)


class ImportReports(Page):
    """Check a table of reports, then take it in as drafts."""

    def get(self, request: HttpRequest, cohort: uuid.UUID) -> HttpResponse:
        return self.page(cohort, form=ReportsTableForm())

    def post(self, request: HttpRequest, cohort: uuid.UUID) -> HttpResponse:
        found = selectors.pathology_cohort(self.person, cohort)
        form = ReportsTableForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.page(cohort, form=form, status=REFUSED)
        told = {"dry_run": "import" not in request.POST} | form.cleaned_data
        try:
            done = services.import_pathology(by=self.person, cohort=found, **told)
        except services.ReportsRefused as refusal:
            return self.page(cohort, form=form, errors=refusal.errors, status=REFUSED)
        if done.dry_run:
            return self.page(cohort, form=form, result=done)
        messages.success(request, f"Saved as drafts: {len(done.reports)} reports.")
        return redirect("annotation:pathology-reports", cohort=cohort)

    def page(self, cohort: uuid.UUID, *, status: int = 200, **shown: Any) -> HttpResponse:
        """Render the page with the cohort it is about."""
        told = {
            "cohort": selectors.pathology_cohort(self.person, cohort),
            "level_fields": LEVEL_FIELDS,
            "report_fields": REPORT_FIELDS,
        }
        return render(self.request, "annotation/pathology_import.html", told | shown, status=status)


class ReportsTemplate(Page):
    """The empty table of a cohort."""

    def get(self, request: HttpRequest, cohort: uuid.UUID) -> HttpResponse:
        found = selectors.pathology_cohort(self.person, cohort)
        names = [listed.pseudonym for listed in selectors.reports_in(self.person, found)]
        response = HttpResponse(empty_table(names), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="pathology-reports.csv"'
        return response


def _step(request: HttpRequest) -> dict[str, Any]:
    """Return what the step is based on and its reason, or raise ValidationError."""
    form = StepForm(request.POST)
    if not form.is_valid():
        raise ValidationError([error for found in form.errors.values() for error in found])
    return form.cleaned_data


def _by_field(refusal: ValidationError) -> dict[str, list[str]]:
    return refusal.message_dict if hasattr(refusal, "error_dict") else {}


def _status(refusal: ValidationError | None) -> int:
    if refusal is None:
        return 200
    return CONFLICT if isinstance(refusal, Conflict) else REFUSED


def _said(
    refusal: ValidationError | None, current: dict[str, str], typed: dict[str, str]
) -> dict[str, Any]:
    """Return what is said above the form of a refusal that is not about one field."""
    if refusal is None or hasattr(refusal, "error_dict"):
        return {}
    said: dict[str, Any] = {"said": refusal.messages}
    if isinstance(refusal, Conflict):
        said["conflict"] = differences(current, typed)
    return said
