"""Reads of planning: each person sees their own simulations, and nobody else's."""

import json
import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from accounts.models import User
from cohorts import storage
from cohorts.selectors import cohorts_of
from cohorts.vocabulary import CohortRole
from jobs.models import JobState
from readerstudy.analysis.models import PowerSimulation

PLANNERS = frozenset({CohortRole.COORDINATOR, CohortRole.STATISTICIAN})


def may_plan(user: User) -> bool:
    """Say whether the person coordinates or analyses any cohort."""
    return cohorts_of(user, *PLANNERS).exists()


def simulations_for(user: User) -> QuerySet[PowerSimulation]:
    """Return the person's simulations, newest first; Http404 for whoever plans nothing."""
    if not may_plan(user):
        raise Http404
    return PowerSimulation.objects.filter(requested_by=user).order_by("-pk")


def simulation_for(user: User, public_id: uuid.UUID) -> PowerSimulation:
    """Return the simulation, or raise Http404 when absent or not the person's."""
    found = simulations_for(user).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def finished_simulation_for(user: User, public_id: uuid.UUID) -> PowerSimulation:
    """Return a simulation that has results, or raise Http404."""
    found = simulation_for(user, public_id)
    if not found.results_key:
        raise Http404
    return found


def open_simulations(user: User) -> int:
    """Return how many of the person's simulations wait or run."""
    return simulations_for(user).filter(state__in=(JobState.REQUESTED, JobState.RUNNING)).count()


def results_of(simulation: PowerSimulation) -> dict[str, Any]:
    """Return the results; raise DamagedBlob when their bytes changed."""
    results: dict[str, Any] = json.loads(results_bytes(simulation))
    return results


def results_bytes(simulation: PowerSimulation) -> bytes:
    """Return the results as the canonical JSON that the digest is taken over."""
    return storage.get_checked(simulation.results_key)
