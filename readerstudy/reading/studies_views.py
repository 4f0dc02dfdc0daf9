"""Pages of a coordinator: studies, their protocol and readers, their progress. No call is shown."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.generic import FormView, TemplateView

from accounts.models import User
from cohorts.selectors import cohorts_of
from cohorts.vocabulary import CohortRole
from readerstudy.reading import forms, selectors, services
from readerstudy.reading.models import Study


class Studies(LoginRequiredMixin, FormView):
    """The studies I coordinate, and a form for a new one."""

    template_name = "studies/home.html"
    form_class = forms.StudyForm

    def get_form_kwargs(self) -> dict[str, Any]:
        mine = cohorts_of(self.request.user, CohortRole.COORDINATOR)
        return super().get_form_kwargs() | {"cohorts": mine}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        return super().get_context_data(
            studies=selectors.studies_of(user),
            may_create=cohorts_of(user, CohortRole.COORDINATOR).exists(),
            **kwargs,
        )

    def form_valid(self, form: forms.StudyForm) -> HttpResponse:
        try:
            study = services.create_study(by=self.request.user, **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
            return self.form_invalid(form)
        messages.success(self.request, "Created as a draft. Write the protocol next.")
        return redirect("studies:study", study=study.public_id)


class StudyPage(LoginRequiredMixin, View):
    """One study: protocol, cohorts, readers, progress."""

    def get(self, request: HttpRequest, study: uuid.UUID) -> HttpResponse:
        found = selectors.study_for(request.user, study)
        return render(request, "studies/study.html", study_context(found))


class Progress(LoginRequiredMixin, View):
    """The progress table alone, for the page to fetch again while the study is open."""

    def get(self, request: HttpRequest, study: uuid.UUID) -> HttpResponse:
        found = selectors.study_for(request.user, study)
        context = {"study": found, "progress": selectors.progress_of(found)}
        return render(request, "studies/_progress.html", context)


class StudyAction(LoginRequiredMixin, View):
    """One form of the study page: act on success, show the page again with the refusal."""

    form_class: type[Any]
    form_name: str
    done: str

    def post(self, request: HttpRequest, study: uuid.UUID) -> HttpResponse:
        found = selectors.study_for(request.user, study)
        form = self.form_class(request.POST)
        if form.is_valid():
            try:
                return self.act(found, form.cleaned_data)
            except ValidationError as refusal:
                form.add_error(None, refusal.messages)
        context = study_context(found) | {self.form_name: form}
        return render(request, "studies/study.html", context, status=422)

    def act(self, study: Study, given: dict[str, Any]) -> HttpResponse:
        """Call the service and answer."""
        raise NotImplementedError

    def back(self, study: Study) -> HttpResponse:
        """Return to the study page with the sentence of this action."""
        messages.success(self.request, self.done)
        return redirect("studies:study", study=study.public_id)


class UpdateProtocol(StudyAction):
    """Save title and protocol of a draft."""

    form_class = forms.ProtocolForm
    form_name = "protocol_form"
    done = "Protocol saved."

    def act(self, study: Study, given: dict[str, Any]) -> HttpResponse:
        services.update_protocol(by=self.request.user, study=study, **given)
        return self.back(study)


class AddReader(StudyAction):
    """Add a reader who has an account."""

    form_class = forms.ReaderForm
    form_name = "reader_form"
    done = "Reader added."

    def act(self, study: Study, given: dict[str, Any]) -> HttpResponse:
        services.add_reader(by=self.request.user, study=study, user=given["username"])
        return self.back(study)


@method_decorator(never_cache, name="dispatch")
class InviteReader(StudyAction):
    """Make an invitation link; it is in this one answer and nowhere else."""

    form_class = forms.InvitationForm
    form_name = "invitation_form"

    def act(self, study: Study, given: dict[str, Any]) -> HttpResponse:
        invitation, token = services.invite_reader(by=self.request.user, study=study, **given)
        path = reverse("reading:invitation", args=[token])
        link = self.request.build_absolute_uri(path)
        context = {"study": study, "invitation": invitation, "link": link}
        return render(self.request, "studies/invited.html", context)


class RevokeInvitation(LoginRequiredMixin, View):
    """Make an invitation link worthless."""

    def post(self, request: HttpRequest, study: uuid.UUID, invitation: int) -> HttpResponse:
        found = selectors.invitation_for(request.user, study, invitation)
        try:
            services.revoke_invitation(by=request.user, invitation=found)
            messages.success(request, "Invitation withdrawn: its link no longer works.")
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("studies:study", study=study)


class RemoveReader(LoginRequiredMixin, View):
    """Take a reader out of a draft."""

    def post(self, request: HttpRequest, reader: uuid.UUID) -> HttpResponse:
        found = selectors.reader_for(request.user, reader)
        try:
            services.remove_reader(by=request.user, reader=found)
            messages.success(request, "Reader removed.")
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("studies:study", study=found.study.public_id)


class Confirmation(LoginRequiredMixin, FormView):
    """A page of its own before a step that cannot be taken back."""

    done: str

    def act(self, user: User, study: Study, given: dict[str, Any]) -> None:
        """Call the service."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        study = selectors.study_for(self.request.user, self.kwargs["study"])
        return super().get_context_data(**confirmation_context(study), **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        study = selectors.study_for(self.request.user, self.kwargs["study"])
        try:
            self.act(self.request.user, study, form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
            return self.form_invalid(form)
        messages.success(self.request, self.done)
        return redirect("studies:study", study=study.public_id)


class OpenStudy(Confirmation):
    """What opening fixes, and the button."""

    template_name = "studies/open.html"
    form_class = forms.OpenForm
    done = "The study is open. Readers find their first case under Reading."

    def act(self, user: User, study: Study, given: dict[str, Any]) -> None:
        services.open_study(by=user, study=study)


class CloseStudy(Confirmation):
    """What closing ends, and the button."""

    template_name = "studies/close.html"
    form_class = forms.CloseForm
    done = "The study is closed. Calls can no longer change."

    def act(self, user: User, study: Study, given: dict[str, Any]) -> None:
        services.close_study(by=user, study=study, **given)


class ReaderCases(LoginRequiredMixin, TemplateView):
    """One reader's submitted cases, each with the way to reopen it."""

    template_name = "studies/reader.html"

    def get_context_data(self, reader: uuid.UUID, **kwargs: Any) -> dict[str, Any]:
        found = selectors.reader_for(self.request.user, reader)
        return super().get_context_data(
            reader=found, study=found.study, cases=selectors.submitted_cases(found), **kwargs
        )


class ReopenCase(LoginRequiredMixin, View):
    """Give a submitted case back to its reader."""

    def post(self, request: HttpRequest, case: uuid.UUID) -> HttpResponse:
        found = selectors.assignment_for(request.user, case)
        reason = request.POST.get("reason", "")
        try:
            services.reopen_case(by=request.user, assignment=found, reason=reason)
            messages.success(request, f"Case {found.position} is open for its reader again.")
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("studies:reader", reader=found.reader.public_id)


def study_context(study: Study) -> dict[str, Any]:
    """Return everything the study page shows, with fresh forms."""
    written = {"title": study.title, "protocol": study.protocol}
    return {
        "study": study,
        "sizes": selectors.study_sizes(study),
        "progress": selectors.progress_of(study),
        "plan_summary": selectors.plan_summary(study),
        "invitations": selectors.open_invitations(study),
        "protocol_form": forms.ProtocolForm(initial=written),
        "reader_form": forms.ReaderForm(),
        "invitation_form": forms.InvitationForm(),
    }


def confirmation_context(study: Study) -> dict[str, Any]:
    """Return what a person should know before opening or closing."""
    return {
        "study": study,
        "sizes": selectors.study_sizes(study),
        "progress": selectors.progress_of(study),
        "invitations": selectors.open_invitations(study),
        "unsubmitted": selectors.unsubmitted_count(study),
    }
