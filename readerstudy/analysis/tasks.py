"""The queue's side of analysis: an id in, the pipeline called."""

from django_tasks import task


@task()
def run_analysis(run_id: int) -> None:
    """Compute an analysis run; safe to run twice."""
    # Late: the web process that enqueues this needs none of the numbers.
    from readerstudy.analysis import pipeline

    pipeline.run_analysis(run_id)


@task()
def run_power_simulation(simulation_id: int) -> None:
    """Simulate a planned study; safe to run twice."""
    from readerstudy.analysis.planning import pipeline

    pipeline.run_power_simulation(simulation_id)
