"""The queue's side of predictions: an id in, the pipeline called, nothing else."""

from django_tasks import task


@task()
def run_prediction(run_id: int) -> None:
    """Work on a prediction run; safe to run twice."""
    # The web process enqueues this task and must never load torch.
    from inference.pipeline.predictions import run_predictions

    run_predictions(run_id)
