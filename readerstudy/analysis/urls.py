"""Pages of the analysis floor."""

from django.urls import path

from readerstudy.analysis import training_views, views

app_name = "analysis"
urlpatterns = [
    path("", views.Studies.as_view(), name="home"),
    path("training-data/", training_views.TrainingData.as_view(), name="training-data"),
    path(
        "training-data/<uuid:cohort_id>/freeze/",
        training_views.FreezeTrainingData.as_view(),
        name="freeze-training-data",
    ),
    path("studies/<uuid:study_id>/", views.Study.as_view(), name="study"),
    path("studies/<uuid:study_id>/freeze/", views.Freeze.as_view(), name="freeze"),
    path("datasets/<uuid:dataset_id>/runs/", views.Rerun.as_view(), name="rerun"),
    path("runs/<uuid:run_id>/", views.Run.as_view(), name="run"),
    path("runs/<uuid:run_id>/progress/", views.RunProgress.as_view(), name="progress"),
    path("runs/<uuid:run_id>/cancel/", views.Cancel.as_view(), name="cancel"),
    path("runs/<uuid:run_id>/files/<str:name>", views.Download.as_view(), name="download"),
    path(
        "runs/<uuid:run_id>/figures/<int:cohort>-<str:endpoint>.svg",
        views.Figure.as_view(),
        name="figure",
    ),
]
