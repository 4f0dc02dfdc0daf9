"""The parameters a registration form starts with, and how to tell those nobody has measured."""

from collections.abc import Mapping
from typing import Any

from inference.deepene.parameters import REFERENCE_FINGERPRINT, PreprocessingParameters
from inference.runner import preparation_of

FINGERPRINT = "fingerprint"
REFERENCE_LABEL = "reference fingerprint, not the published one"

_REFERENCE = PreprocessingParameters(fingerprint=REFERENCE_FINGERPRINT).to_dict()
_STARTS: Mapping[str, Mapping[str, Any]] = {"DeepENE": _REFERENCE}
"""Architectures whose parameters cannot all be left to their defaults."""


def starting_parameters(architecture: str) -> dict[str, Any]:
    """Return complete parameters to start from; the architecture's defaults where it has them."""
    return preparation_of(architecture).checked_parameters(dict(_STARTS.get(architecture, {})))


def has_reference_fingerprint(architecture: str, parameters: Mapping[str, Any]) -> bool:
    """Say whether the intensities are normalised by the reference data's numbers.

    They are plausible for contrast-enhanced neck CT; the published training data's are not known.
    """
    return architecture in _STARTS and parameters.get(FINGERPRINT) == _REFERENCE[FINGERPRINT]
