"""Writes of the prediction room: verbs a person would say."""

from inference.services.predicting import (
    cancel_run,
    refuse_unless_coordinator,
    request_predictions,
)
from inference.services.registering import EXTERNAL_ARCHITECTURE, register_model_version
from inference.services.training_data import keep_training_dataset

__all__ = [
    "EXTERNAL_ARCHITECTURE",
    "cancel_run",
    "keep_training_dataset",
    "refuse_unless_coordinator",
    "register_model_version",
    "request_predictions",
]
