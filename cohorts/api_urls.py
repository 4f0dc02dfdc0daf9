"""API of the ground floor."""

from django.urls import URLPattern

app_name = "cohorts_api"
urlpatterns: list[URLPattern] = []
