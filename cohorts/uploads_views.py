"""The coordinators' pages of uploads: start, progress, report, questions."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cohorts import report_csv, selectors, services
from cohorts.forms import AnswersForm, UploadForm
from cohorts.models import IntakeUpload
from cohorts.upload_summary import summary_of
from cohorts.views import REFUSED, CohortPage, CoordinatorView


class StartIntake(CohortPage):
    """Take an uploaded zip; the page's script uses the API, this is the way without scripts."""

    def post(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        cohort = self.cohort(cohort_id)
        form = UploadForm(request.POST, request.FILES, auto_id="upload_%s")
        upload = self.attempt(
            form,
            lambda file, keep_patient_ids, **_: services.request_intake(
                by=request.user,
                cohort=cohort,
                upload=file,
                keep_patient_ids=keep_patient_ids,
                options=form.options(),
            ),
        )
        if upload is None:
            return self.page(cohort, status=REFUSED, upload_form=form)
        return redirect("cohorts:upload", upload.public_id)


class CohortUploads(CoordinatorView):
    """The list of uploads, for the cohort page to look at while something is running."""

    def get(self, request: HttpRequest, cohort_id: uuid.UUID) -> HttpResponse:
        cohort = self.cohort(cohort_id)
        context = {
            "cohort": cohort,
            "uploads": selectors.uploads_of(cohort),
            "busy": selectors.has_open_upload(cohort),
        }
        return render(request, "cohorts/_uploads.html", context)


class UploadPage(CoordinatorView):
    """What became of one upload."""

    template = "cohorts/upload.html"

    def get(self, request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
        upload = selectors.upload_for(request.user, upload_id)
        summary = summary_of(upload.report, only=request.GET.get("outcome", ""))
        context = {
            "upload": upload,
            "cohort": upload.cohort,
            "summary": summary,
            "keep_days": settings.INTAKE_KEEP_DAYS,
        }
        return render(request, self.template, context)


class UploadProgress(UploadPage):
    """The part of the page that changes."""

    template = "cohorts/_upload_progress.html"


class CancelIntake(CoordinatorView):
    """Ask the worker to stop."""

    def post(self, request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
        upload = selectors.upload_for(request.user, upload_id)
        try:
            services.cancel_intake(by=request.user, upload=upload)
            messages.info(request, "The upload will stop at the next step.")
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("cohorts:upload", upload.public_id)


class GiveUpArrival(CoordinatorView):
    """Remove an upload that has not arrived whole."""

    def post(self, request: HttpRequest, arrival_id: uuid.UUID) -> HttpResponse:
        arriving = selectors.arrival_for(request.user, arrival_id)
        try:
            services.give_up_arrival(by=request.user, arriving=arriving)
            messages.info(request, "What had arrived was removed.")
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("cohorts:cohort", arriving.cohort.public_id)


class UploadReport(CoordinatorView):
    """The report as a table for a spreadsheet."""

    def get(self, request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
        upload = selectors.upload_for(request.user, upload_id)
        answer = HttpResponse(report_csv.of(upload), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="upload-{upload.public_id}.csv"'
        return answer


class AnswerQuestions(UploadPage):
    """What is asked about the patients of an upload."""

    template = "cohorts/questions.html"

    def get(self, request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
        upload = selectors.upload_for(request.user, upload_id)
        if upload.kept_until is None:
            return redirect("cohorts:upload", upload.public_id)
        return self.page(upload, AnswersForm(upload.report))

    def post(self, request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
        upload = selectors.upload_for(request.user, upload_id)
        form = AnswersForm(upload.report, request.POST)
        done = self.attempt(
            form,
            lambda **answers: services.answer_intake(
                by=request.user, upload=upload, answers=answers
            ),
        )
        if done is None:
            return self.page(upload, form, status=REFUSED)
        messages.success(request, "Thank you. The patients that were asked about are read now.")
        return redirect("cohorts:upload", upload.public_id)

    def page(self, upload: IntakeUpload, form: AnswersForm, status: int = 200) -> HttpResponse:
        context = {"upload": upload, "cohort": upload.cohort, "form": form}
        return render(self.request, self.template, context, status=status)


class GiveUpQuestions(CoordinatorView):
    """Leave the questions unanswered."""

    def post(self, request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
        upload = selectors.upload_for(request.user, upload_id)
        try:
            services.give_up_questions(by=request.user, upload=upload)
            messages.info(request, "The patients that were asked about are refused.")
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        return redirect("cohorts:upload", upload.public_id)
