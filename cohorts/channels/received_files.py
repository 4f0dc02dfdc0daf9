"""cohorts.channels: what a C-STORE receiver keeps, so that nothing acknowledged is ever lost.

    incoming/<study>/<instance>.dcm     on the disk before the sender hears "success"
    ready/<key>/...                     a study that came to rest: one rename, then handed over

Names are digests of UIDs: a folder listing tells nothing of a patient.
"""

import filecmp
import hashlib
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from pydicom.errors import InvalidDicomError

from cohorts.channels.durable_files import sync_folder
from cohorts.dicom.bounded_reading import OBJECT_BOUNDS, read_bounded
from cohorts.dicom.errors import UNREADABLE_ERRORS

UNREADABLE: tuple[type[Exception], ...] = (InvalidDicomError, *UNREADABLE_ERRORS)
KEYWORDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "PatientID")
INCOMING, READY, TRANSIT = "incoming", "ready", "transit"


class StoreStatus(IntEnum):
    """Answers to C-STORE (DICOM PS3.4 table B.2-1, PS3.7 annex C)."""

    SUCCESS = 0x0000
    DUPLICATE = 0x0111
    OUT_OF_RESOURCES = 0xA700
    NOT_MATCHING = 0xA900
    CANNOT_UNDERSTAND = 0xC000


@dataclass(frozen=True, kw_only=True)
class ReceiverLimits:
    """How much is taken.

    Attributes
    ----------
    instance_bytes, study_bytes : int
        Largest instance, and all instances of a study together.
    study_instances : int
    reserve_bytes : int
        Room that is left on the disk for the rest of the installation.
    """

    instance_bytes: int = 1024**3
    study_bytes: int = 16 * 1024**3
    study_instances: int = 20_000
    reserve_bytes: int = 1024**3


class ReceivedFiles:
    """The private folder of one receiver; its methods may be called from several threads."""

    def __init__(self, folder: Path, limits: ReceiverLimits) -> None:
        self.folder, self.limits = folder, limits
        self._lock = threading.Lock()
        for name in (INCOMING, READY, TRANSIT):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in self.transit.iterdir():
            leftover.unlink()  # never acknowledged

    @property
    def transit(self) -> Path:
        """Where an instance lies until all of it has come."""
        return self.folder / TRANSIT

    def keep(self, arrived: Path, sop_instance_uid: str) -> tuple[StoreStatus, str]:
        """Keep an instance that lies in `transit`; return the answer and the study's folder name.

        With SUCCESS its bytes and name are on the disk.
        """
        study = _study_of(arrived, sop_instance_uid)
        if isinstance(study, StoreStatus):
            return study, ""
        with self._lock:
            try:
                return self._link(arrived, study, sop_instance_uid), study
            except OSError:
                # A full disk, mostly: the sender keeps the instance and can send it later.
                return StoreStatus.OUT_OF_RESOURCES, study

    def _link(self, arrived: Path, study: str, sop_instance_uid: str) -> StoreStatus:
        folder = self.folder / INCOMING / study
        target = folder / f"{_digest(sop_instance_uid)}.dcm"
        if target.exists():
            same = filecmp.cmp(arrived, target, shallow=False)
            return StoreStatus.SUCCESS if same else StoreStatus.DUPLICATE
        if not self._has_room(folder, arrived.stat().st_size):
            return StoreStatus.OUT_OF_RESOURCES
        is_new = not folder.exists()
        folder.mkdir(exist_ok=True, mode=0o700)
        with arrived.open("rb") as handle:
            os.fsync(handle.fileno())
        os.link(arrived, target)
        sync_folder(folder)
        if is_new:
            sync_folder(folder.parent)
        return StoreStatus.SUCCESS

    def _has_room(self, folder: Path, size: int) -> bool:
        held = [entry.stat().st_size for entry in os.scandir(folder)] if folder.exists() else []
        limits = self.limits
        return (
            size <= limits.instance_bytes
            and sum(held) + size <= limits.study_bytes
            and len(held) < limits.study_instances
            and shutil.disk_usage(self.folder).free > limits.reserve_bytes
        )

    def come_to_rest(self, quiet_s: float, busy: frozenset[str]) -> Iterator[tuple[str, Path]]:
        """Yield (key, folder) of each study that is complete as far as anyone can tell.

        What an earlier process had set aside comes first. ``busy`` are studies of associations
        that are still open. The caller calls `forget` once a study is handed over.
        """
        with self._lock:
            for folder in sorted((self.folder / INCOMING).iterdir()):
                quiet = time.time() - folder.stat().st_mtime >= quiet_s
                if quiet and folder.name not in busy:
                    folder.rename(self.folder / READY / uuid.uuid4().hex)
            sync_folder(self.folder / READY)
        for folder in sorted((self.folder / READY).iterdir()):
            yield folder.name, folder

    def forget(self, key: str) -> None:
        """Remove a study that intake has."""
        shutil.rmtree(self.folder / READY / key)


def _study_of(arrived: Path, sop_instance_uid: str) -> str | StoreStatus:
    """Return the folder name of the instance's study, or why the instance is not taken."""
    try:
        # Bounded: no child stands between a sender and this process.
        header = read_bounded(
            arrived, name="", keywords=KEYWORDS, bounds=OBJECT_BOUNDS, stop_before_pixels=True
        )
        told = str(header.get("SOPInstanceUID", ""))
        sop_class = str(header.get("SOPClassUID", ""))
        study = str(header.get("StudyInstanceUID", ""))
        # Of one study, images under two patient ids are two patients' until somebody says so.
        patient = str(header.get("PatientID", ""))
    except UNREADABLE:
        return StoreStatus.CANNOT_UNDERSTAND
    if told != sop_instance_uid or sop_class != str(header.file_meta.MediaStorageSOPClassUID):
        return StoreStatus.NOT_MATCHING
    return _digest(f"{study}\x1f{patient}") if study else StoreStatus.CANNOT_UNDERSTAND


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
