"""Prepared patients -> rows and blobs: each patient whole, or nothing of it."""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts import audit
from cohorts import intake_report, storage
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.reading_child import PreparedPatient
from cohorts.models import (
    Candidate,
    CandidateDecision,
    Cohort,
    CTSeries,
    IntakeUpload,
    Node,
    NodeMask,
    Patient,
    StationMask,
)

PSEUDONYM = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")
NUMBERED = re.compile(r"^P(\d{3,})$")
FIRST_VERSION = 1


@dataclass
class CannotStoreError(Exception):
    """A readable patient that this cohort cannot take."""

    code: str
    message: str
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One accepted patient as the reading child left it."""

    folder: Path
    record: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> "Case":
        """Read the folder's description."""
        record = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        return cls(folder=folder, record=record)

    @property
    def hu_sha256(self) -> str:
        """Digest of the Hounsfield values."""
        return str(self.record["hu_int16_sha256"])

    def blobs(self) -> list[tuple[Path, str]]:
        """Return file and digest of the header, and of every frame and mask."""
        masks = [one["mask"] for one in (*self.record["nodes"], *self.stations)]
        entries = [self.record["header"], *self.record["frames"], *masks]
        return [(self.folder / entry["file"], entry["sha256"]) for entry in entries]

    @property
    def stations(self) -> list[dict[str, Any]]:
        """Side, level and mask of each station; none in a folder from before they were kept."""
        return list(self.record.get("stations", []))

    def mask_digest(self, node: dict[str, Any]) -> str:
        """Return the digest of one node's mask."""
        voxels = stored_hu_sha256(self.hu_sha256, self.record["deidentification"])
        return mask_digest(voxels, self.folder / node["mask"]["file"])

    def mask_digests(self) -> dict[int, str]:
        """Return the digest of each node's mask by node number."""
        return {node["label"]: self.mask_digest(node) for node in self.record["nodes"]}


def stored_hu_sha256(hu_sha256: str, deidentification: dict[str, Any]) -> str:
    """Return the digest of the voxels as stored: another than the CT's where a face was blanked."""
    protection = deidentification.get("face_protection", {})
    return str(protection.get("stored_hu_int16_sha256") or hu_sha256)


def mask_digest(hu_sha256: str, runs: Path) -> str:
    """Return the digest that ties a mask to the Hounsfield values under it."""
    return hashlib.sha256(hu_sha256.encode("ascii") + runs.read_bytes()).hexdigest()


def cohort_secret(cohort: Cohort) -> str:
    """Return the key by which UIDs and dates of this cohort's sources are replaced."""
    key = hashlib.sha256(b"nodewise-deidentification:" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, str(cohort.public_id).encode(), hashlib.sha256).hexdigest()


def options_of(upload: IntakeUpload) -> IntakeOptions:
    """Return the decisions stored with an upload, with the cohort's key."""
    return IntakeOptions.from_dict({**upload.options, "secret": cohort_secret(upload.cohort)})


def source_key(cohort: Cohort, case: Case) -> str:
    """Return the keyed digest that finds a patient's second import; it cannot be read back."""
    patient_id = str(case.record["source_patient_id"])
    # Without a PatientID the images themselves say whose they are.
    return source_key_of(cohort, patient_id) if patient_id else _key(cohort, f"hu:{case.hu_sha256}")


def source_key_of(cohort: Cohort, patient_id: str) -> str:
    """Return the keyed digest of a patient whose files carry a PatientID."""
    return _key(cohort, f"id:{patient_id}")


def _key(cohort: Cohort, who: str) -> str:
    key = hashlib.sha256(b"nodewise-source:" + settings.SECRET_KEY.encode()).digest()
    message = f"{cohort.public_id}\x1f{who}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def store(
    upload: IntakeUpload, prepared: PreparedPatient, ids: intake_report.Ids
) -> dict[str, Any]:
    """Store one prepared patient and return its entry in the report; safe to repeat.

    ``ids`` are the PatientIDs that the entry must not show.
    """
    source_id = prepared.source_patient_id
    key = source_key_of(upload.cohort, source_id) if source_id else ""
    if prepared.refusal is not None:
        return intake_report.refused(prepared, ids, prepared.refusal) | {"source_key": key}
    if prepared.questions:
        return intake_report.asked(prepared, ids)
    if prepared.directory is None:
        raise RuntimeError("a patient came without a folder and without a refusal")
    case = Case.load(prepared.directory)
    try:
        patient, is_new = _store_case(upload, case)
    except CannotStoreError as refusal:
        refusal.file = prepared.folder
        return intake_report.refused(prepared, ids, refusal) | {"source_key": key}
    outcome = intake_report.ACCEPTED if is_new else intake_report.ALREADY_THERE
    return intake_report.stored(prepared, ids, patient, outcome=outcome, record=case.record)


