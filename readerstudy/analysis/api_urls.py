"""API of the analysis floor."""

from django.urls import path

from readerstudy.analysis import api

app_name = "analysis_api"
urlpatterns = [
    path("studies/", api.Studies.as_view(), name="studies"),
    path("studies/<uuid:study_id>/datasets/", api.Datasets.as_view(), name="datasets"),
    path("datasets/<uuid:dataset_id>/runs/", api.Runs.as_view(), name="runs"),
    path("runs/<uuid:run_id>/", api.Run.as_view(), name="run"),
    path("runs/<uuid:run_id>/results/", api.Results.as_view(), name="results"),
]
