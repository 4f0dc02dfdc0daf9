"""Django application of this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    name = "inference"

    def ready(self) -> None:
        from inference.models import PredictionRun, TrainingRun
        from inference.tasks import run_prediction, run_training
        from jobs import reconcile

        for job_type, task in ((PredictionRun, run_prediction), (TrainingRun, run_training)):
            reconcile.register(job_type=job_type, task_path=task.module_path, enqueue=task.enqueue)