def _store_case(upload: IntakeUpload, case: Case) -> tuple[Patient, bool]:
    # Asked twice: here to save the copying, and under the lock to be sure.
    known = _check(upload, case)
    if known is not None:
        return known, False
    fresh: list[str] = []
    try:
        for path, digest in case.blobs():
            _put(path, digest, fresh)
        return _write_rows(upload, case, fresh)
    except BaseException:
        _remove_unused(fresh)
        raise


def _check(upload: IntakeUpload, case: Case) -> Patient | None:
    """Return the patient if the same case is there, None if it can be stored; raise otherwise."""
    known = _known(upload.cohort, case)
    if known is None:
        _refuse_pseudonym(upload, case)
    return known


def _known(cohort: Cohort, case: Case) -> Patient | None:
    """Return the patient if the same case is there; raise where another one is in its place."""
    found = Patient.objects.filter(cohort=cohort, source_key=source_key(cohort, case)).first()
    if found is None:
        _refuse_same_ct(cohort, case)
        return None
    if found.series.hu_sha256 != case.hu_sha256:
        raise CannotStoreError(
            "conflicting_ct",
            f"this patient is in the cohort as {found.pseudonym} with another CT; nothing was "
            "changed. One CT per patient is read: take the one that is meant, in a new cohort if "
            "the stored one is wrong",
        )
    stored = stored_hu_sha256(found.series.hu_sha256, found.series.deidentification)
    if stored != stored_hu_sha256(case.hu_sha256, case.record["deidentification"]):
        raise CannotStoreError(
            "conflicting_protection",
            f"this patient is in the cohort as {found.pseudonym} with the same CT and another "
            "choice of face protection; nothing was changed. Import with the choice that was made "
            "first, or into a new cohort",
        )
    imported = NodeMask.objects.filter(node__patient=found, version=FIRST_VERSION)
    if dict(imported.values_list("node__number", "digest")) != case.mask_digests():
        raise CannotStoreError(
            "conflicting_masks",
            f"this patient is in the cohort as {found.pseudonym} with the same CT and other node "
            "masks; nothing was changed. Refine masks in Nodewise, or import into a new cohort",
        )
    return found


def _refuse_same_ct(cohort: Cohort, case: Case) -> None:
    twin = Patient.objects.filter(cohort=cohort, series__hu_sha256=case.hu_sha256).first()
    if twin is not None:
        raise CannotStoreError(
            "same_ct_twice",
            f"the same CT is in the cohort as {twin.pseudonym} under another PatientID; a patient "
            "must not be read twice. Find out whose images these are",
        )


def _refuse_pseudonym(upload: IntakeUpload, case: Case) -> None:
    """Raise when a PatientID that is to be kept cannot serve as a pseudonym."""
    if not upload.keep_patient_ids:
        return
    wanted = str(case.record["source_patient_id"])
    if not PSEUDONYM.match(wanted):
        raise CannotStoreError(
            "pseudonym_form",
            "PatientID cannot be kept as the pseudonym: expected 1 to 32 letters, digits, hyphens "
            "or underscores, beginning with a letter or digit. Rename it, or import without "
            "keeping PatientIDs",
        )
    if Patient.objects.filter(cohort=upload.cohort, pseudonym=wanted).exists():
        raise CannotStoreError(
            "pseudonym_taken",
            f"another patient of the cohort has the pseudonym {wanted} already; rename the "
            "PatientID, or import without keeping PatientIDs",
        )


def _next_pseudonym(cohort: Cohort) -> str:
    taken = cohort.patients.values_list("pseudonym", flat=True)
    numbers = [int(match[1]) for name in taken if (match := NUMBERED.match(name))]
    return f"P{max(numbers, default=0) + 1:03d}"


def _put(path: Path, digest: str, fresh: list[str]) -> None:
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise OSError("a prepared file changed on the disk before it was stored")
    if not storage.exists(digest):
        fresh.append(digest)
    storage.put(data)


def _lock_intake() -> None:
    """Let one patient be written at a time, whatever the cohort.

    Numbered pseudonyms need it, and so does the removal of blobs: two cohorts may share a frame.
    """
    list(Cohort.objects.order_by("pk").select_for_update(no_key=True))


