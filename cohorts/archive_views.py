"""The coordinators' pages of other archives: search, choose, pull."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from cohorts import archive_selectors
from cohorts.archive_forms import KEYWORD_WORDS, ArchiveSearchForm, ChosenSeriesForm
from cohorts.models import ArchiveSearch, Cohort
from cohorts.services import archives
from cohorts.views import REFUSED, CoordinatorView


def to_pulls(cohort: Cohort) -> HttpResponse:
    """Lead to the place where pulls are followed."""
    return redirect(reverse("cohorts:archives", args=[cohort.public_id]) + "#pulls")


class _ArchiveView(CoordinatorView):
    """Shows ids of patients: no cache keeps its pages."""

    def shown(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        response = render(self.request, template, context, status=status)
        response["Cache-Control"] = "no-store"
        return response


class ArchivesPage(_ArchiveView):
    """Ask an archive; what was asked and pulled before."""

    template = "cohorts/archives.html"

    def get(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        cohort = self.cohort(cohort_id)
        return self.page(cohort, ArchiveSearchForm(archive_selectors.archives_for(cohort)))

    def post(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        cohort = self.cohort(cohort_id)
        form = ArchiveSearchForm(archive_selectors.archives_for(cohort), request.POST)
        search = self.attempt(
            form, lambda **told: archives.request_search(by=request.user, cohort=cohort, **told)
        )
        if search is None:
            return self.page(cohort, form, status=REFUSED)
        return redirect("cohorts:archive-search", search.public_id)

    def page(self, cohort: Cohort, form: Form, status: int = 200) -> HttpResponse:
        context = {
            "cohort": cohort,
            "form": form,
            "archives": archive_selectors.archives_for(cohort),
            "pulls": archive_selectors.pulls_of(cohort),
            "searches": archive_selectors.searches_of(cohort),
            "busy": archive_selectors.has_open_archive_work(cohort),
        }
        return self.shown(self.template, context, status)


class ArchiveWork(ArchivesPage):
    """The part of the page that changes."""

    template = "cohorts/_archive_work.html"
    http_method_names = ["get"]


class ArchiveSearchPage(_ArchiveView):
    """What a search found, to choose from."""

    template = "cohorts/archive_search.html"

    def get(self, request: HttpRequest, search_id: uuid.UUID) -> HttpResponse:
        search = archive_selectors.search_for(request.user, search_id)
        return self.page(search, ChosenSeriesForm())

    def post(self, request: HttpRequest, search_id: uuid.UUID) -> HttpResponse:
        search = archive_selectors.search_for(request.user, search_id)
        form = ChosenSeriesForm(request.POST)
        pull = self.attempt(
            form,
            lambda **_: archives.request_pull(by=request.user, search=search, **form.chosen()),
        )
        if pull is None:
            return self.page(search, form, status=REFUSED)
        messages.success(request, f"{pull.series_count} series are being pulled.")
        return to_pulls(search.cohort)

    def page(self, search: ArchiveSearch, form: Form, status: int = 200) -> HttpResponse:
        context = {
            "search": search,
            "cohort": search.cohort,
            "keyword": KEYWORD_WORDS[search.keyword],
            "series": archive_selectors.found_series(search),
            "without": archive_selectors.terms_without_series(search),
            "form": form,
            "chosen": getattr(form, "cleaned_data", {}).get("positions", []),
        }
        return self.shown(self.template, context, status)


class ArchiveSearchProgress(ArchiveSearchPage):
    """The part of the page that changes."""

    template = "cohorts/_archive_search.html"
    http_method_names = ["get"]


class CancelSearch(CoordinatorView):
    """Ask the worker to stop searching."""

    def post(self, request: HttpRequest, search_id: uuid.UUID) -> HttpResponse:
        search = archive_selectors.search_for(request.user, search_id)
        try:
            archives.cancel_search(by=request.user, search=search)
            messages.info(request, "The search stops at the next step.")
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("cohorts:archive-search", search.public_id)


class CancelPull(CoordinatorView):
    """Ask the worker to stop fetching."""

    service = staticmethod(archives.cancel_pull)
    said = "The pull stops at the next step; what has arrived is removed."

    def post(self, request: HttpRequest, pull_id: uuid.UUID) -> HttpResponse:
        pull = archive_selectors.pull_for(request.user, pull_id)
        try:
            self.service(by=request.user, pull=pull)
            messages.info(request, self.said)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return to_pulls(pull.search.cohort)


class ResumePull(CancelPull):
    """Go on with a pull that failed."""

    service = staticmethod(archives.resume_pull)
    said = "The pull goes on where it stopped."
