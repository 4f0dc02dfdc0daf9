"""The page on which node masks are drawn; all it shows and saves goes through the API."""

import uuid

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from cohorts.mask_selectors import REFINES
from cohorts.selectors import has_role, patient_for
from cohorts.vocabulary import CohortRole


class MasksPage(LoginRequiredMixin, View):
    """The masks of one patient, for the people who refine them."""

    def get(self, request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
        patient = patient_for(request.user, patient_id, *REFINES)
        if not hasattr(patient, "series"):
            raise Http404
        labels = has_role(request.user, patient.cohort, CohortRole.ANNOTATOR)
        return render(request, "cohorts/masks.html", {"patient": patient, "labels": labels})
