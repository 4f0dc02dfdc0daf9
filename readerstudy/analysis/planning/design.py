"""Planning: the inputs of a simulation as a document, and the planned study in it (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from readerstudy.statistics.planned_study import Accuracy, DesignError, PlannedStudy
from readerstudy.statistics.power_simulation import check_hypothesis, null_study

SCHEMA_VERSION = 1
VIEWS = ("binary", "ordinal", "confidence")
HYPOTHESES = ("difference", "non_inferiority")
FEWEST_STUDIES, MOST_STUDIES = 100, 10_000
MOST_READERS, MOST_PATIENTS, MOST_NODES = 20, 5_000, 20_000
MOST_WORK = 200_000_000
"""Simulated studies x nodes x curves: some minutes of one core."""
PLAIN = (
    "patients",
    "nodes_per_patient",
    "dispersion",
    "prevalence",
    "patients_positive",
    "reader_spread",
    "reader_correlation",
    "model_correlation",
    "icc_positive",
    "icc_negative",
    "shared_effect",
    "missing",
)
"""Inputs that carry the name of the planned study's attribute."""

DEFAULTS: dict[str, Any] = {
    "patients": 65,
    "nodes_per_patient": 7.4,
    "dispersion": 0.3,
    "prevalence": 0.12,
    "patients_positive": 0.45,
    "model_auc": 0.87,
    "readers": 5,
    "reader_view": "binary",
    "sensitivity": [0.39],
    "specificity": [0.93],
    "lenient_sensitivity": [0.6],
    "lenient_specificity": [0.75],
    "reader_auc": [0.66],
    "reader_spread": 0.3,
    "reader_correlation": 0.5,
    "model_correlation": 0.3,
    "icc_positive": 0.2,
    "icc_negative": 0.2,
    "shared_effect": 0.0,
    "missing": 0.0,
    "hypothesis": "difference",
    "margin": None,
    "alpha": 0.05,
    "replicates": 1000,
    "seed": 1,
    "check_error": True,
}
_OF_VIEW = {
    "binary": ("sensitivity", "specificity"),
    "ordinal": ("sensitivity", "specificity", "lenient_sensitivity", "lenient_specificity"),
    "confidence": ("reader_auc",),
}


def document_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the complete inputs: what was given, defaults for the rest.

    Inputs that the view of the readers and the hypothesis do not use are left out, so that equal
    plans have equal documents.

    Raises
    ------
    DesignError
        If an input is unknown or not among its choices.
    """
    unknown = sorted(set(given) - set(DEFAULTS))
    if unknown:
        raise DesignError(unknown[0], f"{unknown[0]} is no input of a simulation.")
    inputs = DEFAULTS | {name: value for name, value in given.items() if value is not None}
    for field, choices in (("reader_view", VIEWS), ("hypothesis", HYPOTHESES)):
        if inputs[field] not in choices:
            raise DesignError(field, f"{field} must be one of {', '.join(choices)}.")
    used = set(_OF_VIEW[inputs["reader_view"]])
    unused = {name for names in _OF_VIEW.values() for name in names} - used
    if inputs["hypothesis"] == "difference":
        unused.add("margin")
    kept = {name: value for name, value in inputs.items() if name not in unused}
    return {"schema_version": SCHEMA_VERSION, **kept}


def study_of(inputs: Mapping[str, Any]) -> PlannedStudy:
    """Return the planned study, with every rule of the document checked.

    Raises
    ------
    DesignError
        Its ``field`` is the input to change.
    """
    _check_numbers(inputs)
    try:
        study = PlannedStudy(
            **{name: inputs[name] for name in PLAIN},
            model=Accuracy(auc=inputs["model_auc"]),
            readers=_readers(inputs),
        )
    except DesignError as refusal:
        raise DesignError(_input_of(refusal.field, inputs), str(refusal)) from refusal
    check_hypothesis(inputs["alpha"], inputs.get("margin"))
    if inputs["hypothesis"] == "non_inferiority" and inputs.get("margin") is None:
        raise DesignError("margin", "margin must be given for non-inferiority.")
    if inputs["check_error"]:
        null_study(study, margin=inputs.get("margin") or 0.0)
    return study


def _input_of(field: str, inputs: Mapping[str, Any]) -> str:
    names = {"model": "model_auc", "readers": _OF_VIEW[inputs["reader_view"]][0]}
    return names.get(field, field)


def _check_numbers(inputs: Mapping[str, Any]) -> None:
    limits = (
        ("patients", 2, MOST_PATIENTS),
        ("readers", 1, MOST_READERS),
        ("replicates", FEWEST_STUDIES, MOST_STUDIES),
        ("seed", 0, 2**53),
    )
    for field, least, most in limits:
        value = inputs[field]
        if not isinstance(value, int) or not least <= value <= most:
            raise DesignError(
                field, f"{field} must be a whole number from {least} to {most}, not {value}."
            )
    for field, most in (("dispersion", 10), ("reader_spread", 5)):
        if not 0 <= inputs[field] <= most:
            raise DesignError(field, f"{field} must lie from 0 to {most}, not {inputs[field]}.")
    nodes = inputs["patients"] * inputs["nodes_per_patient"]
    if not nodes <= MOST_NODES:
        raise DesignError(
            "nodes_per_patient",
            f"patients x nodes_per_patient must be at most {MOST_NODES}, not {nodes:.0f}.",
        )
    work = nodes * inputs["replicates"] * (inputs["readers"] + 1)
    if work > MOST_WORK:
        fewer = int(MOST_WORK / (nodes * (inputs["readers"] + 1)))
        raise DesignError(
            "replicates", f"replicates must be at most {fewer} for studies of this size."
        )


def _readers(inputs: Mapping[str, Any]) -> tuple[Accuracy, ...]:
    n, view = inputs["readers"], inputs["reader_view"]
    columns = [_of_each(inputs[name], n, name) for name in _OF_VIEW[view]]
    if view == "confidence":
        return tuple(Accuracy(auc=auc) for auc in columns[0])
    if view == "binary":
        return tuple(Accuracy(points=(point,)) for point in zip(*columns, strict=True))
    return tuple(
        Accuracy(points=((strict[0], strict[1]), (strict[2], strict[3])))
        for strict in zip(*columns, strict=True)
    )


def _of_each(values: Sequence[float], n: int, name: str) -> list[float]:
    """Return one value per reader; a single value holds for all."""
    if len(values) not in (1, n):
        raise DesignError(
            name,
            f"{name} must hold one value for all readers or one for each of the {n}, "
            f"not {len(values)}.",
        )
    return list(values) * n if len(values) == 1 else list(values)
