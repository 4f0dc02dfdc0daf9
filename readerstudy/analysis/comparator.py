"""Analysis room: what may be concluded from the model of a frozen table (pure)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from inference.thresholds import STRICTLY_ABOVE
from readerstudy.analysis.computing.model_calls import ModelRule

EXTERNAL = "external"


class Role(StrEnum):
    """The part a model plays in an analysis."""

    PRIMARY = "primary"
    EXPLORATORY = "exploratory"


def shortcoming_of(model: Mapping[str, Any]) -> str:
    """Return why no conclusion may rest on the model; empty where one may.

    Parameters
    ----------
    model : mapping
        ``provenance``, ``members`` and ``expected_members``, as in a frozen table's sources.
    """
    if model["provenance"] == "untrained":
        return "untrained model"
    if model["provenance"] != EXTERNAL and model["members"] < model["expected_members"]:
        return f"incomplete ensemble, {model['members']} of {model['expected_members']} members"
    return ""


def role_of(sources: Mapping[str, Any]) -> Role | None:
    """Return the model's role; None for readers alone.

    Tables frozen before roles were recorded have the role that they could have had.
    """
    model = sources.get("model")
    if model is None:
        return None
    if "role" in sources:
        return Role(sources["role"])
    return Role.EXPLORATORY if shortcoming_of(model) else Role.PRIMARY


def notice_of(sources: Mapping[str, Any]) -> str:
    """Return the sentence that stands wherever an exploratory model's numbers stand."""
    if role_of(sources) is not Role.EXPLORATORY:
        return ""
    shortcoming = shortcoming_of(sources["model"])
    if shortcoming:
        return f"Exploratory: {shortcoming}, no conclusion may rest on it."
    return "Exploratory: this comparison was not frozen as the primary one."


def labels_of(sources: Mapping[str, Any]) -> dict[str, str]:
    """Return name, provenance, members, role and notice of the model, for every line of a file."""
    model, role = sources.get("model"), role_of(sources)
    if model is None or role is None:
        return dict.fromkeys(LABELS, "")
    is_external = model["provenance"] == EXTERNAL
    members = "" if is_external else f"{model['members']} of {model['expected_members']}"
    values = (model["name"], model["provenance"], members, role.value, notice_of(sources))
    return dict(zip(LABELS, values, strict=True))


LABELS = ("model", "model_provenance", "model_members", "model_role", "model_notice")
"""Columns that say whose scores a line holds."""


def rule_of(sources: Mapping[str, Any]) -> ModelRule:
    """Return when the frozen model calls a node positive, for the tables.

    Scores of networks are logits and their thresholds are of the probability; imported scores are
    taken as they are. Where the plan chooses thresholds on the data, none is fixed.
    """
    model = sources.get("model")
    if model is None or sources["plan"].get("thresholds", {}).get("source") == "chosen_here":
        return ModelRule()
    return ModelRule(
        thresholds=dict(model.get("thresholds") or {}),
        logits=model["provenance"] != EXTERNAL,
        strict=model.get("architecture") in STRICTLY_ABOVE,
    )


def thresholds_sentence(sources: Mapping[str, Any]) -> str:
    """Return when the model's thresholds were fixed, as far as it is known; empty without any.

    Whether that was before the reading is a question of two dates, both of the server's clock.
    """
    if not rule_of(sources).thresholds:
        return ""
    registered, opened = sources["model"].get("registered_at"), sources.get("opened_at")
    if registered is None or opened is None:
        return "The model's thresholds were fixed with its version; when is not recorded."
    order = "before" if registered < opened else "after"
    return (
        f"The model's thresholds were fixed with its version, registered {registered[:10]}, "
        f"{order} the study was opened ({opened[:10]})."
    )
