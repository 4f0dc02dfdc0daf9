"""Pages of the discussion between the two annotators."""

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from annotation import selectors, services
from annotation.forms import StatementForm
from annotation.views import REFUSED, Page


class Discussions(Page):
    """The person's cohorts with the nodes that both annotators labelled differently."""

    def get(self, request: HttpRequest) -> HttpResponse:
        found = selectors.cohort_discussions(self.person)
        return render(request, "annotation/discussions.html", {"cohorts": found})


class Discuss(Page):
    """One node beside the CT: both labels, and the person's last word."""

    def get(self, request: HttpRequest, node: uuid.UUID) -> HttpResponse:
        found = selectors.discussion_for(self.person, node)
        form = StatementForm(initial={"base_version": found.version})
        return self.page(request, found, form)

    def post(self, request: HttpRequest, node: uuid.UUID) -> HttpResponse:
        found = selectors.discussion_for(self.person, node)
        form = StatementForm(request.POST)
        if not form.is_valid():
            return self.page(request, found, form, REFUSED)
        try:
            services.state_in_discussion(by=self.person, node=found.node, **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
            return self.page(request, found, form, REFUSED)
        messages.success(request, "Your statement is saved.")
        return self.onward(found)

    def onward(self, found: selectors.Discussion) -> HttpResponse:
        """Go to the next node that waits for the person, or back to the list."""
        following = selectors.next_discussion(self.person, found.node.patient.cohort)
        if following is None:
            return redirect("annotation:discussion")
        return redirect("annotation:discuss", node=following.node.public_id)

    def page(
        self,
        request: HttpRequest,
        found: selectors.Discussion,
        form: StatementForm,
        status: int = 200,
    ) -> HttpResponse:
        """Render the page of one node."""
        context = {
            "found": found,
            "form": form,
            "back": reverse("annotation:discussion"),
            "report": selectors.report_beside(found.node),
        }
        return render(request, "annotation/discuss.html", context, status=status)
