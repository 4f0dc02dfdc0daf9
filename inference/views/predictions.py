"""Coordinators' pages: prediction runs, scores of other models."""

import uuid
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views import View

from accounts.models import User
from cohorts.models import Cohort
from inference import selectors
from inference.external_import import ExternalImport, import_external_predictions
from inference.forms import ImportScores, RequestPredictions
from inference.models import PredictionRun
from inference.services import cancel_run, request_predictions

ROWS_PER_PAGE = 200


class CohortPage(LoginRequiredMixin, View):
    """A cohort's runs and coverage; coordinators request predictions here."""

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        cohort = selectors.cohort_with_runs_for(_user(request), public_id)
        return _cohort_page(request, cohort, RequestPredictions(user=_user(request)))

    def post(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        cohort = selectors.cohort_with_runs_for(_user(request), public_id)
        form = RequestPredictions(request.POST, user=_user(request))
        if not form.is_valid():
            return _cohort_page(request, cohort, form, status=422)
        try:
            run = request_predictions(
                by=_user(request), cohort=cohort, model_version=form.cleaned_data["model"]
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
            return _cohort_page(request, cohort, form, status=422)
        return redirect("inference:run", run.public_id)


class ImportPage(LoginRequiredMixin, View):
    """Scores of another model from CSV: checked first, then imported."""

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        cohort = selectors.cohort_to_import_for(_user(request), public_id)
        context = {"cohort": cohort, "form": ImportScores()}
        return render(request, "inference/import.html", context)

    def post(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        cohort = selectors.cohort_to_import_for(_user(request), public_id)
        form = ImportScores(request.POST, request.FILES)
        checks_only = "import" not in request.POST
        context: dict[str, Any] = {"cohort": cohort, "form": form}
        result = _attempt_import(request, cohort, form, dry_run=checks_only)
        if result is None:
            return render(request, "inference/import.html", context, status=422)
        if checks_only:
            context |= {"result": result, "checked_text": form.cleaned_data["csv"]}
            return render(request, "inference/import.html", context)
        messages.success(request, f"Imported: {result.rows} of {result.nodes} nodes have a score.")
        return redirect("inference:cohort", cohort.public_id)


class RunPage(LoginRequiredMixin, View):
    """One run: progress, parked nodes, scores for whoever may see them."""

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        run = selectors.run_for(_user(request), public_id)
        return render(request, "inference/run.html", _run_context(request, run))


class RunProgress(LoginRequiredMixin, View):
    """The live part of a run's page."""

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        run = selectors.run_for(_user(request), public_id)
        response = render(request, "inference/run_progress.html", {"run": run})
        if run.is_over:
            response["HX-Refresh"] = "true"  # the rest of the page has changed, too
        return response


class CancelRun(LoginRequiredMixin, View):
    """End a run after the node it is at."""

    def post(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponseBase:
        run = selectors.run_for(_user(request), public_id)
        try:
            cancel_run(by=_user(request), run=run)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.info(request, "The run ends after the node it is at. What is stored stays.")
        return redirect("inference:run", run.public_id)


class ScoresPage(LoginRequiredMixin, View):
    """One model's scores of a cohort; annotators and adjudicators never see them."""

    def get(self, request: HttpRequest, public_id: uuid.UUID, model_id: uuid.UUID) -> HttpResponse:
        cohort = selectors.cohort_with_runs_for(_user(request), public_id)
        version = selectors.model_version_for(_user(request), model_id)
        rows = selectors.predictions_for(_user(request), cohort, version)
        page = Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
        out_of_fold = sum(row.is_out_of_fold for row in rows)
        context = {"cohort": cohort, "version": version, "page": page, "out_of_fold": out_of_fold}
        return render(request, "inference/scores.html", context)


def _user(request: HttpRequest) -> User:
    """Return the signed-in person; ``LoginRequiredMixin`` has let nobody else through."""
    return cast("User", request.user)


def _cohort_page(
    request: HttpRequest, cohort: Cohort, form: RequestPredictions, *, status: int = 200
) -> HttpResponse:
    user = _user(request)
    context = {
        "cohort": cohort,
        "form": form,
        "runs": selectors.runs_for(user, cohort),
        "coverage": selectors.coverage_of(cohort),
        "may_request": selectors.may_request(user, cohort),
        "may_see_scores": selectors.may_see_scores(user, cohort),
        "has_models": selectors.registered_models_for(user).exists(),
    }
    return render(request, "inference/cohort.html", context, status=status)


def _run_context(request: HttpRequest, run: PredictionRun) -> dict[str, Any]:
    user = _user(request)
    return {
        "run": run,
        "parked": selectors.parked_items(run),
        "may_request": selectors.may_request(user, run.cohort),
        "may_see_scores": selectors.may_see_scores(user, run.cohort),
    }


def _attempt_import(
    request: HttpRequest, cohort: Cohort, form: ImportScores, *, dry_run: bool
) -> ExternalImport | None:
    """Check or import the form's scores; a refusal is put on the form."""
    if not form.is_valid():
        return None
    try:
        return import_external_predictions(
            by=_user(request),
            cohort=cohort,
            name=form.cleaned_data["name"],
            csv=form.cleaned_data["csv"],
            dry_run=dry_run,
        )
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return None
