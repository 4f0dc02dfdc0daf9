"""Pages of the inference room."""

from django.urls import path

from inference import views

app_name = "inference"
urlpatterns = [
    path("", views.Home.as_view(), name="home"),
    path("models/<uuid:public_id>/", views.ModelPage.as_view(), name="model"),
    path("cohorts/<uuid:public_id>/", views.CohortPage.as_view(), name="cohort"),
    path("cohorts/<uuid:public_id>/import/", views.ImportPage.as_view(), name="import"),
    path(
        "cohorts/<uuid:public_id>/scores/<uuid:model_id>/",
        views.ScoresPage.as_view(),
        name="scores",
    ),
    path("runs/<uuid:public_id>/", views.RunPage.as_view(), name="run"),
    path("runs/<uuid:public_id>/progress/", views.RunProgress.as_view(), name="run-progress"),
    path("runs/<uuid:public_id>/cancel/", views.CancelRun.as_view(), name="cancel-run"),
]
