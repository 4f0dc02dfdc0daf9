"""Django application of this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    name = "cohorts"

    def ready(self) -> None:
        """Make intake known to the reconciler, which takes up what a killed worker left."""
        from cohorts.models import IntakeUpload
        from cohorts.tasks import run_intake
        from jobs import reconcile

        reconcile.register(
            job_type=IntakeUpload,
            task_path=run_intake.module_path,
            enqueue=run_intake.enqueue,
        )
