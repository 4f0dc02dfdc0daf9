"""The page of a study's analysis plan, for who coordinates or analyses the whole study."""

import uuid

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from readerstudy.reading import selectors, services
from readerstudy.reading.models import StudyState
from readerstudy.reading.plan_forms import PlanForm, initial_of


class PlanPage(LoginRequiredMixin, View):
    """The plan in words, its amendments, and the form that changes or amends it."""

    def get(self, request: HttpRequest, study: uuid.UUID) -> HttpResponse:
        found = selectors.study_plan_for(request.user, study)
        initial = initial_of(found.plan) | {"based_on": found.digest}
        return self.page(found, PlanForm(initial=initial, amends=amends(found)))

    def post(self, request: HttpRequest, study: uuid.UUID) -> HttpResponse:
        found = selectors.study_plan_for(request.user, study)
        form = PlanForm(request.POST, amends=amends(found))
        if form.is_valid():
            try:
                services.save_plan(by=request.user, study=found.study, **form.given())
                return self.done(found)
            except ValidationError as refusal:
                form.refuse(refusal)
        return self.page(found, form, status=422)

    def page(self, found: selectors.StudyPlan, form: PlanForm, status: int = 200) -> HttpResponse:
        """Show plan and form."""
        context = {"found": found, "study": found.study, "form": form}
        return render(self.request, "studies/plan.html", context, status=status)

    def done(self, found: selectors.StudyPlan) -> HttpResponse:
        """Say what was done and show the plan again."""
        said = "Amendment recorded." if amends(found) else "Plan saved."
        messages.success(self.request, said)
        return redirect("studies:plan", study=found.study.public_id)


def amends(found: selectors.StudyPlan) -> bool:
    """Say whether a change of the plan is an amendment."""
    return found.study.state != StudyState.DRAFT
