"""Pages of planning: formulas, simulations, progress, files."""

import uuid
from typing import cast

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from accounts.models import User
from readerstudy.analysis.planning import selectors, services
from readerstudy.analysis.planning.display import to_csv
from readerstudy.analysis.planning.forms import SimulationForm, initial_of, initial_values
from readerstudy.analysis.planning.pages import formula_page, simulation_page


class Planning(LoginRequiredMixin, View):
    """Formulas with immediate answers, and the person's simulations."""

    def get(self, request: HttpRequest) -> HttpResponse:
        simulations = selectors.simulations_for(_user(request))
        context = {"simulations": simulations, **formula_page(request.GET)}
        return render(request, "analysis/planning.html", context)


class Simulate(LoginRequiredMixin, View):
    """Describe a planned study and have it simulated."""

    def get(self, request: HttpRequest) -> HttpResponse:
        selectors.simulations_for(_user(request))
        form = SimulationForm(initial=initial_values(request.GET))
        return render(request, "analysis/planning_simulate.html", {"form": form})

    def post(self, request: HttpRequest) -> HttpResponse:
        selectors.simulations_for(_user(request))
        form = SimulationForm(request.POST)
        if form.is_valid():
            try:
                found = services.request_simulation(by=_user(request), given=form.given())
            except ValidationError as refusal:
                form.add_refusals(_refusals(refusal))
            else:
                return redirect("analysis:planning-run", found.public_id)
        return render(request, "analysis/planning_simulate.html", {"form": form}, status=422)


class Simulation(LoginRequiredMixin, View):
    """One simulation: its progress, then its results."""

    def get(self, request: HttpRequest, simulation_id: uuid.UUID) -> HttpResponse:
        simulation = selectors.simulation_for(_user(request), simulation_id)
        return render(request, "analysis/planning_run.html", simulation_page(simulation))


class Change(LoginRequiredMixin, View):
    """The form, filled with the inputs of an earlier simulation."""

    def get(self, request: HttpRequest, simulation_id: uuid.UUID) -> HttpResponse:
        simulation = selectors.simulation_for(_user(request), simulation_id)
        form = SimulationForm(initial=initial_of(simulation.inputs))
        return render(request, "analysis/planning_simulate.html", {"form": form})


class Progress(LoginRequiredMixin, View):
    """The fragment that a waiting page asks for."""

    def get(self, request: HttpRequest, simulation_id: uuid.UUID) -> HttpResponse:
        simulation = selectors.simulation_for(_user(request), simulation_id)
        response = render(request, "analysis/planning_progress.html", {"run": simulation})
        if simulation.is_over:
            response["HX-Refresh"] = "true"
        return response


class Cancel(LoginRequiredMixin, View):
    """Ask a simulation to end."""

    def post(self, request: HttpRequest, simulation_id: uuid.UUID) -> HttpResponse:
        simulation = selectors.simulation_for(_user(request), simulation_id)
        try:
            services.cancel_simulation(by=_user(request), simulation=simulation)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("analysis:planning-run", simulation_id)


class Download(LoginRequiredMixin, View):
    """The results as a file."""

    def get(self, request: HttpRequest, simulation_id: uuid.UUID, name: str) -> HttpResponse:
        simulation = selectors.finished_simulation_for(_user(request), simulation_id)
        if name not in ("results.csv", "results.json"):
            raise Http404
        response = HttpResponse(content_type="application/json")
        if name == "results.csv":
            response["Content-Type"] = "text/csv; charset=utf-8"
            response.content = to_csv(selectors.results_of(simulation))
        else:
            response.content = selectors.results_bytes(simulation)
        stem = f"nodewise-simulation-{simulation.results_digest[:12]}"
        response["Content-Disposition"] = f'attachment; filename="{stem}-{name}"'
        return response


def _user(request: HttpRequest) -> User:
    """Return the signed-in person; ``LoginRequiredMixin`` has let nobody else through."""
    return cast("User", request.user)


def _refusals(refusal: ValidationError) -> dict[str, list[str]]:
    if hasattr(refusal, "error_dict"):
        return dict(refusal.message_dict)
    return {"": list(refusal.messages)}
