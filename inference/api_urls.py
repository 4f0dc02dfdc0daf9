"""API of the inference room."""

from django.urls import path

from inference import api

app_name = "inference_api"
urlpatterns = [
    path("models/", api.ModelVersions.as_view(), name="models"),
    path("cohorts/<uuid:public_id>/runs/", api.CohortRuns.as_view(), name="cohort-runs"),
    path("runs/<uuid:public_id>/", api.Run.as_view(), name="run"),
    path("runs/<uuid:public_id>/cancel/", api.CancelRun.as_view(), name="cancel-run"),
]
