"""Uploads of checkpoint files, and how far each is: only the sender sees them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from accounts.models import User
from inference.member_inventory import EXPECTED_PER_SIDE
from inference.models import ModelMember, ModelUpload, ModelUploadFile, TrainingMember
from inference.runner import preparation_of
from inference.selectors.versions import coordinates


@dataclass(frozen=True, kw_only=True)
class Place:
    """One place of an ensemble, and the file that stands for it, if there is one."""

    run: int
    fold: int
    file: ModelUploadFile | None

    @property
    def state(self) -> str:
        """``missing``, ``good`` or ``refused``; sending and checking are the page's to know."""
        if self.file is None:
            return "missing"
        return "refused" if self.file.problem else "good"


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Which members of an ensemble are there."""

    expected: int
    rows: tuple[tuple[Place, ...], ...]

    @property
    def good(self) -> int:
        """How many members were checked and kept."""
        return sum(place.state == "good" for row in self.rows for place in row)

    @property
    def refused(self) -> int:
        """How many files are no member, whatever their path says."""
        return sum(place.state == "refused" for row in self.rows for place in row)

    @property
    def sentence(self) -> str:
        """``25 of 25 members``."""
        return f"{self.good} of {self.expected} members"


def may_register(user: User) -> bool:
    """Say whether the person may register models."""
    return coordinates(user)


def registering_person(user: User) -> User:
    """Return the person; raise Http404 unless they may register models."""
    if not may_register(user):
        raise Http404
    return user


def model_uploads_for(user: User) -> QuerySet[ModelUpload]:
    """Return the person's uploads that are not registered yet, newest first."""
    return (
        ModelUpload.objects.filter(owner=registering_person(user), model_version=None)
        .annotate(good_count=Count("files", filter=Q(files__problem="")))
        .order_by("-pk")
    )


def model_upload_for(user: User, public_id: uuid.UUID) -> ModelUpload:
    """Return the person's own upload, registered or not; raise Http404 otherwise."""
    found = (
        ModelUpload.objects.select_related("model_version")
        .filter(owner=registering_person(user), public_id=public_id)
        .first()
    )
    if found is None:
        raise Http404
    return found


def inventory_of(upload: ModelUpload) -> Inventory:
    """Return the upload's members by run and fold."""
    expected = preparation_of(upload.architecture).expected_members
    return inventory(expected, list(upload.files.all()))


def inventory(expected: int, files: Sequence[ModelUploadFile]) -> Inventory:
    """Lay the files out by run (rows) and fold; places beyond the expected ones appear with them.

    25 members are five runs of five folds; fewer lie in one row.
    """
    by_place = {(file.run, file.fold): file for file in files if file.run is not None}
    whole = expected == EXPECTED_PER_SIDE**2
    runs, folds = (EXPECTED_PER_SIDE, EXPECTED_PER_SIDE) if whole else (1, expected)
    runs = max([runs, *(run + 1 for run, _ in by_place if run is not None)])
    folds = max([folds, *(fold + 1 for _, fold in by_place if fold is not None)])
    rows = tuple(
        tuple(Place(run=run, fold=fold, file=by_place.get((run, fold))) for fold in range(folds))
        for run in range(runs)
    )
    return Inventory(expected=expected, rows=rows)


def is_checkpoint_used(sha256: str) -> bool:
    """Say whether a model version, an upload or a training run refers to this file."""
    return (
        ModelMember.objects.filter(sha256=sha256).exists()
        or ModelUploadFile.objects.filter(sha256=sha256, problem="").exists()
        or TrainingMember.objects.filter(checkpoint_sha256=sha256).exists()
    )
