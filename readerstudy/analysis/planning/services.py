"""Writes of planning: asking for a simulation, and for its end."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from jobs import leases
from jobs.code_version import code_version
from readerstudy.analysis.models import PowerSimulation
from readerstudy.analysis.planning import selectors
from readerstudy.analysis.planning.design import document_of, study_of
from readerstudy.analysis.tasks import run_power_simulation
from readerstudy.statistics.planned_study import DesignError

MOST_OPEN = 3


@transaction.atomic
def request_simulation(*, by: User, given: Mapping[str, Any]) -> PowerSimulation:
    """Ask the worker to simulate a planned study.

    Refused with the input's name where the plan cannot be, and while three of the person's
    simulations are open.
    """
    if not selectors.may_plan(by):
        raise PermissionDenied("Only coordinators and statisticians of a cohort plan studies.")
    try:
        inputs = document_of(given)
        study_of(inputs)
    except DesignError as refusal:
        raise ValidationError({refusal.field: [str(refusal)]}) from refusal
    if selectors.open_simulations(by) >= MOST_OPEN:
        raise ValidationError(
            f"{MOST_OPEN} of your simulations are waiting or running: wait for one, or cancel it.",
            code="too_many_open",
        )
    simulation = PowerSimulation(inputs=inputs, code_version=code_version(), requested_by=by)
    simulation.full_clean()
    simulation.save()
    audit.record(by=by, verb="request_simulation", target=simulation, new={"inputs": inputs})
    transaction.on_commit(partial(run_power_simulation.enqueue, simulation.pk))
    return simulation


@transaction.atomic
def cancel_simulation(*, by: User, simulation: PowerSimulation) -> PowerSimulation:
    """Ask a simulation to end; Conflict when it has ended."""
    if simulation.requested_by_id != by.pk:
        raise PermissionDenied("Only the person who asked for a simulation may cancel it.")
    if leases.ask_to_end(simulation, what="simulation", to="cancel"):
        audit.record(by=by, verb="cancel_simulation", target=simulation)
        transaction.on_commit(partial(run_power_simulation.enqueue, simulation.pk))
    return simulation
