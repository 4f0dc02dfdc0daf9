"""API of the inference room."""

from django.urls import path

from inference import api, attribution_api, models_api, training_api

app_name = "inference_api"
urlpatterns = [
    path("models/", api.ModelVersions.as_view(), name="models"),
    path("cohorts/<uuid:public_id>/runs/", api.CohortRuns.as_view(), name="cohort-runs"),
    path("runs/<uuid:public_id>/", api.Run.as_view(), name="run"),
    path("runs/<uuid:public_id>/cancel/", api.CancelRun.as_view(), name="cancel-run"),
    path(
        "cohorts/<uuid:public_id>/attribution-runs/",
        attribution_api.CohortAttributionRuns.as_view(),
        name="cohort-attribution-runs",
    ),
    path(
        "attribution-runs/<uuid:public_id>/",
        attribution_api.AttributionRun.as_view(),
        name="attribution-run",
    ),
    path(
        "attribution-runs/<uuid:public_id>/cancel/",
        attribution_api.CancelAttributionRun.as_view(),
        name="cancel-attribution-run",
    ),
    path(
        "cohorts/<uuid:public_id>/attributions/",
        attribution_api.CohortAttributions.as_view(),
        name="cohort-attributions",
    ),
    path(
        "attributions/<uuid:public_id>/",
        attribution_api.Attribution.as_view(),
        name="attribution",
    ),
    path(
        "attributions/<uuid:public_id>/values/",
        attribution_api.AttributionValues.as_view(),
        name="attribution-values",
    ),
    path(
        "attributions/<uuid:public_id>/frames/<int:index>/",
        attribution_api.AttributionFrame.as_view(),
        name="attribution-frame",
    ),
    path("training-data/", training_api.TrainingData.as_view(), name="training-data"),
    path("training/", training_api.Trainings.as_view(), name="trainings"),
    path("training/<uuid:public_id>/", training_api.Training.as_view(), name="training"),
    path("training/<uuid:public_id>/stop/", training_api.Stop.as_view(), name="stop-training"),
    path(
        "training/<uuid:public_id>/resume/", training_api.Resume.as_view(), name="resume-training"
    ),
    path(
        "training/<uuid:public_id>/record/", training_api.Record.as_view(), name="training-record"
    ),
    path("model-uploads/", models_api.ModelUploads.as_view(), name="model-uploads"),
    path(
        "model-uploads/<uuid:model_upload>/",
        models_api.ModelUploadDetail.as_view(),
        name="model-upload",
    ),
    path(
        "model-uploads/<uuid:model_upload>/paths/",
        models_api.PathsOfFolder.as_view(),
        name="model-upload-paths",
    ),
    path(
        "model-uploads/<uuid:model_upload>/folder/",
        models_api.FolderOnServer.as_view(),
        name="model-upload-folder",
    ),
    path(
        "model-uploads/<uuid:model_upload>/files/",
        models_api.ModelUploadFiles.as_view(),
        name="model-upload-files",
    ),
    path(
        "model-uploads/<uuid:model_upload>/server-files/",
        models_api.ServerFiles.as_view(),
        name="model-upload-server-files",
    ),
    path(
        "model-uploads/<uuid:model_upload>/remove-file/",
        models_api.RemoveFile.as_view(),
        name="model-upload-remove-file",
    ),
    path(
        "model-uploads/<uuid:model_upload>/register/",
        models_api.RegisterUpload.as_view(),
        name="model-upload-register",
    ),
    path(
        "model-uploads/<uuid:model_upload>/delete/",
        models_api.DeleteUpload.as_view(),
        name="model-upload-delete",
    ),
    path(
        "cohorts/<uuid:public_id>/ai-ene/<uuid:model_id>/",
        models_api.AiEneCounts.as_view(),
        name="ai-ene",
    ),
]
