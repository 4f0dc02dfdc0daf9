"""Django application of the analysis floor."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    name = "readerstudy.analysis"
    label = "analysis"

    def ready(self) -> None:
        from jobs import reconcile
        from readerstudy.analysis.models import AnalysisRun, PowerSimulation
        from readerstudy.analysis.tasks import run_analysis, run_power_simulation

        reconcile.register(
            job_type=AnalysisRun,
            task_path=run_analysis.module_path,
            enqueue=run_analysis.enqueue,
        )
        reconcile.register(
            job_type=PowerSimulation,
            task_path=run_power_simulation.module_path,
            enqueue=run_power_simulation.enqueue,
        )
