"""API of readers."""

from django.urls import URLPattern

app_name = "reading_api"
urlpatterns: list[URLPattern] = []
