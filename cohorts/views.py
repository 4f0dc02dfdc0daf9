"""The coordinators' pages: cohorts, members, uploads, patients."""

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from accounts.models import User
from cohorts import selectors, services
from cohorts.dicom.first_look import NAME_RULES
from cohorts.dicomweb.cases import study_uid_of
from cohorts.exclusion import EXCLUSION_CHOICES
from cohorts.forms import (
    CreateCohortForm,
    ExcludeForm,
    IncludeForm,
    MemberForm,
    UploadForm,
)
from cohorts.mask_selectors import REFINES, have_overlaps
from cohorts.models import Cohort, Patient
from cohorts.vocabulary import CohortRole

REFUSED = 422
EXCLUSION_WORDS = dict(EXCLUSION_CHOICES)


class CoordinatorView(LoginRequiredMixin, View):
    """A page of people who coordinate; for everybody else it does not exist."""

    def cohort(self, public_id: uuid.UUID) -> Cohort:
        """Return the cohort if this person coordinates it."""
        return selectors.cohort_for(self.request.user, public_id, CohortRole.COORDINATOR)

    def patient(self, public_id: uuid.UUID) -> Patient:
        """Return the patient if this person coordinates the cohort."""
        return selectors.patient_for(self.request.user, public_id, CohortRole.COORDINATOR)

    def attempt(self, form: Form, action: Callable[..., Any]) -> Any:
        """Call ``action`` with the form's values; a refusal is put on the form: returns None."""
        if not form.is_valid():
            return None
        try:
            return action(**form.cleaned_data)
        except (ValidationError, PermissionDenied) as refusal:
            form.add_error(None, getattr(refusal, "messages", None) or str(refusal))
            return None


class CohortList(CoordinatorView):
    """Cohorts of this coordinator."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(CreateCohortForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = CreateCohortForm(request.POST)
        made = self.attempt(form, lambda **told: services.create_cohort(by=request.user, **told))
        if made is None:
            return self.page(form, status=REFUSED)
        messages.success(request, f"'{made.name}' is ready: upload patients or add members.")
        return redirect("cohorts:cohort", made.public_id)

    def page(self, form: Form, status: int = 200) -> HttpResponse:
        if not selectors.may_see_cohort_pages(self.request.user):
            raise Http404
        cohorts = selectors.cohorts_with_counts(self.request.user)
        context = {"cohorts": cohorts, "form": form}
        return render(self.request, "cohorts/cohort_list.html", context, status=status)


class CohortPage(CoordinatorView):
    """One cohort: counts, patients, members, uploads."""

    def get(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        return self.page(self.cohort(cohort_id))

    def page(self, cohort: Cohort, status: int = 200, **forms: Form) -> HttpResponse:
        context = {
            "cohort": cohort,
            "counts": selectors.cohort_counts(cohort),
            "patients": selectors.patients_with_counts(cohort),
            "members": selectors.members_of(cohort),
            **_about_uploads(self.request.user, cohort),
            "upload_form": forms.get("upload_form") or UploadForm(auto_id="upload_%s"),
            "member_form": forms.get("member_form") or MemberForm(auto_id="member_%s"),
        }
        return render(self.request, "cohorts/cohort.html", context, status=status)


def _about_uploads(user: User, cohort: Cohort) -> dict[str, Any]:
    """Return what the cohort's page says of uploads, on their way and over."""
    return {
        "uploads": selectors.uploads_of(cohort),
        "busy": selectors.has_open_upload(cohort),
        "refused": [
            (EXCLUSION_WORDS.get(code, ""), patients)
            for code, patients in selectors.refused_at_intake(cohort)
        ],
        "arrivals": selectors.arrivals_of(user, cohort),
        "upload_max_bytes": settings.INTAKE_MAX_BYTES,
        "upload_max_files": settings.INTAKE_MAX_FILES,
        "upload_rules": NAME_RULES,
    }


class AddMember(CohortPage):
    """Give a person a role."""

    def post(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        cohort = self.cohort(cohort_id)
        form = MemberForm(request.POST, auto_id="member_%s")
        member = self.attempt(
            form,
            lambda username, role: services.add_member(
                by=request.user, cohort=cohort, user=username, role=role
            ),
        )
        if member is None:
            return self.page(cohort, status=REFUSED, member_form=form)
        messages.success(request, f"{member.user.username} is now {member.role}.")
        return redirect("cohorts:cohort", cohort.public_id)


class RemoveMember(CohortPage):
    """Take a role from a person."""

    def post(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        cohort = self.cohort(cohort_id)
        form = MemberForm(request.POST, auto_id="member_%s")
        removed = self.attempt(
            form,
            lambda username, role: services.remove_member(
                by=request.user, cohort=cohort, user=username, role=role
            ),
        )
        if removed is None:
            return self.page(cohort, status=REFUSED, member_form=form)
        messages.success(request, f"{form.cleaned_data['username']} no longer holds this role.")
        # A coordinator who leaves has no page here any more.
        stays = selectors.has_role(request.user, cohort, CohortRole.COORDINATOR)
        return redirect("cohorts:cohort", cohort.public_id) if stays else redirect("home")


class PatientPage(CoordinatorView):
    """One patient: geometry, notes, nodes, exclusion."""

    def get(self, request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
        return self.page(self.patient(patient_id))

    def page(self, patient: Patient, form: Form | None = None, status: int = 200) -> HttpResponse:
        empty = IncludeForm() if patient.exclusion_code else ExcludeForm()
        context = {
            "patient": patient,
            "study_uid": study_uid_of(patient) if hasattr(patient, "series") else "",
            "cohort": patient.cohort,
            "nodes": selectors.nodes_with_warnings(patient),
            "case_warnings": selectors.case_warnings(patient),
            "overlap": hasattr(patient, "series") and have_overlaps(patient),
            "may_refine": selectors.has_role(self.request.user, patient.cohort, *REFINES),
            "form": form or empty,
        }
        return render(self.request, "cohorts/patient.html", context, status=status)


class ExcludePatient(PatientPage):
    """Leave a patient out."""

    form_class: type[Form] = ExcludeForm
    service = staticmethod(services.exclude_patient)

    def post(self, request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
        patient, form = self.patient(patient_id), self.form_class(request.POST)
        done = self.attempt(
            form, lambda **told: self.service(by=request.user, patient=patient, **told)
        )
        if done is None:
            return self.page(patient, form, status=REFUSED)
        state = "left out" if done.exclusion_code else "included again"
        messages.success(request, f"{done.pseudonym} is {state}.")
        return redirect("cohorts:patient", done.public_id)


class IncludePatient(ExcludePatient):
    """Take an exclusion back."""

    form_class = IncludeForm
    service = staticmethod(services.include_patient)
