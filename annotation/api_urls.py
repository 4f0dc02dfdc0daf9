"""API of the annotation room."""

from django.urls import URLPattern

app_name = "annotation_api"
urlpatterns: list[URLPattern] = []
