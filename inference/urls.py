"""Pages of the inference room."""

from django.urls import URLPattern

app_name = "inference"
urlpatterns: list[URLPattern] = []
