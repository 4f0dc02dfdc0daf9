"""Django application of this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    name = "readerstudy.reading"
    label = "reading"

    def ready(self) -> None:
        from cohorts.mask_guards import register_mask_guard
        from cohorts.roles import register_conflict_check
        from readerstudy.reading.selectors import reading_conflict
        from readerstudy.reading.selectors.mask_changes import study_against_mask_changes

        register_conflict_check(reading_conflict)
        register_mask_guard(study_against_mask_changes)
