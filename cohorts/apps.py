"""Django application of this room."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    name = "cohorts"

    def ready(self) -> None:
        """Make known to the reconciler what a kill may leave, and what falls due by itself."""
        from cohorts import tasks
        from cohorts.models import ArchivePull, ArchiveSearch, CandidateRun, IntakeUpload
        from jobs import reconcile

        for job_type, task in (
            (IntakeUpload, tasks.run_intake),
            (ArchiveSearch, tasks.run_archive_search),
            (ArchivePull, tasks.run_archive_pull),
            (CandidateRun, tasks.run_candidates),
        ):
            reconcile.register(job_type=job_type, task_path=task.module_path, enqueue=task.enqueue)
        reconcile.register_chore(tasks.apply_retention)
