"""Pages of the annotation room: parse, call one service or selector, render."""

import uuid
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import View

from accounts.models import User
from annotation import selectors, services
from annotation.forms import DecisionForm, ImportForm, reasons_in
from annotation.label_csv import as_csv as labels_as_csv
from annotation.label_page import LABEL_CHOICES_SHOWN, report_facts
from annotation.pathology_rules.labels import BASIS_LABELS
from annotation.reference_differences import counted
from annotation.reference_identifiability import by_node
from annotation.reference_table import as_csv

REFUSED = 422


class Page(LoginRequiredMixin, View):
    """A page of somebody who is signed in; the selectors decide what exists for them."""

    @property
    def person(self) -> User:
        return cast("User", self.request.user)


class Queue(Page):
    """The person's cohorts and patients to label."""

    def get(self, request: HttpRequest) -> HttpResponse:
        queue = selectors.queue_for(self.person)
        return render(request, "annotation/queue.html", {"queue": queue})


class StartLabelling(Page):
    """Begin a patient and go to its page."""

    def post(self, request: HttpRequest, patient: uuid.UUID) -> HttpResponse:
        found = selectors.patient_to_label(self.person, patient)
        try:
            services.start_labelling(by=self.person, patient=found)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
            return redirect("annotation:home")
        return redirect("annotation:labelling", patient=patient)


class LabellingPage(Page):
    """The labels of one patient beside the CT."""

    def get(self, request: HttpRequest, patient: uuid.UUID) -> HttpResponse:
        found = selectors.patient_to_label(self.person, patient)
        labelling = selectors.labelling_for(self.person, patient)
        page = "labelling" if labelling else "start"
        context = {
            "patient": found,
            "labelling": labelling,
            "next": selectors.next_patient(self.person, found.cohort, after=found),
            **LABEL_CHOICES_SHOWN,
            **report_facts(selectors.current_report(found)),
        }
        return render(request, f"annotation/{page}.html", context)


