"""Writes of the reading room: a study's life, its readers, their calls."""

from readerstudy.reading.services.calls import (
    CallGiven,
    EventGiven,
    SavedCall,
    open_case,
    record_events,
    submit_call,
    submit_case,
)
from readerstudy.reading.services.opening import open_study
from readerstudy.reading.services.plans import amend_plan, change_plan, save_plan
from readerstudy.reading.services.readers import (
    NewAccount,
    accept_invitation,
    add_reader,
    invite_reader,
    remove_reader,
    revoke_invitation,
)
from readerstudy.reading.services.studies import (
    close_study,
    create_study,
    reopen_case,
    update_protocol,
)

__all__ = [
    "CallGiven",
    "EventGiven",
    "NewAccount",
    "SavedCall",
    "accept_invitation",
    "add_reader",
    "amend_plan",
    "change_plan",
    "close_study",
    "create_study",
    "invite_reader",
    "open_case",
    "open_study",
    "record_events",
    "remove_reader",
    "reopen_case",
    "revoke_invitation",
    "save_plan",
    "submit_call",
    "submit_case",
    "update_protocol",
]
