"""Checklists: the model, its thresholds and its training (pure)."""

from collections.abc import Callable, Mapping
from typing import Any

from readerstudy.analysis.comparator import EXTERNAL
from readerstudy.analysis.reporting.checklists.answers.study import is_imported
from readerstudy.analysis.reporting.checklists.items import AUTHOR, Answer, not_applicable, short
from readerstudy.analysis.reporting.content.material import ENDPOINT_TITLES, Material, listed
from readerstudy.analysis.reporting.display import significant

UNNAMED = {"name": "The model", "provenance": EXTERNAL}
NO_MODEL = not_applicable("no model was analysed")
EVALUATION_ONLY = not_applicable("this study evaluates a model and develops none")


def _model(material: Material) -> Mapping[str, Any] | None:
    if not material.has_model:
        return None
    found: Mapping[str, Any] = material.sources.get("model") or UNNAMED
    return found


def model(material: Material) -> Answer:
    """Return name, origin and digest of the model."""
    found = _model(material)
    if found is None:
        return NO_MODEL
    label = found.get("provenance_label") or found["provenance"]
    kind = f", {found['architecture']}" if found.get("architecture") else ""
    digest = f", digest {short(found['digest'])}" if found.get("digest") else ""
    notice = f" {material.notice}" if material.notice else ""
    return Answer(
        known=f"{found['name']} ({label}{kind}){digest}.{notice}",
        where="Provenance",
        left="inputs, outputs and layers",
    )


def index_test(material: Material) -> Answer:
    """Return the model, or the readers alone."""
    if _model(material) is None:
        return Answer(known="Readers alone: one of three categories per node.")
    return model(material)


def ensemble(material: Material) -> Answer:
    """Return how many members there are of those expected."""
    found = _model(material)
    if found is None:
        return NO_MODEL
    if found["provenance"] == EXTERNAL:
        return AUTHOR
    return Answer(
        known=f"{found['members']} of {found['expected_members']} members.",
        where="Provenance",
        left="how their outputs are combined",
    )


def final_model(material: Material) -> Answer:
    """Return that the version was fixed."""
    if _model(material) is None:
        return NO_MODEL
    return Answer(
        known="One version, named by its digest, is analysed.",
        where="Provenance",
        left="how it was selected",
    )


def thresholds(material: Material) -> Answer:
    """Return every cut-off with where it comes from."""
    if _model(material) is None:
        return Answer(known="Readers chose among three categories; nothing has a threshold.")
    fixed = []
    for endpoint in material.endpoints:
        row = material.whole["endpoints"][endpoint]["model"]
        point = None if row is None else row["operating_points"]["fixed"]
        if point is not None:
            above = "above" if point["strict"] else "at or above"
            value = significant(point["point"]["threshold"])
            fixed.append(f"{ENDPOINT_TITLES[endpoint]} {above} {value}")
    explored = "Explored on these data: the Youden index and points at false-positive rates."
    known = (
        f"Fixed with the model version: {listed(fixed)}."
        if fixed
        else "No threshold was fixed before."
    )
    left = "why these thresholds" if fixed else ""
    return Answer(known=f"{known} {explored}", where="Table 3b", left=left)


def predictions(material: Material) -> Answer:
    """Return how scores came to the nodes."""
    if _model(material) is None:
        return NO_MODEL
    out = material.sources.get("out_of_fold_nodes")
    if is_imported(material):
        return Answer(known="Scores are taken as the imported file gives them.")
    also = f" {out} scores come from the members that did not train on the patient." if out else ""
    return Answer(
        known=f"Computed per node by the version named by its digest.{also}", where="Provenance"
    )


def predictors(material: Material) -> Answer:
    """Return what the model and the readers had."""
    if _model(material) is None:
        return NO_MODEL
    return (
        Answer(
            known="The image and the mask of each node; no clinical data.",
            left="acquisition of the images",
        )
        if not is_imported(material)
        else AUTHOR
    )


def partitions(material: Material) -> Answer:
    """Return that all data are test data."""
    if _model(material) is None:
        return NO_MODEL
    return Answer(
        known="This analysis trains nothing; thresholds chosen on its nodes are marked so.",
        left="the partitions of the model's development",
    )


def disjoint(material: Material) -> Answer:
    """Return what is known of patients the model has trained on."""
    if _model(material) is None:
        return NO_MODEL
    out = material.sources.get("out_of_fold_nodes")
    if not out:
        return AUTHOR
    return Answer(
        known=(
            f"By patient: {out} scores come only from members that did not train on the patient."
        ),
        where="Provenance",
    )


def development(material: Material) -> Answer:
    """Return what is recorded of the model's making."""
    found = _model(material)
    if found is None:
        return NO_MODEL
    label = found.get("provenance_label") or found["provenance"]
    return Answer(
        known=f"Not part of this analysis; recorded origin: {label}.",
        where="Provenance",
        left="training, tuning and test data of the development",
    )


def development_only(material: Material) -> Answer:
    """Return why an item on development does not apply."""
    return EVALUATION_ONLY


def updating(material: Material) -> Answer:
    """Return that the model was not changed."""
    if _model(material) is None:
        return NO_MODEL
    return Answer(known="The model was not updated or recalibrated.")


def imbalance(material: Material) -> Answer:
    """Return that nothing was rebalanced."""
    if _model(material) is None:
        return NO_MODEL
    return Answer(known="Nodes were analysed as they are; no class was weighted or resampled.")


MODEL: Mapping[str, Callable[[Material], Answer]] = {
    "model": model,
    "index_test": index_test,
    "ensemble": ensemble,
    "final_model": final_model,
    "thresholds": thresholds,
    "predictions": predictions,
    "predictors": predictors,
    "partitions": partitions,
    "disjoint": disjoint,
    "development": development,
    "development_only": development_only,
    "updating": updating,
    "imbalance": imbalance,
}
