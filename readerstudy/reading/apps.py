"""Django application of this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    name = "readerstudy.reading"
    label = "reading"

    def ready(self) -> None:
        from cohorts.roles import register_conflict_check
        from readerstudy.reading.selectors import reading_conflict

        register_conflict_check(reading_conflict)
