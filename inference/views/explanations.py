"""Pages of explanations: maps of a cohort, their runs, one map in the viewer.

Whoever judges nodes of the cohort is told that none of these pages exists.
"""

import uuid
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views import View

from accounts.models import User
from cohorts.models import Cohort
from inference.attribution_display import headings, listed, percent, sorted_rows
from inference.attribution_forms import RequestAttributions
from inference.models import AttributionMap, ModelVersion
from inference.runner import input_grid_of
from inference.selectors import explanations as selectors
from inference.services.explaining import cancel_attribution_run, request_attributions

ROWS_PER_PAGE = 200


class AttributionsPage(LoginRequiredMixin, View):
    """A cohort's maps by one model: summary, list, runs, and the form that asks for more."""

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        cohort = selectors.explained_cohort_for(_user(request), public_id)
        return _list_page(request, cohort, _chosen(request, request.GET.get("model"), cohort))

    def post(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        cohort = selectors.explained_cohort_for(_user(request), public_id)
        version = _chosen(request, request.POST.get("model"), cohort)
        rows = selectors.explained_nodes_of(cohort, version) if version else []
        form = RequestAttributions(
            request.POST, user=_user(request), nodes=[row.node for row in rows]
        )
        if not form.is_valid():
            return _list_page(request, cohort, version, form=form, status=422)
        nodes = None if form.cleaned_data["everything"] else form.cleaned_data["nodes"]
        try:
            run = request_attributions(
                by=_user(request),
                cohort=cohort,
                model_version=form.cleaned_data["model"],
                nodes=nodes,
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
            return _list_page(request, cohort, version, form=form, status=422)
        return redirect("inference:attribution-run", run.public_id)


class AttributionRunPage(LoginRequiredMixin, View):
    """One run: progress and parked nodes."""

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        run = selectors.attribution_run_for(_user(request), public_id)
        context = {"run": run, "parked": selectors.parked_attribution_items(run)}
        return render(request, "inference/attribution_run.html", context)


class AttributionRunProgress(LoginRequiredMixin, View):
    """The live part of a run's page."""

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        run = selectors.attribution_run_for(_user(request), public_id)
        response = render(request, "inference/attribution_run_progress.html", {"run": run})
        if run.is_over:
            response["HX-Refresh"] = "true"  # the rest of the page has changed, too
        return response


class CancelAttributionRun(LoginRequiredMixin, View):
    """End a run before its end."""

    def post(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponseBase:
        run = selectors.attribution_run_for(_user(request), public_id)
        try:
            cancel_attribution_run(by=_user(request), run=run)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.info(request, "The run ends within seconds. Maps stored so far stay.")
        return redirect("inference:attribution-run", run.public_id)


class AttributionPage(LoginRequiredMixin, View):
    """One map over its CT."""

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        found, mask = selectors.attribution_map_for(_user(request), public_id)
        context = {
            "map": found,
            "facts": _facts(found),
            "node": mask.node,
            "cohort": mask.node.patient.cohort,
            "version": found.model_version,
        }
        return render(request, "inference/attribution.html", context)


def _user(request: HttpRequest) -> User:
    """Return the signed-in person; ``LoginRequiredMixin`` has let nobody else through."""
    return cast("User", request.user)


def _chosen(request: HttpRequest, told: str | None, cohort: Cohort) -> ModelVersion | None:
    """Return the model asked for; without one, that with maps of the cohort, else the newest."""
    if told:
        try:
            return selectors.explainable_model_for(_user(request), uuid.UUID(told))
        except ValueError as malformed:
            raise Http404 from malformed
    models = selectors.explainable_models_for(_user(request))
    with_maps = models.filter(pk__in=selectors.models_with_maps(cohort).values("pk"))
    return with_maps.first() or models.first()


def _list_page(
    request: HttpRequest,
    cohort: Cohort,
    version: ModelVersion | None,
    *,
    form: RequestAttributions | None = None,
    status: int = 200,
) -> HttpResponse:
    sort = request.GET.get("sort", "")
    rows = selectors.explained_nodes_of(cohort, version) if version else []
    maps = [row.map for row in rows if row.map is not None]
    context = {
        "cohort": cohort,
        "version": version,
        "versions": selectors.explainable_models_for(_user(request)),
        "runs": selectors.attribution_runs_for(_user(request), cohort),
        "form": form,
        "sort": sort,
        "headings": headings(sort),
        "summary": selectors.explanation_summary(maps),
        "missing": len(rows) - len(maps),
        "page": Paginator(listed(sorted_rows(rows, sort)), ROWS_PER_PAGE).get_page(
            request.GET.get("page")
        ),
    }
    return render(request, "inference/attributions.html", context, status=status)


def _facts(found: AttributionMap) -> dict[str, Any]:
    return {
        "probability": selectors.probability_of(found),
        "enrichment": selectors.enrichment_of(found),
        "difference": found.ene_score - found.baseline_score,
        "error_percent": percent(found.completeness_error),
        "shell_percent": percent(found.shell_fraction),
        "expected_percent": percent(found.shell_volume_fraction),
        "baseline": input_grid_of(found.model_version.architecture).baseline_meaning,
    }
