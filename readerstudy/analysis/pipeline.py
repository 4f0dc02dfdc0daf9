"""A frozen dataset to stored results: what the worker does for analysis."""

import json
from typing import Any

from cohorts import storage
from jobs import leases
from jobs.code_version import code_version
from jobs.models import JobState
from readerstudy.analysis import selectors
from readerstudy.analysis.computing.plain import plain
from readerstudy.analysis.computing.self_checks import TableInconsistentError
from readerstudy.analysis.computing.tables import study_tables
from readerstudy.analysis.models import AnalysisDataset, AnalysisRun
from readerstudy.analysis.patients import patient_counts

SCHEMA_VERSION = 2
BEFORE_PATIENTS = 1
"""Results of tables frozen before patients were counted; recomputed, they stay what they were."""
STEPS = 3


def run_analysis(run_id: int) -> None:
    """Compute a run and store its results; safe to run twice, gives the same bytes each time."""
    run = leases.claim(AnalysisRun, run_id, owner=leases.owner_name())
    if run is None:
        return
    try:
        leases.renew(run, done=1, total=STEPS, note="Computing the tables")
        data = results_for(run.dataset, code=run.code_version, seed=run.seed)
        leases.renew(run, done=2, total=STEPS, note="Storing the results")
        key = storage.put(data)
        AnalysisRun.objects.filter(pk=run.pk).update(results_key=key, results_digest=key)
        leases.renew(run, done=STEPS, total=STEPS, note="")
        leases.finish(run)
    except (ValueError, TableInconsistentError) as refusal:
        # The same data give the same refusal: trying again would not help.
        leases.finish(run, state=JobState.FAILED, error=str(refusal)[:2000])
    except leases.Cancelled:
        leases.finish(run, state=JobState.CANCELLED)
    except leases.LeaseLost:
        return


def results_for(dataset: AnalysisDataset, *, code: str, seed: int) -> bytes:
    """Return the results of a dataset as canonical JSON."""
    frozen = selectors.frozen_table_of(dataset)
    document: dict[str, Any] = {
        "schema_version": BEFORE_PATIENTS if frozen.patients is None else SCHEMA_VERSION,
        "dataset_digest": dataset.digest,
        "code_version": code,
        "seed": seed,
        "sources": frozen.sources,
        "tables": study_tables(frozen.table),
    }
    if frozen.patients is not None:
        document["patients"] = plain(patient_counts(frozen))
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode("ascii")


def recomputed_digest_matches(run: AnalysisRun) -> bool:
    """Say whether computing the run again gives the bytes that were stored."""
    again = results_for(run.dataset, code=run.code_version, seed=run.seed)
    return again == selectors.results_bytes(run)


def current_code_version() -> str:
    """Return the version that a run requested now is computed with."""
    return code_version()
