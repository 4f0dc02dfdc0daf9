"""API routes of the reading room."""

from django.urls import path

from readerstudy.reading import api
from readerstudy.reading.plan_api import AnalysisPlan

app_name = "reading_api"
urlpatterns = [
    path("studies/", api.MyStudies.as_view(), name="studies"),
    path("studies/<uuid:study>/next/", api.NextCase.as_view(), name="next"),
    path("studies/<uuid:study>/plan/", AnalysisPlan.as_view(), name="plan"),
    path("cases/<uuid:case>/", api.Case.as_view(), name="case"),
    path("cases/<uuid:case>/pictures/", api.CasePictures.as_view(), name="pictures"),
    path(
        "cases/<uuid:case>/<str:signature>/frames/<int:index>/",
        api.CaseFrame.as_view(),
        name="frame",
    ),
    path("cases/<uuid:case>/calls/", api.Calls.as_view(), name="calls"),
    path("cases/<uuid:case>/submit/", api.Submit.as_view(), name="submit"),
    path("cases/<uuid:case>/events/", api.Events.as_view(), name="events"),
]
