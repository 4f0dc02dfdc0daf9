"""Pages of the reading room for coordinators."""

from django.urls import path

from readerstudy.reading import studies_views as views
from readerstudy.reading.plan_views import PlanPage

app_name = "studies"
urlpatterns = [
    path("", views.Studies.as_view(), name="home"),
    path("<uuid:study>/", views.StudyPage.as_view(), name="study"),
    path("<uuid:study>/progress/", views.Progress.as_view(), name="progress"),
    path("<uuid:study>/protocol/", views.UpdateProtocol.as_view(), name="protocol"),
    path("<uuid:study>/plan/", PlanPage.as_view(), name="plan"),
    path("<uuid:study>/readers/", views.AddReader.as_view(), name="add-reader"),
    path("<uuid:study>/invitations/", views.InviteReader.as_view(), name="invite"),
    path(
        "<uuid:study>/invitations/<int:invitation>/revoke/",
        views.RevokeInvitation.as_view(),
        name="revoke",
    ),
    path("<uuid:study>/open/", views.OpenStudy.as_view(), name="open"),
    path("<uuid:study>/close/", views.CloseStudy.as_view(), name="close"),
    path("readers/<uuid:reader>/", views.ReaderCases.as_view(), name="reader"),
    path("readers/<uuid:reader>/remove/", views.RemoveReader.as_view(), name="remove-reader"),
    path("cases/<uuid:case>/reopen/", views.ReopenCase.as_view(), name="reopen"),
]
