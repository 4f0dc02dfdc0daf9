"""API of the analysis floor."""

from django.urls import URLPattern

app_name = "analysis_api"
urlpatterns: list[URLPattern] = []
