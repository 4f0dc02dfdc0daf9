"""When a probability is called positive: one rule for every place that counts (pure)."""

from collections.abc import Mapping

THRESHOLD_NAMES = ("metastasis", "ene")

STRICTLY_ABOVE = frozenset({"DualNet"})
"""The published DualNet pipeline calls a node ENE when its probability is above 0.3, not at it."""

PUBLISHED_THRESHOLDS: Mapping[str, Mapping[str, float]] = {"DualNet": {"ene": 0.3}}
"""What publications fix; of DeepENE's networks no threshold is published."""


def sign_of(architecture: str) -> str:
    """Return how people write the rule: ``≥``, or ``>`` where the publication says so."""
    return ">" if architecture in STRICTLY_ABOVE else "≥"


def is_positive(value: float, threshold: float, architecture: str) -> bool:
    """Say whether a probability (of imported scores: the score) is called positive.

    Parameters
    ----------
    value, threshold : float
        Both on the same scale.
    architecture : str
        Of the model version: publications differ in what happens at the threshold itself.
    """
    return value > threshold if architecture in STRICTLY_ABOVE else value >= threshold
