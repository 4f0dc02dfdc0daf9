"""All that is stored of cohorts, piece by piece, for the search for identifiers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db.models import Model, QuerySet

from accounts.models import AuditEvent
from cohorts import storage
from cohorts.models import (
    ArchivePull,
    ArchiveSearch,
    ArrivingUpload,
    Candidate,
    CandidateDecision,
    CandidateRun,
    Cohort,
    CTSeries,
    DicomwebToken,
    IntakeUpload,
    MaskEdit,
    Node,
    NodeMask,
    Patient,
    StationMask,
)

PATH_TO_COHORT: dict[type[Model], str] = {
    Patient: "cohort",
    CTSeries: "patient__cohort",
    Node: "patient__cohort",
    NodeMask: "node__patient__cohort",
    StationMask: "patient__cohort",
    IntakeUpload: "cohort",
    ArrivingUpload: "cohort",
    ArchiveSearch: "cohort",
    ArchivePull: "search__cohort",
    DicomwebToken: "cohort",
    MaskEdit: "patient__cohort",
    CandidateRun: "patient__cohort",
    Candidate: "run__patient__cohort",
    CandidateDecision: "candidate__run__patient__cohort",
}
ON_THEIR_WAY = {"drop folder": "DROP_DIR", "pulls": "PULL_DIR", "received": "RECEIVED_DIR"}
"""Folders of files that intake has not taken in yet, by their settings."""


@dataclass(frozen=True)
class Piece:
    """Some stored bytes and the place where they are."""

    place: str
    data: bytes


def stored_content(cohort: Cohort | None, *, frames: bool = True) -> Iterator[Piece]:
    """Yield rows, blobs and, without a cohort, the audit trail and files on their way.

    Parameters
    ----------
    cohort : Cohort or None
        Only what belongs to this cohort; None: everything.
    frames : bool
        Whether the frames' compressed bytes are among it.
    """
    for rows in _tables(cohort):
        yield from _rows(rows)
    yield from _blobs(cohort, frames)
    if cohort is None:
        for place, setting in ON_THEIR_WAY.items():
            yield from _folder(place, Path(getattr(settings, setting)))


def _tables(cohort: Cohort | None) -> Iterator[QuerySet[Model]]:
    if cohort is not None:
        for model, path in PATH_TO_COHORT.items():
            yield model._base_manager.filter(**{path: cohort})
        return
    for model in apps.get_app_config("cohorts").get_models():
        yield model._base_manager.all()
    yield AuditEvent.objects.all()


def _rows(rows: QuerySet[Model]) -> Iterator[Piece]:
    name = str(rows.model._meta.verbose_name)
    for row in rows.order_by("pk").values().iterator():
        for field, value in row.items():
            if value not in (None, ""):
                text = json.dumps(value, default=str, ensure_ascii=False)
                yield Piece(f"database: {name} {row['id']}, {field}", text.encode())


def _blobs(cohort: Cohort | None, frames: bool) -> Iterator[Piece]:
    series = CTSeries.objects.select_related("patient")
    if cohort is not None:
        series = series.filter(patient__cohort=cohort)
    for one in series.order_by("pk").iterator():
        if one.header_key:
            yield Piece(f"blob: header of CT series {one.pk}", storage.get(one.header_key))
        for index, frame in enumerate(one.frames if frames else []):
            yield Piece(f"blob: frame {index} of CT series {one.pk}", storage.get(frame["sha256"]))
    yield from _mask_blobs(cohort)


def _mask_blobs(cohort: Cohort | None) -> Iterator[Piece]:
    """Yield masks of nodes and stations, and of candidates as proposed and as changed."""
    for model in (NodeMask, StationMask, Candidate, CandidateDecision):
        rows = model._base_manager.exclude(runs_key="")
        if cohort is not None:
            rows = rows.filter(**{PATH_TO_COHORT[model]: cohort})
        name = "mask" if model is NodeMask else str(model._meta.verbose_name)
        for pk, key in rows.order_by("pk").values_list("pk", "runs_key").iterator():
            yield Piece(f"blob: {name} {pk}", storage.get(key))


def _folder(place: str, folder: Path) -> Iterator[Piece]:
    for number, path in enumerate(sorted(folder.rglob("*")), start=1):
        # Numbered, not named: a name may be what is looked for.
        yield Piece(f"{place}: name of entry {number}", path.name.encode())
        if path.is_file():
            yield Piece(f"{place}: content of entry {number}", path.read_bytes())
