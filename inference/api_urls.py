"""API of the inference room."""

from django.urls import URLPattern

app_name = "inference_api"
urlpatterns: list[URLPattern] = []
