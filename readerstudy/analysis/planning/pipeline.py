"""A planned study to stored results: what the worker does for planning."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cohorts import storage
from jobs import leases
from jobs.models import JobState
from readerstudy.analysis.models import PowerSimulation
from readerstudy.analysis.planning.design import SCHEMA_VERSION, study_of
from readerstudy.statistics.planned_study import PlannedStudy
from readerstudy.statistics.power_simulation import (
    null_study,
    replicate,
    sizes,
    summarise_areas,
    summarise_tests,
)
from readerstudy.statistics.simulated_tests import Outcomes, gathered

CHUNK = 25
"""Studies between two looks at the lease; the results do not depend on it."""


def run_power_simulation(simulation_id: int) -> None:
    """Simulate and store the results; safe to run twice, gives the same bytes each time."""
    job = leases.claim(PowerSimulation, simulation_id, owner=leases.owner_name())
    if job is None:
        return
    try:
        results = {
            "schema_version": SCHEMA_VERSION,
            "inputs": job.inputs,
            "code_version": job.code_version,
            "scenarios": _scenarios(job),
        }
        text = json.dumps(results, sort_keys=True, separators=(",", ":"), allow_nan=False)
        leases.renew(job, note="Storing the results")
        key = storage.put(text.encode("ascii"))
        PowerSimulation.objects.filter(pk=job.pk).update(results_key=key, results_digest=key)
        leases.renew(job, note="")
        leases.finish(job)
    except ValueError as refusal:
        # The same plan gives the same refusal: trying again would not help.
        leases.finish(job, state=JobState.FAILED, error=str(refusal)[:2000])
    except leases.Cancelled:
        leases.finish(job, state=JobState.CANCELLED)
    except leases.LeaseLost:
        return


def _scenarios(job: PowerSimulation) -> list[dict[str, Any]]:
    inputs, planned = job.inputs, study_of(job.inputs)
    studies = {"planned": planned}
    if inputs["check_error"]:
        studies["null"] = null_study(planned, margin=inputs.get("margin") or 0.0)
    total = inputs["replicates"] * len(studies)
    return [
        _scenario(name, study, inputs, _simulated(job, study, order * inputs["replicates"], total))
        for order, (name, study) in enumerate(studies.items())
    ]


def _simulated(job: PowerSimulation, study: PlannedStudy, before: int, total: int) -> Outcomes:
    n, parts = job.inputs["replicates"], []
    for start in range(0, n, CHUNK):
        leases.renew(job, done=before + start, total=total, note="Simulating studies")
        stop = min(start + CHUNK, n)
        parts.append(replicate(study, seed=job.inputs["seed"], start=start, stop=stop))
    leases.renew(job, done=before + n, total=total)
    return gathered(parts)


def _scenario(
    name: str, study: PlannedStudy, inputs: Mapping[str, Any], outcomes: Outcomes
) -> dict[str, Any]:
    alpha, margin = inputs["alpha"], inputs.get("margin")
    tests = summarise_tests(study, outcomes, alpha=alpha, margin=margin)
    areas = summarise_areas(study, outcomes, alpha=alpha)
    return {
        "name": name,
        "sizes": sizes(outcomes),
        "tests": [asdict(found) for found in tests],
        "areas": [asdict(found) for found in areas],
    }
