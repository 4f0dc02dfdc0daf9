"""Background work of the ground floor: ids in, pipeline called."""

from django_tasks import task


@task()
def run_intake(upload_id: int) -> None:
    """Take one upload in; safe to run twice, at the same time or after a kill."""
    # Late: the web process enqueues this task and needs none of what runs it.
    from cohorts import pipeline

    pipeline.take_up(upload_id)


@task()
def run_archive_search(search_id: int) -> None:
    """Look in another archive; safe to run twice."""
    from cohorts import archive_pipeline

    archive_pipeline.take_up_search(search_id)


@task()
def run_archive_pull(pull_id: int) -> None:
    """Fetch series from another archive; safe to run twice, goes on where it stopped."""
    from cohorts import archive_pipeline

    upload_id = archive_pipeline.take_up_pull(pull_id)
    if upload_id is not None:
        run_intake.enqueue(upload_id)


@task()
def run_candidates(run_id: int) -> None:
    """Ask a provider for candidates; safe to run twice."""
    from cohorts import candidate_pipeline

    candidate_pipeline.take_up(run_id)


def apply_retention() -> None:
    """Remove what is no longer kept; the worker calls this every minute."""
    from cohorts import retention

    retention.apply()
