"""Pages of the analysis floor: studies, frozen datasets, runs, reports, downloads."""

import uuid

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from readerstudy.analysis import downloads, selectors, services
from readerstudy.analysis.forms import FreezeForm
from readerstudy.analysis.reporting.renderings.html import html_context


class Studies(LoginRequiredMixin, View):
    """The studies this statistician may analyse."""

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {
            "studies": selectors.studies_for(request.user),
            "may_import": selectors.may_import(request.user),
            "imports": selectors.imports_of(request.user),
        }
        return render(request, "analysis/studies.html", context)


class Study(LoginRequiredMixin, View):
    """One study: freeze a dataset, see the datasets and runs there are."""

    def get(self, request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
        study = selectors.study_for(request.user, study_id)
        context = {
            "study": study,
            "models": selectors.models_for(study),
            "datasets": selectors.datasets_of(study),
            "unblinded_runs": selectors.unblinded_runs(study),
        }
        return render(request, "analysis/study.html", context)


class Freeze(LoginRequiredMixin, View):
    """Freeze a dataset and start its first run."""

    def post(self, request: HttpRequest, study_id: uuid.UUID) -> HttpResponse:
        study = selectors.study_for(request.user, study_id)
        form = FreezeForm(request.POST)
        form.full_clean()
        chosen = form.chosen_model()
        model = selectors.model_for(study, chosen) if chosen else None
        try:
            dataset = services.freeze_dataset(
                by=request.user, study=study, model=model, **form.choices()
            )
            run = services.request_analysis(by=request.user, dataset=dataset)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
            return redirect("analysis:study", study_id)
        return redirect("analysis:run", run.public_id)


class Rerun(LoginRequiredMixin, View):
    """Compute a dataset again (counted as another unblinded run)."""

    def post(self, request: HttpRequest, dataset_id: uuid.UUID) -> HttpResponse:
        dataset = selectors.dataset_for(request.user, dataset_id)
        run = services.request_analysis(by=request.user, dataset=dataset)
        return redirect("analysis:run", run.public_id)


class Run(LoginRequiredMixin, View):
    """A run: its progress, then its report."""

    def get(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        run = selectors.run_for(request.user, run_id)
        if not run.results_key:
            return render(request, "analysis/run.html", {"run": run})
        context = {
            "run": run,
            "document": html_context(selectors.document_of(run)) if run.files else None,
            "more_files": downloads.more_files(run),
            "unblinded_runs": selectors.unblinded_runs_of(run.dataset),
        }
        return render(request, "analysis/report.html", context)


class RunProgress(LoginRequiredMixin, View):
    """The fragment that a waiting page asks for."""

    def get(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        run = selectors.run_for(request.user, run_id)
        response = render(request, "analysis/_progress.html", {"run": run})
        if run.is_over:
            response["HX-Refresh"] = "true"
        return response


class Cancel(LoginRequiredMixin, View):
    """Ask a run to end."""

    def post(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        run = selectors.run_for(request.user, run_id)
        try:
            services.cancel_analysis(by=request.user, run=run)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("analysis:run", run_id)


class Download(LoginRequiredMixin, View):
    """One file of a finished run."""

    def get(self, request: HttpRequest, run_id: uuid.UUID, name: str) -> HttpResponse:
        run = selectors.finished_run_for(request.user, run_id)
        return downloads.response(run, name)
