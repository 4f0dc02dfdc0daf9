"""Writes of the ground floor: cohorts, their members, exclusions, and the start of intake."""

from cohorts.services.answering import answer_intake, give_up_questions
from cohorts.services.arriving import (
    NO_PIECES,
    finish_arrival,
    folder_of,
    give_up_arrival,
    receive_pieces,
    start_arrival,
    state_of_arrival,
)
from cohorts.services.candidates import (
    accept_candidate,
    reject_candidate,
    request_candidates,
    stop_candidates,
)
from cohorts.services.excluding import exclude_patient, include_patient
from cohorts.services.mapping import make_mapping, may_make_mappings, patient_ids_in
from cohorts.services.members import add_member, create_cohort, remove_member
from cohorts.services.metadata import MetadataRefused, import_metadata
from cohorts.services.refining import (
    NodeVersion,
    SavedEdit,
    add_node,
    merge_nodes,
    remove_node,
    save_mask,
    split_node,
)
from cohorts.services.uploads import (
    cancel_intake,
    import_folder,
    request_intake,
    request_intake_of_folder,
)

__all__ = [
    "NO_PIECES",
    "MetadataRefused",
    "NodeVersion",
    "SavedEdit",
    "accept_candidate",
    "add_member",
    "add_node",
    "answer_intake",
    "cancel_intake",
    "create_cohort",
    "exclude_patient",
    "finish_arrival",
    "folder_of",
    "give_up_arrival",
    "give_up_questions",
    "import_folder",
    "import_metadata",
    "include_patient",
    "make_mapping",
    "may_make_mappings",
    "merge_nodes",
    "patient_ids_in",
    "receive_pieces",
    "reject_candidate",
    "remove_member",
    "remove_node",
    "request_candidates",
    "request_intake",
    "request_intake_of_folder",
    "save_mask",
    "split_node",
    "start_arrival",
    "state_of_arrival",
    "stop_candidates",
]
