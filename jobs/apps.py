"""Background work that survives a kill."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"
