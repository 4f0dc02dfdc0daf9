"""The page on which node masks are drawn; all it shows and saves goes through the API."""

import uuid

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from cohorts.candidate_forms import OpenForm
from cohorts.candidate_selectors import candidate_in
from cohorts.mask_selectors import REFINES
from cohorts.selectors import has_role, patient_for
from cohorts.vocabulary import CohortRole


class MasksPage(LoginRequiredMixin, View):
    """The masks of one patient, for whoever refines them; with a candidate if asked."""

    def get(self, request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
        patient = patient_for(request.user, patient_id, *REFINES)
        if not hasattr(patient, "series"):
            raise Http404
        asked = OpenForm(request.GET)
        if not asked.is_valid():
            raise Http404
        key = asked.cleaned_data["candidate"]
        context = {
            "patient": patient,
            "labels": has_role(request.user, patient.cohort, CohortRole.ANNOTATOR),
            "candidate": candidate_in(patient, key) if key else None,
            "edit": asked.cleaned_data["edit"],
        }
        return render(request, "cohorts/masks.html", context)