@transaction.atomic
def _write_rows(upload: IntakeUpload, case: Case, fresh: list[str]) -> tuple[Patient, bool]:
    _lock_intake()
    known = _check(upload, case)
    if known is not None:
        return known, False
    for path, digest in case.blobs():
        # A failing neighbour may have removed a blob that was there when we looked.
        if not storage.exists(digest):
            _put(path, digest, fresh)
    patient = _write_patient(upload, case)
    for node in case.record["nodes"]:
        _write_node(patient, case, node)
    for one in case.stations:
        StationMask.objects.create(
            patient=patient, side=one["side"], level=one["level"], runs_key=one["mask"]["sha256"]
        )
    audit.record(
        by=upload.requested_by,
        verb="store_patient",
        target=patient,
        new={
            "cohort": upload.cohort.name,
            "pseudonym": patient.pseudonym,
            "hu_sha256": case.hu_sha256,
            "masks": sorted(case.mask_digests().values()),
        },
    )
    return patient, True


def _write_patient(upload: IntakeUpload, case: Case) -> Patient:
    record, cohort = case.record, upload.cohort
    kept = str(record["source_patient_id"]) if upload.keep_patient_ids else ""
    patient = Patient(
        cohort=cohort,
        pseudonym=kept or _next_pseudonym(cohort),
        source_key=source_key(cohort, case),
    )
    patient.full_clean(exclude=["age_years"])
    patient.save()
    CTSeries.objects.create(
        patient=patient,
        geometry=record["geometry"],
        frames=[{"sha256": one["sha256"], "bytes": one["bytes"]} for one in record["frames"]],
        hu_offset=record["frame_metadata"]["RescaleIntercept"],
        bits_stored=record["frame_metadata"]["BitsStored"],
        hu_sha256=case.hu_sha256,
        attributes=record["attributes"],
        notes=_lasting(record["notes"]),
        warnings=record["warnings"],
        deidentification=record["deidentification"],
        header_key=record["header"]["sha256"],
        **_served_uids(cohort, case),
    )
    return patient


def _served_uids(cohort: Cohort, case: Case) -> dict[str, str]:
    """Return the UIDs of the header under which DICOMweb serves the case.

    None where another patient of the cohort has the study already: a study is one patient's.
    """
    header = json.loads((case.folder / case.record["header"]["file"]).read_text(encoding="utf-8"))
    study_uid = str(header["common"]["0020000D"]["Value"][0])
    if CTSeries.objects.filter(patient__cohort=cohort, study_uid=study_uid).exists():
        return {}
    return {
        "study_uid": study_uid,
        "series_uid": str(header["common"]["0020000E"]["Value"][0]),
    }


def _lasting(notes: list[str]) -> list[str]:
    """Return the notes that may stay with the case: those that name no file of the source."""
    general = [note for note in notes if ": " not in note]
    about_files = len(notes) - len(general)
    if about_files:
        general.append(f"{about_files} remarks about single files: see the report of the import")
    return general


def _write_node(patient: Patient, case: Case, node: dict[str, Any]) -> None:
    NodeMask.objects.create(
        node=Node.objects.create(
            patient=patient,
            number=node["label"],
            auto_side=node["auto_side"],
            auto_level=node["auto_level"],
            neighbouring_station=node["neighbouring_station"],
        ),
        version=FIRST_VERSION,
        digest=case.mask_digest(node),
        runs_key=node["mask"]["sha256"],
        bounding_box=node["box"],
        centroid_zyx=node["centroid_zyx"],
        voxels=node["voxels"],
        volume_ml=node["volume_ml"],
        short_axis_mm=node["short_axis_mm"],
        long_axis_mm=node["long_axis_mm"],
        touches_border=node["touches_border"],
        border_mm=node["border_mm"],
    )


@transaction.atomic
def _remove_unused(keys: list[str]) -> None:
    """Remove blobs written for a patient that was not stored, unless a stored one has them too."""
    if not keys:
        return
    _lock_intake()
    used: set[str] = set()
    for model in (NodeMask, StationMask, Candidate, CandidateDecision):
        rows = model._base_manager.filter(runs_key__in=keys)
        used.update(rows.values_list("runs_key", flat=True))
    for header, frames in CTSeries.objects.values_list("header_key", "frames").iterator():
        used.update({header, *(frame["sha256"] for frame in frames)})
    for key in set(keys) - used:
        storage.remove(key)
