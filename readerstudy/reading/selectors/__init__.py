"""Reads of the reading room: the reader's side, the coordinator's side, and the results."""

from readerstudy.reading.selectors.coordination import (
    assignment_for,
    invitation_for,
    invitation_with,
    may_manage,
    open_invitations,
    progress_of,
    reader_for,
    studies_of,
    study_for,
    study_sizes,
    submitted_cases,
    unsubmitted_count,
)
from readerstudy.reading.selectors.reader import (
    case_for,
    case_state,
    cases_of,
    is_reader,
    next_case,
    pictures_for,
    study_reader_for,
    study_readers_of,
    submitted_count,
)
from readerstudy.reading.selectors.results import CallRow, calls_of, studies_on, studies_within
from readerstudy.reading.selectors.roles import reading_conflict, roles_against_reading

__all__ = [
    "CallRow",
    "assignment_for",
    "calls_of",
    "case_for",
    "case_state",
    "cases_of",
    "invitation_for",
    "invitation_with",
    "is_reader",
    "may_manage",
    "next_case",
    "open_invitations",
    "pictures_for",
    "progress_of",
    "reader_for",
    "reading_conflict",
    "roles_against_reading",
    "studies_of",
    "studies_on",
    "studies_within",
    "study_for",
    "study_reader_for",
    "study_readers_of",
    "study_sizes",
    "submitted_cases",
    "submitted_count",
    "unsubmitted_count",
]
