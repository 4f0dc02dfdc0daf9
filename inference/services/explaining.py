"""Requesting and cancelling explanations of scores."""

import uuid
from collections.abc import Sequence
from functools import partial

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from cohorts.models import Cohort
from cohorts.selectors import current_masks_in
from inference.models import AttributionItem, AttributionRun, ModelVersion, Provenance
from inference.runner import EXPLAINED_ARCHITECTURES
from inference.selectors import explanations as selectors
from inference.tasks import run_attribution
from jobs import leases

NOT_YET = ("started_at", "finished_at", "lease_until")
FEWEST_STEPS, MOST_STEPS, DEFAULT_STEPS = 8, 256, 32


@transaction.atomic
def request_attributions(
    *,
    by: User,
    cohort: Cohort,
    model_version: ModelVersion,
    nodes: Sequence[uuid.UUID] | None = None,
    steps: int = DEFAULT_STEPS,
) -> AttributionRun:
    """Ask for maps of these nodes (None: of all) that lack one; the worker computes them."""
    _refuse_unless_sees_maps(by, cohort)
    _refuse_unexplainable(model_version, steps)
    if nodes is not None:
        _refuse_foreign_nodes(cohort, nodes)
    # Two requests at once must not both ask for the same nodes.
    ModelVersion.objects.select_for_update().get(pk=model_version.pk)
    masks = list(selectors.masks_to_explain(cohort, model_version, nodes))
    if not masks:
        raise ValidationError(
            "Each of these nodes has a map by this model, is waiting for one, or belongs to a "
            "patient whom the model was trained on, which is not explained: there is nothing to "
            "compute.",
            code="nothing_missing",
        )
    run = AttributionRun(
        cohort=cohort,
        model_version=model_version,
        requested_by=by,
        progress_total=len(masks),
        steps=steps,
    )
    run.full_clean(exclude=NOT_YET)
    run.save()
    AttributionItem.objects.bulk_create(
        [AttributionItem(run=run, node=mask.node, mask=mask) for mask in masks], batch_size=500
    )
    audit.record(
        by=by,
        verb="request_attributions",
        target=run,
        new={"cohort": cohort.name, "model": model_version.digest, "nodes": len(masks)},
    )
    transaction.on_commit(partial(run_attribution.enqueue, run.pk))
    return run


@transaction.atomic
def cancel_attribution_run(*, by: User, run: AttributionRun) -> AttributionRun:
    """Ask the worker to end the run; what is stored stays."""
    _refuse_unless_sees_maps(by, run.cohort)
    if leases.ask_to_end(run, what="run", to="cancel"):
        audit.record(
            by=by, verb="cancel_attribution_run", target=run, new={"cancel_requested": True}
        )
        transaction.on_commit(partial(run_attribution.enqueue, run.pk))
    return run


def _refuse_unless_sees_maps(by: User, cohort: Cohort) -> None:
    if not selectors.explained_cohorts_for(by).filter(pk=cohort.pk).exists():
        raise PermissionDenied(
            f"Only coordinators and statisticians of '{cohort.name}' who judge none of its nodes "
            "may do this: ask one of them."
        )


def _refuse_unexplainable(version: ModelVersion, steps: int) -> None:
    is_known = version.architecture in EXPLAINED_ARCHITECTURES
    if not is_known or version.provenance == Provenance.EXTERNAL:
        raise ValidationError(
            f"The scores of '{version.name}' cannot be explained here: its networks are not "
            "stored. Choose a registered model.",
            code="not_explainable",
        )
    if not FEWEST_STEPS <= steps <= MOST_STEPS:
        raise ValidationError(
            f"Steps must be {FEWEST_STEPS} to {MOST_STEPS}, not {steps}.", code="steps"
        )


def _refuse_foreign_nodes(cohort: Cohort, nodes: Sequence[uuid.UUID]) -> None:
    if not nodes:
        raise ValidationError("Choose at least one node.", code="no_nodes")
    known = current_masks_in(cohort).filter(node__public_id__in=nodes)
    strange = set(nodes) - set(known.values_list("node__public_id", flat=True))
    if strange:
        raise ValidationError(
            f"{len(strange)} of the nodes are no included nodes of '{cohort.name}', such as "
            f"{min(strange)}: choose from the cohort's list.",
            code="unknown_node",
        )
