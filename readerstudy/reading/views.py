"""Pages of a reader: my studies, a study, a case, the end, and the way in by invitation."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView

from readerstudy.reading import selectors, services
from readerstudy.reading.forms import AccountForm

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class MyStudies(LoginRequiredMixin, TemplateView):
    """My studies, with the way to the next case."""

    template_name = "reading/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        readers = selectors.study_readers_of(self.request.user)
        return super().get_context_data(readers=readers, **kwargs)


class StudyStart(LoginRequiredMixin, TemplateView):
    """The protocol and the list of my cases."""

    template_name = "reading/study.html"

    def get_context_data(self, study: uuid.UUID, **kwargs: Any) -> dict[str, Any]:
        reader = selectors.study_reader_for(self.request.user, study)
        return super().get_context_data(
            reader=reader,
            cases=selectors.cases_of(reader),
            next_case=selectors.next_case(reader),
            **kwargs,
        )


class CasePage(LoginRequiredMixin, TemplateView):
    """The page a case is read on; it holds ids only, everything else comes from the API."""

    template_name = "reading/case.html"

    def get_context_data(self, case: uuid.UUID, **kwargs: Any) -> dict[str, Any]:
        assignment = selectors.case_for(self.request.user, case)
        return super().get_context_data(
            case=assignment.public_id,
            case_url=reverse("reading_api:case", args=[assignment.public_id]),
            study_url=reverse("reading:study", args=[assignment.reader.public_id]),
            **kwargs,
        )


class Done(LoginRequiredMixin, TemplateView):
    """Where a reader arrives after the last case."""

    template_name = "reading/done.html"

    def get_context_data(self, study: uuid.UUID, **kwargs: Any) -> dict[str, Any]:
        reader = selectors.study_reader_for(self.request.user, study)
        return super().get_context_data(
            reader=reader, next_case=selectors.next_case(reader), **kwargs
        )


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class InvitationPage(View):
    """Show what the link leads to."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        return _invitation_page(request, token, AccountForm())


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class AcceptInvitation(LoginRequiredMixin, View):
    """Join the study as the person who is signed in."""

    def post(self, request: HttpRequest, token: str) -> HttpResponseBase:
        try:
            reader = services.accept_invitation(by=request.user, token=token)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
            return redirect("reading:invitation", token=token)
        messages.success(request, "Welcome. You are a reader of this study now.")
        return redirect("reading:study", study=reader.public_id)


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class CreateInvitedAccount(View):
    """Make an account for the invited person, sign in and join."""

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        form = AccountForm(request.POST)
        if not form.is_valid():
            return _invitation_page(request, token, form)
        account = services.NewAccount(
            username=form.cleaned_data["username"], password=form.cleaned_data["password"]
        )
        try:
            reader = services.accept_invitation(by=None, token=token, account=account)
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
            return _invitation_page(request, token, form)
        login(request, reader.user, backend=BACKEND)
        return redirect("reading:study", study=reader.public_id)


def _invitation_page(request: HttpRequest, token: str, form: AccountForm) -> HttpResponse:
    context = {
        "invitation": selectors.invitation_with(token),
        "token": token,
        "form": form,
    }
    return render(request, "reading/invitation.html", context)
