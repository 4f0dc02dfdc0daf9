"""Django application of this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    name = "annotation"
