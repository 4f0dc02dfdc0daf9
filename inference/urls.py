"""Pages of the inference room."""

from django.urls import path

from inference.views import explanations, models, predictions, training

app_name = "inference"
urlpatterns = [
    path("", models.Home.as_view(), name="home"),
    path("models/<uuid:public_id>/", models.ModelPage.as_view(), name="model"),
    path("models/register/", models.Register.as_view(), name="register"),
    path("uploads/<uuid:model_upload>/", models.UploadPage.as_view(), name="model-upload"),
    path(
        "uploads/<uuid:model_upload>/inventory/",
        models.UploadInventory.as_view(),
        name="model-upload-inventory",
    ),
    path(
        "uploads/<uuid:model_upload>/delete/",
        models.DeleteUpload.as_view(),
        name="delete-model-upload",
    ),
    path(
        "cohorts/<uuid:public_id>/ai-ene/<uuid:model_id>/",
        models.AiEnePage.as_view(),
        name="ai-ene",
    ),
    path(
        "cohorts/<uuid:public_id>/ai-ene/<uuid:model_id>/ai-ene.csv",
        models.AiEneCsv.as_view(),
        name="ai-ene-csv",
    ),
    path("cohorts/<uuid:public_id>/", predictions.CohortPage.as_view(), name="cohort"),
    path("cohorts/<uuid:public_id>/import/", predictions.ImportPage.as_view(), name="import"),
    path(
        "cohorts/<uuid:public_id>/scores/<uuid:model_id>/",
        predictions.ScoresPage.as_view(),
        name="scores",
    ),
    path("runs/<uuid:public_id>/", predictions.RunPage.as_view(), name="run"),
    path("runs/<uuid:public_id>/progress/", predictions.RunProgress.as_view(), name="run-progress"),
    path("runs/<uuid:public_id>/cancel/", predictions.CancelRun.as_view(), name="cancel-run"),
    path(
        "cohorts/<uuid:public_id>/attributions/",
        explanations.AttributionsPage.as_view(),
        name="attributions",
    ),
    path(
        "attribution-runs/<uuid:public_id>/",
        explanations.AttributionRunPage.as_view(),
        name="attribution-run",
    ),
    path(
        "attribution-runs/<uuid:public_id>/progress/",
        explanations.AttributionRunProgress.as_view(),
        name="attribution-run-progress",
    ),
    path(
        "attribution-runs/<uuid:public_id>/cancel/",
        explanations.CancelAttributionRun.as_view(),
        name="cancel-attribution-run",
    ),
    path(
        "attributions/<uuid:public_id>/",
        explanations.AttributionPage.as_view(),
        name="attribution",
    ),
    path("training/", training.Trainings.as_view(), name="trainings"),
    path("training/start/", training.Start.as_view(), name="start-training"),
    path("training/<uuid:public_id>/", training.Training.as_view(), name="training"),
    path(
        "training/<uuid:public_id>/progress/",
        training.TrainingProgress.as_view(),
        name="training-progress",
    ),
    path("training/<uuid:public_id>/stop/", training.StopTraining.as_view(), name="stop-training"),
    path(
        "training/<uuid:public_id>/resume/",
        training.ResumeTraining.as_view(),
        name="resume-training",
    ),
    path(
        "training/<uuid:public_id>/record/",
        training.TrainingRecord.as_view(),
        name="training-record",
    ),
]
