"""Pages of the reading room for readers."""

from django.urls import path

from readerstudy.reading.views import reader

app_name = "reading"
urlpatterns = [
    path("", reader.MyStudies.as_view(), name="home"),
    path("studies/<uuid:study>/", reader.StudyStart.as_view(), name="study"),
    path("studies/<uuid:study>/done/", reader.Done.as_view(), name="done"),
    path("cases/<uuid:case>/", reader.CasePage.as_view(), name="case"),
    path("invitations/<str:token>/", reader.InvitationPage.as_view(), name="invitation"),
    path(
        "invitations/<str:token>/accept/",
        reader.AcceptInvitation.as_view(),
        name="accept-invitation",
    ),
    path(
        "invitations/<str:token>/account/",
        reader.CreateInvitedAccount.as_view(),
        name="create-invited-account",
    ),
]
