"""API of the inference room: registering a release file by file, and AI-ENE."""

import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts.permissions import SignedIn
from accounts.schema import errors
from inference import models_serializers as told
from inference import selectors, services
from inference.models import ModelUpload
from inference.reference_parameters import starting_parameters
from inference.serializers import CoordinatorModelVersion

FORM_BYTES = 65_536
"""What a multipart body holds beside its file."""


class ModelUploads(APIView):
    """Releases that this coordinator is sending."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_model_uploads_list",
        responses={200: told.CoordinatorModelUpload(many=True), **errors()},
    )
    def get(self, request: Request) -> Response:
        """List your uploads that are not registered yet, newest first."""
        uploads = selectors.model_uploads_for(request.user)
        return Response(told.CoordinatorModelUpload(uploads, many=True).data)

    @extend_schema(
        operation_id="inference_model_uploads_start",
        request=told.NewModelUpload,
        responses={201: told.CoordinatorInventory, **errors(400, 422)},
    )
    def post(self, request: Request) -> Response:
        """Begin to send a release's checkpoint files."""
        person = selectors.registering_person(request.user)
        given = _valid(told.NewModelUpload, request)
        upload = services.start_model_upload(by=person, architecture=given["architecture"])
        return Response(_inventory(upload), status=201)


class ModelUploadDetail(APIView):
    """One upload."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_model_uploads_retrieve",
        responses={200: told.CoordinatorInventory, **errors()},
    )
    def get(self, request: Request, model_upload: uuid.UUID) -> Response:
        """Return which members are there, with their digests."""
        return Response(_inventory(selectors.model_upload_for(request.user, model_upload)))


class PathsOfFolder(APIView):
    """Which files of the sender's folder stand for members."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_model_uploads_paths",
        request=told.FolderPaths,
        responses={200: told.CoordinatorFound, **errors(400, 409, 422)},
    )
    def post(self, request: Request, model_upload: uuid.UUID) -> Response:
        """Sort relative paths into members and others; nothing is stored."""
        upload = selectors.model_upload_for(request.user, model_upload)
        given = _valid(told.FolderPaths, request)
        found = services.members_among(by=request.user, upload=upload, paths=given["paths"])
        return Response(told.CoordinatorFound(found).data)


class FolderOnServer(APIView):
    """Which files of a folder on the server stand for members."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_model_uploads_folder",
        request=told.ServerFolder,
        responses={200: told.CoordinatorFound, **errors(400, 409, 422)},
    )
    def post(self, request: Request, model_upload: uuid.UUID) -> Response:
        """List the members in a folder below the operator's; nothing is stored."""
        upload = selectors.model_upload_for(request.user, model_upload)
        given = _valid(told.ServerFolder, request)
        found = services.members_in_folder(by=request.user, upload=upload, folder=given["folder"])
        return Response(told.CoordinatorFound(found).data)


class ModelUploadFiles(APIView):
    """Checkpoint files, one at a time."""

    permission_classes = [SignedIn]
    parser_classes = [MultiPartParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a body that is too large before any of it is read."""
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if announced.isdigit() and int(announced) > settings.MODEL_FILE_MAX_BYTES + FORM_BYTES:
            raise ValidationError(
                f"The file has more than the {settings.MODEL_FILE_MAX_BYTES} bytes a checkpoint "
                "may have (NODEWISE_MODEL_FILE_MAX_BYTES).",
                code="too_large",
            )
        super().initial(request, *args, **kwargs)

    @extend_schema(
        operation_id="inference_model_uploads_send",
        request={"multipart/form-data": told.NewModelFile},
        responses={201: told.CoordinatorModelFile, **errors(400, 409, 422)},
    )
    def post(self, request: Request, model_upload: uuid.UUID) -> Response:
        """Check a file and keep it if it is a member; a refused one is listed with its reason."""
        upload = selectors.model_upload_for(request.user, model_upload)
        given = _valid(told.NewModelFile, request)
        file = services.store_model_file(
            by=request.user, upload=upload, path=given["path"], chunks=given["file"].chunks()
        )
        return Response(told.CoordinatorModelFile(file).data, status=201)


class ServerFiles(APIView):
    """Checkpoint files that lie on the server."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_model_uploads_take",
        request=told.ModelFilePath,
        responses={201: told.CoordinatorModelFile, **errors(400, 409, 422)},
    )
    def post(self, request: Request, model_upload: uuid.UUID) -> Response:
        """Check a file below the operator's folder and keep it if it is a member."""
        upload = selectors.model_upload_for(request.user, model_upload)
        given = _valid(told.ModelFilePath, request)
        file = services.store_server_file(by=request.user, upload=upload, path=given["path"])
        return Response(told.CoordinatorModelFile(file).data, status=201)


class RemoveFile(APIView):
    """Take a file out again."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_model_uploads_remove",
        request=told.ModelFilePath,
        responses={200: told.CoordinatorInventory, **errors(400, 409, 422)},
    )
    def post(self, request: Request, model_upload: uuid.UUID) -> Response:
        """Remove one file, good or refused."""
        upload = selectors.model_upload_for(request.user, model_upload)
        given = _valid(told.ModelFilePath, request)
        services.remove_model_file(by=request.user, upload=upload, path=given["path"])
        return Response(_inventory(upload))


class RegisterUpload(APIView):
    """The end of an upload: a model version."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_model_uploads_register",
        request=told.NewModelVersion,
        responses={201: CoordinatorModelVersion, **errors(400, 409, 422)},
    )
    def post(self, request: Request, model_upload: uuid.UUID) -> Response:
        """Register the members sent so far; an incomplete set is labelled as such."""
        upload = selectors.model_upload_for(request.user, model_upload)
        given = _valid(told.NewModelVersion, request)
        given.setdefault("parameters", starting_parameters(upload.architecture))
        version = services.register_upload(by=request.user, upload=upload, **given)
        stored = selectors.model_version(version.public_id)
        return Response(CoordinatorModelVersion(stored).data, status=201)


class DeleteUpload(APIView):
    """Give an upload up."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_model_uploads_delete",
        request=None,
        responses={204: None, **errors(409)},
    )
    def post(self, request: Request, model_upload: uuid.UUID) -> Response:
        """Delete an upload and its files; 409 once it is registered."""
        upload = selectors.model_upload_for(request.user, model_upload)
        services.delete_model_upload(by=request.user, upload=upload)
        return Response(status=204)


class AiEneCounts(APIView):
    """Numbers of ENE nodes per patient."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="inference_ai_ene",
        responses={200: told.StatisticianAiEne, **errors()},
    )
    def get(self, request: Request, public_id: uuid.UUID, model_id: uuid.UUID) -> Response:
        """Count each patient's nodes that the model calls ENE."""
        cohort = selectors.cohort_with_runs_for(request.user, public_id)
        version = selectors.model_version_for(request.user, model_id)
        found = {
            "version": version,
            "call": selectors.ene_call_of(version),
            "rows": selectors.ai_ene_for(request.user, cohort, version),
        }
        return Response(told.StatisticianAiEne(found).data)


def _valid(form: type[Serializer], request: Request) -> dict[str, Any]:
    given = form(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _inventory(upload: ModelUpload) -> Any:
    inventory = selectors.inventory_of(upload)
    found = {
        "upload": upload,
        "inventory": inventory,
        "model": upload.model_version.public_id if upload.model_version else None,
        "places": [place for row in inventory.rows for place in row],
    }
    return told.CoordinatorInventory(found).data
