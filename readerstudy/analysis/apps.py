"""Django application of the analysis floor."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    name = "readerstudy.analysis"
    label = "analysis"

    def ready(self) -> None:
        from jobs import reconcile
        from readerstudy.analysis.models import AnalysisRun
        from readerstudy.analysis.tasks import run_analysis

        reconcile.register(
            job_type=AnalysisRun,
            task_path=run_analysis.module_path,
            enqueue=run_analysis.enqueue,
        )
