"""Pages of the reading room for readers."""

from django.urls import path

from readerstudy.reading import views

app_name = "reading"
urlpatterns = [
    path("", views.MyStudies.as_view(), name="home"),
    path("studies/<uuid:study>/", views.StudyStart.as_view(), name="study"),
    path("studies/<uuid:study>/done/", views.Done.as_view(), name="done"),
    path("cases/<uuid:case>/", views.CasePage.as_view(), name="case"),
    path("invitations/<str:token>/", views.InvitationPage.as_view(), name="invitation"),
    path(
        "invitations/<str:token>/accept/",
        views.AcceptInvitation.as_view(),
        name="accept-invitation",
    ),
    path(
        "invitations/<str:token>/account/",
        views.CreateInvitedAccount.as_view(),
        name="create-invited-account",
    ),
]
