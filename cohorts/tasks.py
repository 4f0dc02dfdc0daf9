"""Background work of the ground floor: ids in, pipeline called."""

from django_tasks import task


@task()
def run_intake(upload_id: int) -> None:
    """Take one upload in; safe to run twice, at the same time or after a kill."""
    # Late: the web process enqueues this task and needs none of what runs it.
    from cohorts import pipeline

    pipeline.take_up(upload_id)
