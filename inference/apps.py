"""Django application of this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    name = "inference"

    def ready(self) -> None:
        from inference.models import AttributionRun, PredictionRun, TrainingRun
        from inference.tasks import run_attribution, run_prediction, run_training
        from jobs import reconcile

        kinds = (
            (PredictionRun, run_prediction),
            (TrainingRun, run_training),
            (AttributionRun, run_attribution),
        )
        for job_type, task in kinds:
            reconcile.register(job_type=job_type, task_path=task.module_path, enqueue=task.enqueue)
