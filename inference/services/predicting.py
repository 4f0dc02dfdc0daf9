"""Requesting and cancelling predictions."""

from functools import partial

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from cohorts.models import Cohort
from cohorts.selectors import current_masks_in
from inference import selectors
from inference.models import (
    ModelVersion,
    PredictionItem,
    PredictionRun,
)
from inference.services.registering import EXTERNAL_ARCHITECTURE
from inference.tasks import run_prediction
from jobs import leases

NOT_YET = ("started_at", "finished_at", "lease_until")
"""What only a worker fills in."""


@transaction.atomic
def request_predictions(*, by: User, cohort: Cohort, model_version: ModelVersion) -> PredictionRun:
    """Ask for the predictions that the cohort's current masks lack; the worker computes them."""
    refuse_unless_coordinator(by, cohort)
    if model_version.architecture == EXTERNAL_ARCHITECTURE:
        raise ValidationError(
            f"The scores of '{model_version.name}' come from a file and cannot be computed here: "
            "import another file, or choose a registered model.",
            code="external_model",
        )
    # Two requests at once must not both ask for the same nodes.
    ModelVersion.objects.select_for_update().get(pk=model_version.pk)
    masks = list(selectors.masks_to_request(cohort, model_version))
    if not masks:
        raise ValidationError(_nothing_to_do(cohort, model_version), code="nothing_missing")
    run = PredictionRun(
        cohort=cohort, model_version=model_version, requested_by=by, progress_total=len(masks)
    )
    run.full_clean(exclude=NOT_YET)
    run.save()
    PredictionItem.objects.bulk_create(
        [PredictionItem(run=run, node=mask.node, mask=mask) for mask in masks], batch_size=500
    )
    audit.record(
        by=by,
        verb="request_predictions",
        target=run,
        new={"cohort": cohort.name, "model": model_version.digest, "nodes": len(masks)},
    )
    transaction.on_commit(partial(run_prediction.enqueue, run.pk))
    return run


def _nothing_to_do(cohort: Cohort, version: ModelVersion) -> str:
    nodes = current_masks_in(cohort).count()
    missing = selectors.masks_without_prediction(cohort, version).count()
    if not nodes:
        return f"Cohort '{cohort.name}' has no nodes yet: import cases with node masks first."
    if missing:
        return (
            f"The {missing} nodes of '{cohort.name}' that lack a prediction by '{version.name}' "
            "have been requested already: wait for that run, or cancel it."
        )
    if learnt := selectors.masks_learnt(cohort, version).count():
        return (
            f"'{version.name}' was trained on these nodes' patients ({learnt} of {nodes} nodes of "
            f"'{cohort.name}'). Their scores come from the members that did not see them, and are "
            "stored already: all members together would judge what they have learnt."
        )
    return f"All {nodes} nodes of '{cohort.name}' have a prediction by '{version.name}' already."


@transaction.atomic
def cancel_run(*, by: User, run: PredictionRun) -> PredictionRun:
    """Ask the worker to end the run after the node it is at; what is stored stays."""
    refuse_unless_coordinator(by, run.cohort)
    if leases.ask_to_end(run, what="run", to="cancel"):
        audit.record(
            by=by, verb="cancel_prediction_run", target=run, new={"cancel_requested": True}
        )
        transaction.on_commit(partial(run_prediction.enqueue, run.pk))
    return run


def refuse_unless_coordinator(by: User, cohort: Cohort) -> None:
    if not selectors.may_request(by, cohort):
        raise PermissionDenied(
            f"Only a coordinator of '{cohort.name}' may do this: ask one of them."
        )
