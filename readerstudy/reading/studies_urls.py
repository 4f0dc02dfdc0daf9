"""Pages of the reading room for coordinators."""

from django.urls import path

from readerstudy.reading.views import coordinator

app_name = "studies"
urlpatterns = [
    path("", coordinator.Studies.as_view(), name="home"),
    path("<uuid:study>/", coordinator.StudyPage.as_view(), name="study"),
    path("<uuid:study>/progress/", coordinator.Progress.as_view(), name="progress"),
    path("<uuid:study>/protocol/", coordinator.UpdateProtocol.as_view(), name="protocol"),
    path("<uuid:study>/readers/", coordinator.AddReader.as_view(), name="add-reader"),
    path("<uuid:study>/invitations/", coordinator.InviteReader.as_view(), name="invite"),
    path(
        "<uuid:study>/invitations/<int:invitation>/revoke/",
        coordinator.RevokeInvitation.as_view(),
        name="revoke",
    ),
    path("<uuid:study>/open/", coordinator.OpenStudy.as_view(), name="open"),
    path("<uuid:study>/close/", coordinator.CloseStudy.as_view(), name="close"),
    path("readers/<uuid:reader>/", coordinator.ReaderCases.as_view(), name="reader"),
    path("readers/<uuid:reader>/remove/", coordinator.RemoveReader.as_view(), name="remove-reader"),
    path("cases/<uuid:case>/reopen/", coordinator.ReopenCase.as_view(), name="reopen"),
]
