"""The page of a patient's mask versions, with files of each."""

import uuid

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from cohorts import selectors
from cohorts.mask_selectors import REFINES, SEES_MASKS, every_version, have_overlaps
from cohorts.vocabulary import CohortRole


class MaskVersions(LoginRequiredMixin, View):
    """Every version of every mask of a patient, removed nodes too."""

    def get(self, request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
        patient = selectors.patient_for(request.user, patient_id, *SEES_MASKS)
        if not hasattr(patient, "series"):
            raise Http404
        context = {
            "patient": patient,
            "coordinates": selectors.has_role(request.user, patient.cohort, CohortRole.COORDINATOR),
            "may_refine": selectors.has_role(request.user, patient.cohort, *REFINES),
            "masks": every_version(patient),
            "overlap": have_overlaps(patient),
        }
        return render(request, "cohorts/mask_versions.html", context)