class ImportLabels(Page):
    """Own labels from a CSV file: first a dry run, then the import."""

    def get(self, request: HttpRequest, cohort: uuid.UUID) -> HttpResponse:
        return self.page(request, cohort, {"form": ImportForm()})

    def post(self, request: HttpRequest, cohort: uuid.UUID) -> HttpResponse:
        found = selectors.cohort_to_import(self.person, cohort)
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.page(request, cohort, {"form": form}, REFUSED)
        told = {"csv_file": form.cleaned_data["csv_file"], "dry_run": "import" not in request.POST}
        try:
            result = services.import_labels(by=self.person, cohort=found, **told)
        except services.LabelImportError as refusal:
            context = {"form": ImportForm(), "errors": refusal.errors}
            return self.page(request, cohort, context, REFUSED)
        return self.page(request, cohort, {"form": ImportForm(), "result": result})

    def page(
        self, request: HttpRequest, cohort: uuid.UUID, context: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        """Render the page with the cohort it is about."""
        context["cohort"] = selectors.cohort_to_import(self.person, cohort)
        context["bases"] = BASIS_LABELS.items()
        return render(request, "annotation/import.html", context, status=status)


class ExportLabels(Page):
    """The person's own current labels as the file that the import reads."""

    def get(self, request: HttpRequest, cohort: uuid.UUID) -> HttpResponse:
        found = selectors.cohort_to_import(self.person, cohort)
        text = labels_as_csv(selectors.own_labels(self.person, found))
        response = HttpResponse(text, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="my-labels.csv"'
        return response


class Disagreements(Page):
    """The disagreements of each cohort the person decides in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        cohorts = selectors.disagreements_by_cohort(self.person)
        return render(request, "annotation/disagreements.html", {"cohorts": cohorts})


class Adjudicate(Page):
    """One disagreement beside the CT, and the decision on it."""

    def get(self, request: HttpRequest, node: uuid.UUID) -> HttpResponse:
        found = selectors.disagreement_for(self.person, node)
        form = DecisionForm(initial={"base_version": found.base_version})
        return self.page(request, found, form)

    def post(self, request: HttpRequest, node: uuid.UUID) -> HttpResponse:
        found = selectors.disagreement_for(self.person, node)
        form = DecisionForm(request.POST)
        if not form.is_valid():
            return self.page(request, found, form, REFUSED)
        try:
            services.adjudicate(by=self.person, node=found.node, **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
            return self.page(request, found, form, REFUSED)
        following = selectors.next_disagreement(self.person, found.node.patient.cohort)
        messages.success(request, "The decision is saved.")
        if following is None:
            return redirect("annotation:adjudication")
        return redirect("annotation:decide", node=following.node.public_id)

    def page(
        self,
        request: HttpRequest,
        found: selectors.Disagreement,
        form: DecisionForm,
        status: int = 200,
    ) -> HttpResponse:
        """Render the page of one disagreement."""
        context = {
            "found": found,
            "form": form,
            "back": reverse("annotation:adjudication"),
            "report": selectors.report_beside(found.node),
        }
        return render(request, "annotation/decide.html", context, status=status)


class Releases(Page):
    """The cohorts whose reference standard the person releases, with their progress."""

    def get(self, request: HttpRequest) -> HttpResponse:
        found = [
            (selectors.progress_of(self.person, cohort), selectors.last_reference_standard(cohort))
            for cohort in selectors.cohorts_to_release(self.person)
        ]
        return render(request, "annotation/releases.html", {"cohorts": found})


class Release(Page):
    """A cohort's way to its reference standard, and the release."""

    def get(self, request: HttpRequest, cohort: uuid.UUID) -> HttpResponse:
        found = selectors.cohort_to_release(self.person, cohort)
        context = {
            "progress": selectors.progress_of(self.person, found),
            "versions": selectors.released_versions(found),
            "next_differences": counted(selectors.next_differences(found)),
        }
        return render(request, "annotation/release.html", context)

    def post(self, request: HttpRequest, cohort: uuid.UUID) -> HttpResponse:
        found = selectors.cohort_to_release(self.person, cohort)
        try:
            if request.POST.get("confirmed") != "yes":
                raise ValidationError("Tick the box to confirm the release.", code="unconfirmed")
            released = services.release_reference_standard(
                by=self.person, cohort=found, reasons=reasons_in(request.POST)
            )
            messages.success(request, f"Version {released.version} is released.")
        except ValidationError as refusal:
            for sentence in refusal.messages:
                messages.error(request, sentence)
        return redirect("annotation:release", cohort=cohort)


class Reopen(Page):
    """Give a submitted labelling back to its annotator."""

    def post(self, request: HttpRequest, labelling: uuid.UUID) -> HttpResponse:
        found = selectors.labelling_to_reopen(self.person, labelling)
        try:
            services.reopen_labelling(
                by=self.person, labelling=found, reason=request.POST.get("reason", "")
            )
            name = found.annotator.get_username()
            messages.success(request, f"{name} can go on with {found.patient.pseudonym}.")
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("annotation:release", cohort=found.patient.cohort.public_id)


class ReferenceStandardJson(Page):
    """One released version as JSON, with what the digest is taken over."""

    def get(self, request: HttpRequest, cohort: uuid.UUID, version: int) -> HttpResponse:
        found = selectors.cohort_of_reference_standards(self.person, cohort)
        released = selectors.reference_standard(found, version)
        body = selectors.released_content(released)
        return _attached(JsonResponse(body, json_dumps_params={"indent": 1}), version, "json")


class ReferenceStandardCsv(Page):
    """One released version as CSV."""

    def get(self, request: HttpRequest, cohort: uuid.UUID, version: int) -> HttpResponse:
        found = selectors.cohort_of_reference_standards(self.person, cohort)
        released = selectors.reference_standard(found, version)
        text = as_csv(released.content, by_node(released.identifiability or []))
        response = HttpResponse(text, content_type="text/csv; charset=utf-8")
        return _attached(response, version, "csv")


def _attached(response: HttpResponse, version: int, extension: str) -> HttpResponse:
    name = f"reference-standard-v{version}.{extension}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
