"""API of the analysis floor."""

from django.urls import path

from readerstudy.analysis import api
from readerstudy.analysis.planning import api as planning

app_name = "analysis_api"
urlpatterns = [
    path("studies/", api.Studies.as_view(), name="studies"),
    path("studies/<uuid:study_id>/datasets/", api.Datasets.as_view(), name="datasets"),
    path("imports/", api.Imports.as_view(), name="imports"),
    path("datasets/<uuid:dataset_id>/runs/", api.Runs.as_view(), name="runs"),
    path("runs/<uuid:run_id>/", api.Run.as_view(), name="run"),
    path("runs/<uuid:run_id>/results/", api.Results.as_view(), name="results"),
    path("planning/", planning.Simulations.as_view(), name="planning"),
    path("planning/<uuid:simulation_id>/", planning.Simulation.as_view(), name="planning-run"),
    path(
        "planning/<uuid:simulation_id>/cancel/",
        planning.Cancel.as_view(),
        name="planning-cancel",
    ),
    path(
        "planning/<uuid:simulation_id>/results/",
        planning.Results.as_view(),
        name="planning-results",
    ),
]
