"""Writes of the ground floor: cohorts, their members, exclusions, and the start of intake."""

from cohorts.services.excluding import exclude_patient, include_patient
from cohorts.services.members import add_member, create_cohort, remove_member
from cohorts.services.uploads import (
    cancel_intake,
    import_folder,
    request_intake,
    request_intake_of_folder,
)

__all__ = [
    "add_member",
    "cancel_intake",
    "create_cohort",
    "exclude_patient",
    "import_folder",
    "include_patient",
    "remove_member",
    "request_intake",
    "request_intake_of_folder",
]
