"""A frozen dataset to stored results and the report's files: what the worker does for analysis."""

import json
from collections.abc import Callable
from typing import Any

from cohorts import storage
from jobs import leases
from jobs.models import JobState
from readerstudy.analysis import selectors
from readerstudy.analysis.comparator import rule_of
from readerstudy.analysis.computing.description import describe
from readerstudy.analysis.computing.identified import identified
from readerstudy.analysis.computing.plain import plain
from readerstudy.analysis.computing.self_checks import TableInconsistentError
from readerstudy.analysis.computing.tables import study_tables
from readerstudy.analysis.models import AnalysisDataset, AnalysisRun
from readerstudy.analysis.patients import patient_counts
from readerstudy.analysis.reporting.bundle import report_files
from readerstudy.analysis.reporting.content import Facts
from readerstudy.reading.plan import plan_from

SCHEMA_VERSION = 4
VALUES, FILES = 4, 8
"""Guesses for the progress bar: values of a subgroup without edges, steps after the tables."""
Progress = Callable[[str], None]


def run_analysis(run_id: int) -> None:
    """Compute a run and store its results; safe to run twice, gives the same bytes each time."""
    run = leases.claim(AnalysisRun, run_id, owner=leases.owner_name())
    if run is None:
        return
    try:
        progress = _Progress(run)
        data = results_for(run.dataset, code=run.code_version, seed=run.seed, progress=progress)
        key = storage.put(data)
        files = _stored_files(run, data, key, progress)
        AnalysisRun.objects.filter(pk=run.pk).update(
            results_key=key, results_digest=key, files=files
        )
        leases.finish(run)
    except (ValueError, TableInconsistentError) as refusal:
        # The same data give the same refusal: trying again would not help.
        leases.finish(run, state=JobState.FAILED, error=str(refusal)[:2000])
    except leases.Cancelled:
        leases.finish(run, state=JobState.CANCELLED)
    except leases.LeaseLost:
        return


class _Progress:
    """Tells people what is being done, keeps the lease, and ends a run that is to end."""

    def __init__(self, run: AnalysisRun) -> None:
        self.run, self.done, self.total = run, 0, _steps(run.dataset)

    def __call__(self, note: str) -> None:
        # Subgroups by value are not known beforehand: never say that all is done before it is.
        self.done = min(self.done + 1, self.total - 1)
        leases.renew(self.run, done=self.done, total=self.total, note=note)


def _steps(dataset: AnalysisDataset) -> int:
    """Return about how many steps a run has: parts of the tables, then the files."""
    plan = plan_from(dataset.sources["plan"])
    bands = sum(len(group.edges) + 1 if group.edges else VALUES for group in plan.subgroups)
    cohorts = len(dataset.sources.get("reference_standards") or "1")
    return cohorts + 1 + bands + FILES


def results_for(
    dataset: AnalysisDataset, *, code: str, seed: int, progress: Progress = lambda _: None
) -> bytes:
    """Return the results of a dataset as canonical JSON."""
    frozen = selectors.frozen_table_of(dataset)
    plan = plan_from(frozen.sources["plan"])
    patients = frozen.patients or ()
    tables = study_tables(
        frozen.table,
        plan=plan,
        model=rule_of(frozen.sources),
        patients=patients,
        seed=seed,
        progress=progress,
    )
    progress("Describing patients and nodes")
    tables["description"] = describe(frozen, level=1 - plan.alpha)
    progress("Asking what pathology leaves open")
    tables["identifiability"] = identified(frozen, plan)
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "dataset_digest": dataset.digest,
        "code_version": code,
        "seed": seed,
        "sources": frozen.sources,
        "tables": tables,
        "patients": plain(patient_counts(frozen)),
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode("ascii")


def _stored_files(run: AnalysisRun, data: bytes, digest: str, progress: Progress) -> dict[str, str]:
    """Write every file of the report; return each one's blob."""
    frozen = selectors.frozen_table_of(run.dataset)
    facts = facts_of(run, digest)
    return {
        name: storage.put(content)
        for name, content in report_files(json.loads(data), frozen, facts, progress)
    }


def facts_of(run: AnalysisRun, results_digest: str) -> Facts:
    """Return what the report says of the run itself."""
    dataset = run.dataset
    earlier = selectors.earlier_looks(run)
    amendments = dataset.sources.get("amendments", [])
    return Facts(
        results_digest=results_digest,
        frozen_at=dataset.frozen_at.isoformat(timespec="seconds"),
        unblinding=run.unblinding,
        unblinded_before_amendment={
            entry["number"]: sum(at.isoformat() < entry["at"] for at in earlier)
            for entry in amendments
        },
    )


def is_recomputable(run: AnalysisRun) -> bool:
    """Say whether this code writes results of the run's schema."""
    return bool(selectors.results_of(run)["schema_version"] == SCHEMA_VERSION)


def recomputed_digest_matches(run: AnalysisRun) -> bool:
    """Say whether computing the run again gives the bytes that were stored."""
    again = results_for(run.dataset, code=run.code_version, seed=run.seed)
    return again == selectors.results_bytes(run)
