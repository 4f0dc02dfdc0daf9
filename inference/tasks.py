"""The queue's side of predictions: an id in, the pipeline called, nothing else."""

from django_tasks import task


@task()
def run_prediction(run_id: int) -> None:
    """Work on a prediction run; safe to run twice."""
    # The web process enqueues this task and must never load torch.
    from inference.pipeline.predictions import run_predictions

    come_back = run_predictions(run_id)
    if come_back is not None:
        run_prediction.using(run_after=come_back).enqueue(run_id)


@task()
def run_training(run_id: int) -> None:
    """Work on a training run; safe to run twice."""
    from inference.pipeline.training import run_training as train

    train(run_id)


@task()
def run_attribution(run_id: int) -> None:
    """Work on an attribution run; safe to run twice."""
    from inference.pipeline.explanations import run_attributions

    run_attributions(run_id)
