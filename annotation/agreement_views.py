"""Pages of the annotators' agreement, for those who release and decide."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from annotation import selectors
from annotation.agreement_table import agreement_csv, disagreements_csv
from annotation.views import Page


class Agreement(Page):
    """How far the two annotators agreed, where they differed, and how long they took."""

    def get(self, request: HttpRequest, cohort: uuid.UUID) -> HttpResponse:
        found = selectors.cohort_of_agreement(self.person, cohort)
        context = {
            "cohort": found,
            "report": selectors.agreement_report(found),
            "may_release": found in selectors.cohorts_to_release(self.person),
        }
        return render(request, "annotation/agreement.html", context)


class AgreementCsv(Page):
    """The measures and times as CSV."""

    def get(self, request: HttpRequest, cohort: uuid.UUID) -> HttpResponse:
        report = selectors.open_agreement_report(self.person, cohort)
        return _attached(agreement_csv(report.lines, report.times), "annotators-agreement.csv")


class DisagreementsCsv(Page):
    """The nodes on which the two differed as CSV."""

    def get(self, request: HttpRequest, cohort: uuid.UUID) -> HttpResponse:
        report = selectors.open_agreement_report(self.person, cohort)
        states = [one.state for one in report.disagreements]
        return _attached(disagreements_csv(states), "annotators-disagreements.csv")


def _attached(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
