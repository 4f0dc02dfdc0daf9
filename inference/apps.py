"""Django application of this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    name = "inference"

    def ready(self) -> None:
        from inference.models import PredictionRun
        from inference.tasks import run_prediction
        from jobs import reconcile

        reconcile.register(
            job_type=PredictionRun,
            task_path=run_prediction.module_path,
            enqueue=run_prediction.enqueue,
        )
