"""Pages of the inference room."""

from django.urls import path

from inference.views import predictions

app_name = "inference"
urlpatterns = [
    path("", predictions.Home.as_view(), name="home"),
    path("models/<uuid:public_id>/", predictions.ModelPage.as_view(), name="model"),
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
]
