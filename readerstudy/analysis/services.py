"""Writes of the analysis floor: freezing data, requesting runs."""

from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from cohorts import storage
from jobs.code_version import code_version
from jobs.models import JobState
from readerstudy.analysis import dataset as joining
from readerstudy.analysis import frozen_table, selectors
from readerstudy.analysis.models import AnalysisDataset, AnalysisRun
from readerstudy.analysis.tasks import run_analysis


def freeze_dataset(
    *, by: User, study: Any, model: Any | None = None, interim: bool = False
) -> AnalysisDataset:
    """Join truth, calls and one model's predictions into a table that never changes again.

    Refused while the study is open, unless ``interim`` is said explicitly; refused without released
    truth, without submitted cases, or when masks differ.
    """
    study = _authorised(by, study)
    if study.state == "draft":
        raise ValidationError("This study has not been opened yet.", code="study_draft")
    if study.state == "open" and not interim:
        raise ValidationError(
            "The study is still open. Close it first, or freeze an interim dataset, which is "
            "labelled as such on every page.",
            code="study_open",
        )
    frozen = joining.join(study, model, interim=study.state == "open")
    data = frozen_table.to_bytes(frozen)
    with transaction.atomic():
        dataset = AnalysisDataset(
            study=study,
            model_version=model,
            interim=study.state == "open",
            sources=dict(frozen.sources),
            table_key=storage.put(data),
            rows=len(frozen.table.rows),
            frozen_by=by,
        )
        dataset.digest = dataset.table_key
        dataset.full_clean()
        dataset.save()
        audit.record(by=by, verb="freeze_dataset", target=dataset, new={"digest": dataset.digest})
    return dataset


@transaction.atomic
def request_analysis(*, by: User, dataset: AnalysisDataset, seed: int = 0) -> AnalysisRun:
    """Ask the worker for the results of a dataset; each request is counted as an unblinding."""
    _authorised(by, dataset.study)
    run = AnalysisRun.objects.create(
        dataset=dataset, code_version=code_version(), seed=seed, requested_by=by
    )
    audit.record(by=by, verb="request_analysis", target=run, new={"dataset": dataset.digest})
    transaction.on_commit(partial(run_analysis.enqueue, run.pk))
    return run


@transaction.atomic
def cancel_analysis(*, by: User, run: AnalysisRun) -> AnalysisRun:
    """Ask a run to end."""
    _authorised(by, run.dataset.study)
    if run.is_over:
        raise ValidationError("This run has ended already.", code="run_over")
    AnalysisRun.objects.filter(pk=run.pk).update(cancel_requested=True)
    # Nobody works on it yet: there is nothing to wait for.
    AnalysisRun.objects.filter(pk=run.pk, state=JobState.REQUESTED).update(state=JobState.CANCELLED)
    audit.record(by=by, verb="cancel_analysis", target=run)
    run.refresh_from_db()
    return run


def _authorised(by: User, study: Any) -> Any:
    """Return the study as it stands now."""
    current = selectors.studies_for(by).filter(pk=study.pk).first()
    if current is None:
        raise PermissionDenied("Only a statistician of every cohort of the study may analyse it.")
    return current
