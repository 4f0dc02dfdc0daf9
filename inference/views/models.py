"""Pages on model versions: the list, one version, registering a release, AI-ENE."""

import uuid
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views import View

from accounts.models import User
from inference import ai_ene_csv, selectors, server_folders
from inference.model_forms import RegisterModel, StartUpload
from inference.models import ModelUpload
from inference.reference_parameters import REFERENCE_LABEL, has_reference_fingerprint
from inference.services import delete_model_upload, register_upload, start_model_upload
from inference.thresholds import sign_of
from inference.training_display import training_of_model


class Home(LoginRequiredMixin, View):
    """Model versions, and the cohorts whose predictions the person looks after."""

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {
            "versions": selectors.models_for(_user(request)),
            "cohorts": selectors.inference_cohorts_for(_user(request)),
            "may_register": selectors.may_register(_user(request)),
            "may_see_training": selectors.may_see_training(_user(request)),
        }
        return render(request, "inference/home.html", context)


class ModelPage(LoginRequiredMixin, View):
    """One model version: provenance, members, preprocessing, digest."""

    def get(self, request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        version = selectors.model_version_for(_user(request), public_id)
        is_reference = has_reference_fingerprint(version.architecture, version.parameters)
        context = {
            "version": version,
            "members": version.members.all(),
            "sign": sign_of(version.architecture),
            "shortcoming": selectors.shortcoming_of(version),
            "fingerprint_label": REFERENCE_LABEL if is_reference else "",
            "training": training_of_model(_user(request), version),
        }
        return render(request, "inference/model.html", context)


class Register(LoginRequiredMixin, View):
    """Begin to bring a release, or go on with one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return _register_page(request, StartUpload())

    def post(self, request: HttpRequest) -> HttpResponse:
        person = selectors.registering_person(_user(request))
        form = StartUpload(request.POST)
        if not form.is_valid():
            return _register_page(request, form, status=422)
        upload = start_model_upload(by=person, architecture=form.cleaned_data["architecture"])
        return redirect("inference:model-upload", upload.public_id)


class UploadPage(LoginRequiredMixin, View):
    """One release: its files go up here, and it is described and registered here."""

    def get(self, request: HttpRequest, model_upload: uuid.UUID) -> HttpResponse:
        upload = selectors.model_upload_for(_user(request), model_upload)
        if upload.model_version is not None:
            return redirect("inference:model", upload.model_version.public_id)
        return _upload_page(request, upload, RegisterModel(architecture=upload.architecture))

    def post(self, request: HttpRequest, model_upload: uuid.UUID) -> HttpResponse:
        upload = selectors.model_upload_for(_user(request), model_upload)
        form = RegisterModel(request.POST, architecture=upload.architecture)
        if not form.is_valid():
            return _upload_page(request, upload, form, status=422)
        try:
            version = register_upload(by=_user(request), upload=upload, **form.description())
        except ValidationError as refusal:
            form.add_error(None, refusal.messages)
            return _upload_page(request, upload, form, status=422)
        messages.success(request, f"Registered '{version.name}'.")
        return redirect("inference:model", version.public_id)


class UploadInventory(LoginRequiredMixin, View):
    """The grid of members as it is now."""

    def get(self, request: HttpRequest, model_upload: uuid.UUID) -> HttpResponse:
        upload = selectors.model_upload_for(_user(request), model_upload)
        context = {"upload": upload, "inventory": selectors.inventory_of(upload)}
        return render(request, "inference/register_inventory.html", context)


class DeleteUpload(LoginRequiredMixin, View):
    """Give a release up before it is registered."""

    def post(self, request: HttpRequest, model_upload: uuid.UUID) -> HttpResponseBase:
        upload = selectors.model_upload_for(_user(request), model_upload)
        try:
            delete_model_upload(by=_user(request), upload=upload)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.info(request, "Deleted. Nothing of that upload is kept.")
        return redirect("inference:register")


class AiEnePage(LoginRequiredMixin, View):
    """How many ENE nodes a model finds in each patient of a cohort."""

    def get(self, request: HttpRequest, public_id: uuid.UUID, model_id: uuid.UUID) -> HttpResponse:
        cohort = selectors.cohort_with_runs_for(_user(request), public_id)
        version = selectors.model_version_for(_user(request), model_id)
        context = {
            "cohort": cohort,
            "version": version,
            "call": selectors.ene_call_of(version),
            "rows": selectors.ai_ene_for(_user(request), cohort, version),
        }
        return render(request, "inference/ai_ene.html", context)


class AiEneCsv(LoginRequiredMixin, View):
    """The same counts as a file, with the model's provenance on every line."""

    def get(self, request: HttpRequest, public_id: uuid.UUID, model_id: uuid.UUID) -> HttpResponse:
        cohort = selectors.cohort_with_runs_for(_user(request), public_id)
        version = selectors.model_version_for(_user(request), model_id)
        rows = selectors.ai_ene_for(_user(request), cohort, version)
        text = ai_ene_csv.to_csv(cohort.name, version, selectors.ene_call_of(version), rows)
        name = f"ai-ene-{version.digest[:12]}.csv"
        return HttpResponse(
            text,
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            },
        )


def _user(request: HttpRequest) -> User:
    """Return the signed-in person; ``LoginRequiredMixin`` has let nobody else through."""
    return cast("User", request.user)


def _register_page(request: HttpRequest, form: StartUpload, *, status: int = 200) -> HttpResponse:
    uploads = selectors.model_uploads_for(_user(request))
    context = {"form": form, "uploads": uploads}
    return render(request, "inference/register.html", context, status=status)


def _upload_page(
    request: HttpRequest, upload: ModelUpload, form: RegisterModel, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "upload": upload,
        "form": form,
        "inventory": selectors.inventory_of(upload),
        "offers_folders": server_folders.is_offered(),
        "folders": server_folders.folder_names(),
        "most_bytes": settings.MODEL_FILE_MAX_BYTES,
        "fingerprint_label": REFERENCE_LABEL,
        "sign": sign_of(upload.architecture),
    }
    return render(request, "inference/model_upload.html", context, status=status)
