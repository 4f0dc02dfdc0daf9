"""The map of the site; mounts the rooms."""

from allauth.account import views as account_views
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from readerstudy.dashboard.views import Health, Home

account_urls = [
    path("login/", account_views.login, name="account_login"),
    path("logout/", account_views.logout, name="account_logout"),
    path("signup/", account_views.signup, name="account_signup"),
    path("password/", account_views.password_change, name="account_change_password"),
    path("confirm/", account_views.reauthenticate, name="account_reauthenticate"),
    path("two-factor/", include("allauth.mfa.urls")),
]

handler404 = "accounts.errors.page_not_found"

api_urls = [
    path("cohorts/", include("cohorts.api_urls")),
    path("reading/", include("readerstudy.reading.api_urls")),
    path("annotation/", include("annotation.api_urls")),
    path("inference/", include("inference.api_urls")),
    path("analysis/", include("readerstudy.analysis.api_urls")),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
]

urlpatterns = [
    path("", Home.as_view(), name="home"),
    path("healthz", Health.as_view(), name="health"),
    path("account/", include(account_urls)),
    path("cohorts/", include("cohorts.urls")),
    path("dicomweb/<uuid:cohort>/", include("cohorts.dicomweb.urls")),
    path("studies/", include("readerstudy.reading.studies_urls")),
    path("reading/", include("readerstudy.reading.urls")),
    path("annotation/", include("annotation.urls")),
    path("inference/", include("inference.urls")),
    path("analysis/", include("readerstudy.analysis.urls")),
    path("api/v1/", include(api_urls)),
]
