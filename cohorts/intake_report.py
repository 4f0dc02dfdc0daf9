"""The report of an upload: one entry per patient, fit to be stored and shown to coordinators.

Folders and files are often named by patients. Unless the coordinator said that the ids are
pseudonyms, a name in a path that is a PatientID is replaced before anything is stored. Other names
are kept as long as somebody needs them to find a file: see `settled` and `without_names`.
"""

import re
from typing import Any, Protocol

from cohorts.dicom.errors import IntakeError
from cohorts.dicom.reading_child import Plan, PreparedPatient
from cohorts.models import IntakeUpload, Patient
from cohorts.neutral_names import neutral_note
from cohorts.refused_patients import suggested_exclusion

ACCEPTED = "accepted"
ALREADY_THERE = "already_there"
REFUSED = "refused"
ASKED = "asked"
NOT_ANSWERED = "not_answered"
STORED = frozenset({ACCEPTED, ALREADY_THERE})
HIDDEN = "[PatientID]"
REMOVED = "the files' names were removed, and the sentence with them; the code says the reason"

Ids = frozenset[str]


class Refusal(Protocol):
    """What readers and stores of a patient refuse with."""

    @property
    def code(self) -> str: ...

    @property
    def message(self) -> str: ...

    @property
    def file(self) -> str: ...


def ids_to_hide(upload: IntakeUpload, plan: Plan) -> Ids:
    """Return the PatientIDs that must not be stored."""
    if upload.keep_patient_ids:
        return frozenset()
    return frozenset(plan.source_patient_ids) - {""}


def start(plan: Plan, ids: Ids) -> dict[str, Any]:
    """Return the report of an upload that could be read, without its patients."""
    return {
        "refusal": None,
        "notes": [hide(note, ids) for note in plan.notes],
        "patients": [],
    }


def refused_whole(upload: IntakeUpload, refusal: IntakeError) -> dict[str, Any]:
    """Return the report of an upload that could not be read at all."""
    kept = upload.report.get("patients", [])
    return {"refusal": _sentence(refusal, frozenset()), "notes": [], "patients": kept}


def stored(
    prepared: PreparedPatient, ids: Ids, patient: Patient, *, outcome: str, record: dict[str, Any]
) -> dict[str, Any]:
    """Return the entry of a patient that is in the cohort now, as its ``case.json`` has it.

    Nobody has to find its files any more: their names are left out.
    """
    entry = _entry(prepared, ids)
    return {
        **entry,
        "file": "",
        "notes": [neutral_note(note) for note in entry["notes"]],
        "warnings": record["warnings"],
        "outcome": outcome,
        "pseudonym": patient.pseudonym,
        "patient": str(patient.public_id),
        "slices": len(patient.series.frames),
        "nodes": len(record["nodes"]),
    }


def asked(prepared: PreparedPatient, ids: Ids) -> dict[str, Any]:
    """Return the entry of a patient about whom something is asked first."""
    questions = [
        {
            **question.as_dict(),
            "sentence": hide(question.sentence, ids),
            "file": hide(question.file, ids),
            "choices": [
                {"value": choice.value, "label": hide(choice.label, ids)}
                for choice in question.choices
            ],
        }
        for question in prepared.questions
    ]
    return {**_entry(prepared, ids), "outcome": ASKED, "questions": questions}


def not_answered(report: dict[str, Any]) -> dict[str, Any]:
    """Return the report with every patient refused about whom a question stayed open."""
    refusal = {
        "outcome": REFUSED,
        "code": NOT_ANSWERED,
        "sentence": "a question was not answered, and the files were removed; upload the patient "
        "again to answer it",
        "questions": [],
    }
    patients = [
        {**entry, **refusal} if entry["outcome"] == ASKED else entry
        for entry in report.get("patients", [])
    ]
    return {**report, "patients": patients}


def is_settled(report: dict[str, Any]) -> bool:
    """Say whether every patient of an upload is stored, so that nobody looks for a file of it."""
    patients = report.get("patients", [])
    return not report.get("refusal") and all(entry["outcome"] in STORED for entry in patients)


def settled(report: dict[str, Any]) -> dict[str, Any]:
    """Return the report of an upload of which every patient is stored."""
    notes = [neutral_note(note) for note in report.get("notes", [])]
    return {**report, "notes": notes, "names_removed": True}


def without_names(report: dict[str, Any]) -> dict[str, Any]:
    """Return the report without anything that the coordinator or the files had given a name."""
    refusal = report.get("refusal")
    return {
        **report,
        "refusal": refusal and {**refusal, "file": "", "sentence": REMOVED},
        "notes": _counted(report.get("notes", [])),
        "patients": [_nameless(entry) for entry in report.get("patients", [])],
        "names_removed": True,
    }


def _nameless(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        **entry,
        "file": "",
        "sentence": REMOVED if entry["code"] not in ("", NOT_ANSWERED) else entry["sentence"],
        "notes": _counted(entry["notes"]),
        "questions": [],
    }


def _counted(notes: list[str]) -> list[str]:
    return [f"{len(notes)} remarks, removed with the names in them"] if notes else []


def open_questions(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every open question of an upload, patient by patient, each id once.

    ``position`` is the number of the patient in the upload.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in report.get("patients", []):
        for question in entry.get("questions", []):
            found.setdefault(question["id"], {**question, "position": entry["position"]})
    return list(found.values())


def refused(prepared: PreparedPatient, ids: Ids, refusal: Refusal) -> dict[str, Any]:
    """Return the entry of a patient that was refused."""
    return {
        **_entry(prepared, ids),
        "outcome": REFUSED,
        **_sentence(refusal, ids),
        "exclusion_code": suggested_exclusion(str(refusal.code)),
    }


def _entry(prepared: PreparedPatient, ids: Ids) -> dict[str, Any]:
    return {
        "position": prepared.index + 1,
        "outcome": "",
        "pseudonym": "",
        "patient": None,
        "file": hide(prepared.folder, ids),
        "code": "",
        "sentence": "",
        "notes": [hide(note, ids) for note in prepared.notes],
        "slices": 0,
        "nodes": 0,
        "warnings": [],
        "questions": [],
        "exclusion_code": "",
    }


def _sentence(refusal: Refusal, ids: Ids) -> dict[str, str]:
    return {
        "code": str(refusal.code),
        "sentence": hide(refusal.message, ids),
        "file": hide(refusal.file, ids),
    }


def hide(text: str, ids: Ids) -> str:
    """Replace names in paths that are one of ``ids``, with or without an ending."""
    if text in ids:
        return HIDDEN
    for patient_id in sorted(ids, key=len, reverse=True):
        name = re.escape(patient_id)
        # Only beside a slash or before an ending: an id such as "1" is also an ordinary word.
        first = rf"(?:(?<=^)|(?<=[\s/])){name}(?=/|\.(?:nii|dcm|ima|zip)\b)"
        last = rf"(?<=/){name}(?=$|[\s:,;.])"
        text = re.sub(f"{first}|{last}", HIDDEN, text, flags=re.IGNORECASE)
    return text
