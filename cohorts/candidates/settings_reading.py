"""cohorts.candidates: what several kinds of provider read in their settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cohorts.dicom.options import IntakeOptions


def refuse_unknown(settings: Mapping[str, Any], known: frozenset[str]) -> None:
    """Raise ValueError for a key that the provider does not have."""
    if unknown := sorted(settings.keys() - known):
        raise ValueError(f"the provider has no setting {', '.join(unknown)}")


def absolute_path(settings: Mapping[str, Any], key: str) -> Path:
    """Return a folder of this machine; ValueError unless it is told as an absolute path."""
    told = settings.get(key)
    if not isinstance(told, str) or not Path(told).is_absolute():
        raise ValueError(f"'{key}' must be the absolute path of a folder")
    return Path(told)


def texts(settings: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of texts; TypeError where something else is told."""
    told = settings.get(key, [])
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise TypeError(f"'{key}' must be a list of texts")
    return tuple(told)


def options_in(settings: Mapping[str, Any]) -> IntakeOptions:
    """Return how structures are told apart."""
    return IntakeOptions(
        node_structures=texts(settings, "node_structures"),
        station_structures=texts(settings, "station_structures"),
    )
