"""API of the annotation room."""

from django.urls import path

from annotation import api

app_name = "annotation_api"
urlpatterns = [
    path("labellings/<uuid:labelling>/", api.OwnLabelling.as_view(), name="labelling"),
    path("labellings/<uuid:labelling>/labels/", api.RecordLabel.as_view(), name="labels"),
    path("labellings/<uuid:labelling>/submit/", api.SubmitLabelling.as_view(), name="submit"),
    path("cohorts/<uuid:cohort>/disagreements/", api.Disagreements.as_view(), name="disagreements"),
    path("adjudications/<uuid:node>/", api.Adjudicate.as_view(), name="adjudication"),
    path(
        "cohorts/<uuid:cohort>/reference-standards/",
        api.ReferenceStandards.as_view(),
        name="reference-standards",
    ),
    path(
        "cohorts/<uuid:cohort>/reference-standards/<int:version>/",
        api.ReferenceStandardVersion.as_view(),
        name="reference-standard",
    ),
]
