"""Pages of training: start, watch, stop, resume; nobody who judges or reads sees any of it."""

import uuid
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views import View

from accounts.models import User
from inference import selectors
from inference.models import TrainingRun
from inference.services import resume_training, start_training, stop_training
from inference.training_display import curve_figures, member_rows, settings_rows
from inference.training_forms import StartTraining


class Trainings(LoginRequiredMixin, View):
    """The trainings of the person's cohorts, and the form that starts one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        runs = selectors.training_runs_for(_user(request))
        datasets = selectors.training_datasets_for(_user(request))
        return render(request, "inference/trainings.html", {"runs": runs, "datasets": datasets})


class Start(LoginRequiredMixin, View):
    """Choose data, architecture and settings."""

    def get(self, request: HttpRequest) -> HttpResponse:
        datasets = _datasets(request)
        initial = {"dataset": request.GET.get("dataset")}
        return _start_page(request, StartTraining(user=_user(request), initial=initial), datasets)

    def post(self, request: HttpRequest) -> HttpResponse:
        datasets = _datasets(request)
        form = StartTraining(request.POST, user=_user(request))
        if not form.is_valid():
            return _start_page(request, form, datasets, status=422)
        chosen = {key: form.cleaned_data[key] for key in ("dataset", "name", "architecture")}
        try:
            run = start_training(by=_user(request), settings=form.changes(), **chosen)
        except ValidationError as refusal:
            form.add_error(None, refusal)
            return _start_page(request, form, datasets, status=422)
        return redirect("inference:training", run.public_id)


class Training(LoginRequiredMixin, View):
    """One training: live state, curves, members, settings."""

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        run = selectors.training_run_for(_user(request), public_id)
        context = _live(run) | {"settings": settings_rows(run)}
        return render(request, "inference/training.html", context)


class TrainingProgress(LoginRequiredMixin, View):
    """The live part of a training's page."""

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        run = selectors.training_run_for(_user(request), public_id)
        response = render(request, "inference/training_progress.html", _live(run))
        if run.is_over:
            response["HX-Refresh"] = "true"  # buttons and links change, too
        return response


class StopTraining(LoginRequiredMixin, View):
    """End a training after the epoch it is at."""

    def post(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponseBase:
        run = selectors.training_run_for(_user(request), public_id)
        try:
            stop_training(by=_user(request), run=run)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.info(request, "It stops after the epoch it is at; you can resume it later.")
        return redirect("inference:training", run.public_id)


class ResumeTraining(LoginRequiredMixin, View):
    """Let a stopped training go on."""

    def post(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponseBase:
        run = selectors.training_run_for(_user(request), public_id)
        try:
            resume_training(by=_user(request), run=run)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.info(request, "It goes on from the states that are stored.")
        return redirect("inference:training", run.public_id)


class TrainingRecord(LoginRequiredMixin, View):
    """The record of a finished training as a file."""

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        run = selectors.finished_training_run_for(_user(request), public_id)
        response = HttpResponse(
            selectors.training_record_bytes(run), content_type="application/json"
        )
        name = f"training-record-{run.record_key[:12]}.json"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def _user(request: HttpRequest) -> User:
    """Return the signed-in person; ``LoginRequiredMixin`` has let nobody else through."""
    return cast("User", request.user)


def _datasets(request: HttpRequest) -> Any:
    """Return the datasets to train on; Http404 for whoever sees no training."""
    selectors.training_runs_for(_user(request))
    return selectors.training_datasets_for(_user(request))


def _start_page(
    request: HttpRequest, form: StartTraining, datasets: Any, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "datasets": datasets}
    return render(request, "inference/training_start.html", context, status=status)


def _live(run: TrainingRun) -> dict[str, Any]:
    return {"run": run, "members": member_rows(run), "figures": curve_figures(run)}
