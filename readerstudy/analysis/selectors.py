"""Reads of the analysis floor: for statisticians of every cohort of a study, and nobody else.

Data read elsewhere and imported are for the statistician who imported them.
"""

import json
import uuid
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from accounts.models import User
from cohorts import storage
from cohorts.selectors import cohorts_of
from cohorts.vocabulary import CohortRole
from inference.selectors import models_with_predictions
from readerstudy.analysis import frozen_table
from readerstudy.analysis.models import AnalysisDataset, AnalysisRun
from readerstudy.analysis.reporting import stored_document
from readerstudy.analysis.reporting.document import Document
from readerstudy.reading.selectors import studies_within


def studies_for(user: User) -> QuerySet[Any]:
    """Return the studies whose every cohort the person is a statistician of."""
    return studies_within(cohorts_of(user, CohortRole.STATISTICIAN))


def study_for(user: User, public_id: uuid.UUID) -> Any:
    """Return the study, or raise Http404 when absent or not the person's to analyse."""
    study = studies_for(user).filter(public_id=public_id).first()
    if study is None:
        raise Http404
    return study


def models_for(study: Any) -> QuerySet[Any]:
    """Return the model versions that predicted nodes of the study's cohorts."""
    return models_with_predictions(study.cohorts.all())


def model_for(study: Any, public_id: uuid.UUID) -> Any:
    """Return the model version; raise Http404 when it predicted nothing of this study."""
    model = models_for(study).filter(public_id=public_id).first()
    if model is None:
        raise Http404
    return model


def datasets_of(study: Any) -> QuerySet[AnalysisDataset]:
    """Return the study's frozen datasets with the number of runs on each, newest first."""
    return _listed(AnalysisDataset.objects.filter(study=study))


def may_import(user: User) -> bool:
    """Say whether the person may import a study: a statistician of at least one cohort."""
    return cohorts_of(user, CohortRole.STATISTICIAN).exists()


def imports_for(user: User) -> QuerySet[AnalysisDataset]:
    """Return what the person imported, newest first; raise Http404 for who may import nothing."""
    if not may_import(user):
        raise Http404
    return imports_of(user)


def imports_of(user: User) -> QuerySet[AnalysisDataset]:
    """Return what the person imported and may see, newest first."""
    return _listed(AnalysisDataset.objects.filter(_imported_by(user)))


def _listed(datasets: QuerySet[AnalysisDataset]) -> QuerySet[AnalysisDataset]:
    return (
        datasets.select_related("study", "model_version", "frozen_by")
        .prefetch_related("runs")
        .annotate(run_count=Count("runs"))
        .order_by("-pk")
    )


def _imported_by(user: User) -> Q:
    if not may_import(user):
        return Q(pk__in=())
    return Q(study=None, frozen_by=user)


def _visible_datasets(user: User) -> QuerySet[AnalysisDataset]:
    return AnalysisDataset.objects.filter(
        Q(study__isnull=False, study__in=studies_for(user)) | _imported_by(user)
    )


def unblinded_runs(study: Any) -> int:
    """Return how often this study's test set was analysed: re-use must be visible."""
    return AnalysisRun.objects.filter(dataset__study=study).count()


def unblinded_runs_of(dataset: AnalysisDataset) -> int:
    """Return how often the dataset's test set was analysed; of an import, the same table."""
    return _looks_at(dataset).count()


def _looks_at(dataset: AnalysisDataset) -> QuerySet[AnalysisRun]:
    if dataset.study is not None:
        return AnalysisRun.objects.filter(dataset__study=dataset.study)
    return AnalysisRun.objects.filter(dataset__study=None, dataset__digest=dataset.digest)


def dataset_for(user: User, public_id: uuid.UUID) -> AnalysisDataset:
    """Return the dataset, or raise Http404 when absent or not the person's."""
    found = (
        _visible_datasets(user)
        .select_related("study", "model_version", "frozen_by")
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise Http404
    return found


def run_for(user: User, public_id: uuid.UUID) -> AnalysisRun:
    """Return the run with its dataset, or raise Http404 when absent or not the person's."""
    found = (
        AnalysisRun.objects.select_related("dataset__study", "dataset__model_version")
        .filter(public_id=public_id, dataset__in=_visible_datasets(user))
        .first()
    )
    if found is None:
        raise Http404
    return found


def finished_run_for(user: User, public_id: uuid.UUID) -> AnalysisRun:
    """Return a run that has results, or raise Http404."""
    run = run_for(user, public_id)
    if not run.results_key:
        raise Http404
    return run


def frozen_table_of(dataset: AnalysisDataset) -> frozen_table.FrozenTable:
    """Return the dataset's table; raise DamagedBlob when its bytes changed."""
    return frozen_table.from_bytes(storage.get_checked(dataset.table_key))


def results_of(run: AnalysisRun) -> dict[str, Any]:
    """Return the run's results; raise DamagedBlob when their bytes changed."""
    results: dict[str, Any] = json.loads(results_bytes(run))
    return results


def document_of(run: AnalysisRun) -> Document:
    """Return the run's report; raise Http404 for a run of an earlier version, which has none."""
    if stored_document.NAME not in run.files:
        raise Http404
    return stored_document.from_bytes(file_bytes(run, stored_document.NAME))


def file_bytes(run: AnalysisRun, name: str) -> bytes:
    """Return one file of the run's report; raise DamagedBlob when its bytes changed."""
    return storage.get_checked(run.files[name])


def earlier_looks(run: AnalysisRun) -> list[datetime]:
    """Return when this run's test set was analysed before it."""
    before = _looks_at(run.dataset).filter(pk__lt=run.pk)
    return list(before.order_by("pk").values_list("requested_at", flat=True))


def results_bytes(run: AnalysisRun) -> bytes:
    """Return the run's results as the canonical JSON that its digest is taken over."""
    return storage.get_checked(run.results_key)


def finished_runs() -> QuerySet[AnalysisRun]:
    """Return every run with results (for the command that recomputes them)."""
    return AnalysisRun.objects.exclude(results_key="").select_related("dataset").order_by("pk")
