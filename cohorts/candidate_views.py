"""The page of a patient's candidates: providers are asked, and each candidate is decided."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import View

from accounts.errors import Conflict
from cohorts import selectors, services
from cohorts.candidate_forms import REJECT, AskForm, DecideForm, words_of
from cohorts.candidate_selectors import (
    candidate_for,
    candidates_of,
    picture_of,
    providers_for,
    run_for,
    runs_of,
    with_overlaps,
)
from cohorts.mask_selectors import REFINES, SEES_MASKS, node_for
from cohorts.models import Candidate, Patient
from cohorts.services import NodeVersion
from cohorts.vocabulary import CohortRole


class CandidateView(LoginRequiredMixin, View):
    """A page of who annotates or coordinates; for everybody else it does not exist."""

    def attempt(self, action: Callable[[], Any], said: str) -> None:
        """Do something and say so, or say why it is refused."""
        try:
            action()
            messages.success(self.request, said)
        except (ValidationError, Conflict) as refusal:
            messages.error(self.request, " ".join(getattr(refusal, "messages", [str(refusal)])))

    def back(self, patient: Patient) -> HttpResponse:
        """Return to the list."""
        return redirect(reverse("cohorts:candidates", args=[patient.public_id]) + "#next")


class CandidatesPage(CandidateView):
    """Candidates of a patient, and the runs that brought them."""

    template = "cohorts/candidates.html"

    def get(self, request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
        patient = selectors.patient_for(request.user, patient_id, *SEES_MASKS)
        if not hasattr(patient, "series"):
            raise Http404
        runs = list(runs_of(patient))
        context = {
            "patient": patient,
            "coordinates": selectors.has_role(request.user, patient.cohort, CohortRole.COORDINATOR),
            "may_decide": selectors.has_role(request.user, patient.cohort, *REFINES),
            "providers": providers_for(patient.cohort),
            "runs": runs,
            "busy": any(not run.is_over for run in runs),
            "listed": with_overlaps(patient, candidates_of(patient)),
            "new_id": uuid.uuid4,
        }
        return render(request, self.template, context)

    def post(self, request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
        patient = selectors.patient_for(request.user, patient_id, *SEES_MASKS)
        form = AskForm(request.POST)
        if not form.is_valid():
            messages.error(request, "Choose a provider.")
            return self.back(patient)
        asked = {"by": request.user, "patient": patient} | form.cleaned_data
        self.attempt(lambda: services.request_candidates(**asked), "The provider is asked.")
        return self.back(patient)


class CandidateList(CandidatesPage):
    """The part of the page that changes."""

    template = "cohorts/_candidates.html"
    http_method_names = ["get"]


class CandidatePicture(CandidateView):
    """What a candidate looks like in the slice of its centre."""

    def get(self, request: HttpRequest, candidate_id: uuid.UUID) -> HttpResponse:
        candidate = candidate_for(request.user, candidate_id, *SEES_MASKS)
        response = HttpResponse(picture_of(candidate), content_type="image/png")
        response["Cache-Control"] = "private, max-age=31536000, immutable"
        return response


class StopCandidates(CandidateView):
    """Ask the worker to stop a run."""

    def post(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        run = run_for(request.user, run_id)
        self.attempt(
            lambda: services.stop_candidates(by=request.user, run=run),
            "The run stops at its next step.",
        )
        return self.back(run.patient)


class DecideCandidate(CandidateView):
    """Accept or reject one candidate."""

    def post(self, request: HttpRequest, candidate_id: uuid.UUID) -> HttpResponse:
        candidate = candidate_for(request.user, candidate_id, *REFINES)
        form = DecideForm(request.POST)
        if form.is_valid():
            said = f"Candidate {candidate.number} is decided."
            self.attempt(lambda: self.decide(candidate, **form.cleaned_data), said)
        else:
            messages.error(request, " ".join(words_of(form)))
        return self.back(candidate.run.patient)

    def decide(
        self,
        candidate: Candidate,
        *,
        client_id: uuid.UUID,
        decision: tuple[str, tuple[uuid.UUID, int] | None],
        reason: str,
    ) -> None:
        """Do what the button says."""
        word, replaced = decision
        told: dict[str, Any] = {"by": self.request.user, "candidate": candidate}
        told["client_id"] = client_id
        if word == REJECT:
            services.reject_candidate(**told, reason=reason)
            return
        seen = None
        if replaced is not None:
            node = node_for(self.request.user, replaced[0], *REFINES)
            seen = NodeVersion(node=node, base_version=replaced[1])
        services.accept_candidate(**told, replaces=seen)
