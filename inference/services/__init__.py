"""Writes of the prediction room: verbs a person would say."""

from inference.services.predicting import (
    cancel_run,
    refuse_unless_coordinator,
    request_predictions,
)
from inference.services.registering import (
    EXTERNAL_ARCHITECTURE,
    register_model_version,
    register_upload,
)
from inference.services.training import resume_training, start_training, stop_training
from inference.services.training_data import keep_training_dataset
from inference.services.uploading import (
    Found,
    delete_model_upload,
    members_among,
    members_in_folder,
    remove_model_file,
    start_model_upload,
    store_model_file,
    store_server_file,
)

__all__ = [
    "EXTERNAL_ARCHITECTURE",
    "Found",
    "cancel_run",
    "delete_model_upload",
    "keep_training_dataset",
    "members_among",
    "members_in_folder",
    "refuse_unless_coordinator",
    "register_model_version",
    "register_upload",
    "remove_model_file",
    "request_predictions",
    "resume_training",
    "start_model_upload",
    "start_training",
    "stop_training",
    "store_model_file",
    "store_server_file",
]
