"""Writes of the analysis floor: freezing data, importing data, requesting runs."""

from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit
from accounts.models import User
from cohorts import storage
from inference.selectors import shortcoming_of as model_shortcoming
from jobs.code_version import code_version
from jobs.models import JobState
from readerstudy.analysis import dataset as joining
from readerstudy.analysis import frozen_table, selectors
from readerstudy.analysis.comparator import Role
from readerstudy.analysis.imported_columns import ImportRefusedError
from readerstudy.analysis.imported_table import table_from
from readerstudy.analysis.models import AnalysisDataset, AnalysisRun
from readerstudy.analysis.tasks import run_analysis
from readerstudy.reading.plan import default_plan


def freeze_dataset(
    *,
    by: User,
    study: Any,
    model: Any | None = None,
    interim: bool = False,
    role: str | None = None,
) -> AnalysisDataset:
    """Join truth, calls and one model's predictions into a table that never changes again.

    Refused while the study is open, unless ``interim`` is said explicitly; refused without released
    truth, without submitted cases, or when masks differ. ``role`` is ``primary`` or
    ``exploratory``; unsaid, it is primary where the model may be that. An untrained or incomplete
    version may not.
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
    part = _role(model, role)
    frozen = joining.join(study, model, interim=study.state == "open", role=part)
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
        told = {"digest": dataset.digest} | ({} if part is None else {"role": part.value})
        audit.record(by=by, verb="freeze_dataset", target=dataset, new=told)
    return dataset


def import_dataset(
    *,
    by: User,
    title: str,
    file_name: str,
    data: bytes,
    model_name: str = "",
    ignore_unknown: bool = False,
) -> AnalysisDataset:
    """Freeze a study that was read elsewhere, from one CSV file; only its importer sees it.

    Refused with the file's line and column where it cannot be read, and to who is no statistician
    of any cohort.
    """
    if not selectors.may_import(by):
        raise PermissionDenied("Only a statistician of a cohort may import a study.")
    if not title.strip():
        raise ValidationError("Give the study a title.", code="no_title")
    plan = default_plan()
    # Imported scores come without thresholds: the report chooses them on these data and says so.
    plan["thresholds"]["source"] = "chosen_here"
    try:
        frozen = table_from(
            data,
            file_name=file_name,
            title=title.strip(),
            plan=plan,
            model_name=model_name.strip(),
            ignore_unknown=ignore_unknown,
        )
    except ImportRefusedError as refusal:
        raise ValidationError(str(refusal), code="import_refused") from refusal
    table = frozen_table.to_bytes(frozen)
    with transaction.atomic():
        dataset = AnalysisDataset(
            title=title.strip(),
            sources=dict(frozen.sources),
            table_key=storage.put(table),
            rows=len(frozen.table.rows),
            frozen_by=by,
        )
        dataset.digest = dataset.table_key
        dataset.full_clean()
        dataset.save()
        told = {"digest": dataset.digest, "file_sha256": frozen.sources["file_sha256"]}
        audit.record(by=by, verb="import_dataset", target=dataset, new=told)
    return dataset


def _role(model: Any | None, asked: str | None) -> Role | None:
    """Return the model's role; refuse as primary a model no conclusion may rest on."""
    if asked is not None and asked not in list(Role):
        raise ValidationError(f"Role must be {' or '.join(Role)}, not '{asked[:40]}'.", code="role")
    if model is None:
        return None
    shortcoming = model_shortcoming(model)
    if asked == Role.PRIMARY and shortcoming:
        raise ValidationError(
            f"'{model.name}' cannot be the primary model of an analysis ({shortcoming}): freeze it "
            "as exploratory, or choose another model.",
            code="not_primary",
        )
    if asked is not None:
        return Role(asked)
    return Role.EXPLORATORY if shortcoming else Role.PRIMARY


@transaction.atomic
def request_analysis(*, by: User, dataset: AnalysisDataset, seed: int = 0) -> AnalysisRun:
    """Ask the worker for the results of a dataset; each request is counted as an unblinding."""
    _authorise(by, dataset)
    run = AnalysisRun.objects.create(
        dataset=dataset,
        code_version=code_version(),
        seed=seed,
        requested_by=by,
        unblinding=selectors.unblinded_runs_of(dataset) + 1,
    )
    audit.record(by=by, verb="request_analysis", target=run, new={"dataset": dataset.digest})
    transaction.on_commit(partial(run_analysis.enqueue, run.pk))
    return run


@transaction.atomic
def cancel_analysis(*, by: User, run: AnalysisRun) -> AnalysisRun:
    """Ask a run to end."""
    _authorise(by, run.dataset)
    if run.is_over:
        raise ValidationError("This run has ended already.", code="run_over")
    AnalysisRun.objects.filter(pk=run.pk).update(cancel_requested=True)
    # Nobody works on it yet: there is nothing to wait for.
    AnalysisRun.objects.filter(pk=run.pk, state=JobState.REQUESTED).update(state=JobState.CANCELLED)
    audit.record(by=by, verb="cancel_analysis", target=run)
    run.refresh_from_db()
    return run


def _authorise(by: User, dataset: AnalysisDataset) -> None:
    """Refuse whoever may not analyse the dataset's study, or did not import it."""
    if dataset.study is not None:
        _authorised(by, dataset.study)
    elif dataset.frozen_by_id != by.pk or not selectors.may_import(by):
        raise PermissionDenied("Only the statistician who imported these data may analyse them.")


def _authorised(by: User, study: Any) -> Any:
    """Return the study as it stands now."""
    current = selectors.studies_for(by).filter(pk=study.pk).first()
    if current is None:
        raise PermissionDenied("Only a statistician of every cohort of the study may analyse it.")
    return current
