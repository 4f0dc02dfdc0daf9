"""Pages of the analysis floor for training: which truth may be trained on."""

import uuid

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from readerstudy.analysis import training_data


class TrainingData(LoginRequiredMixin, View):
    """The cohorts whose truth this statistician may freeze for training."""

    def get(self, request: HttpRequest) -> HttpResponse:
        cohorts = training_data.cohorts_to_freeze(request.user)
        return render(request, "analysis/training_data.html", {"cohorts": cohorts})


class FreezeTrainingData(LoginRequiredMixin, View):
    """Freeze one cohort's reference standard."""

    def post(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        cohort = training_data.cohort_to_freeze(request.user, cohort_id)
        try:
            dataset = training_data.freeze_training_dataset(by=request.user, cohort=cohort)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.success(
                request,
                f"Frozen: {dataset.nodes} nodes of {dataset.patients} patients, "
                f"digest {dataset.table_key[:12]}. Training may start from it.",
            )
        return redirect("analysis:training-data")
