"""Pages of the analysis floor."""

from django.urls import path

from readerstudy.analysis import import_views, training_views, views
from readerstudy.analysis.planning import views as planning

app_name = "analysis"
urlpatterns = [
    path("", views.Studies.as_view(), name="home"),
    path("planning/", planning.Planning.as_view(), name="planning"),
    path("planning/simulate/", planning.Simulate.as_view(), name="planning-simulate"),
    path("planning/<uuid:simulation_id>/", planning.Simulation.as_view(), name="planning-run"),
    path(
        "planning/<uuid:simulation_id>/change/",
        planning.Change.as_view(),
        name="planning-change",
    ),
    path(
        "planning/<uuid:simulation_id>/progress/",
        planning.Progress.as_view(),
        name="planning-progress",
    ),
    path(
        "planning/<uuid:simulation_id>/cancel/",
        planning.Cancel.as_view(),
        name="planning-cancel",
    ),
    path(
        "planning/<uuid:simulation_id>/files/<str:name>",
        planning.Download.as_view(),
        name="planning-download",
    ),
    path("training-data/", training_views.TrainingData.as_view(), name="training-data"),
    path(
        "training-data/<uuid:cohort_id>/freeze/",
        training_views.FreezeTrainingData.as_view(),
        name="freeze-training-data",
    ),
    path("imports/", import_views.Import.as_view(), name="import"),
    path("imports/example.csv", import_views.ImportExample.as_view(), name="import-example"),
    path("studies/<uuid:study_id>/", views.Study.as_view(), name="study"),
    path("studies/<uuid:study_id>/freeze/", views.Freeze.as_view(), name="freeze"),
    path("datasets/<uuid:dataset_id>/runs/", views.Rerun.as_view(), name="rerun"),
    path("runs/<uuid:run_id>/", views.Run.as_view(), name="run"),
    path("runs/<uuid:run_id>/progress/", views.RunProgress.as_view(), name="progress"),
    path("runs/<uuid:run_id>/cancel/", views.Cancel.as_view(), name="cancel"),
    path("runs/<uuid:run_id>/files/<str:name>", views.Download.as_view(), name="download"),
]
