"""Checklists: reference standard, annotators and blinding (pure)."""

from collections.abc import Callable, Mapping
from typing import Any

from readerstudy.analysis.reporting.checklists.answers.study import flow_of, is_imported
from readerstudy.analysis.reporting.checklists.items import AUTHOR, Answer, short
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.material import Material, counted, groups_of, listed
from readerstudy.reading.plan_words import WORDS

TAKEN = "Taken as the imported file gives it."


def reference_standard(material: Material) -> Answer:
    """Return how the reference standard came about, and its version per cohort."""
    if is_imported(material):
        return Answer(known=TAKEN, left="how it was obtained")
    versions = [
        f"{standard['cohort']}, version {standard['version']}, digest {short(standard['digest'])}"
        for standard in material.sources.get("reference_standards") or ()
    ]
    named = f" Released: {'; '.join(versions)}." if versions else ""
    return Answer(
        known=(
            "Two annotators label each node, each alone; a third person decides where they "
            f"disagree.{named}"
        ),
        where="Provenance",
        left="the evidence (histopathology) the labels rest on",
    )


def categories(material: Material) -> Answer:
    """Return the categories and the endpoints made of them."""
    endpoints = "; ".join(WORDS[name] for name in material.endpoints)
    return Answer(
        known=(
            "Three categories: benign, metastasis without ENE, metastasis with ENE; nodes may be "
            f"not determinable. Endpoints: {endpoints}."
        ),
        left="the criteria of each category",
    )


def annotators(material: Material) -> Answer:
    """Return that two people labelled; who they are is not in the results."""
    if is_imported(material):
        return AUTHOR
    return Answer(
        known="Two annotators per cohort and an adjudicator who is neither of them.",
        left="their qualification and training",
    )


def annotation(material: Material) -> Answer:
    """Return how nodes were labelled."""
    if is_imported(material):
        return AUTHOR
    return Answer(
        known="Labels and calls rest on the same masks of the nodes; others are refused.",
        left="instructions and material given to the annotators",
    )


def annotator_agreement(material: Material) -> Answer:
    """Return agreement and kappa of the two annotators."""
    found = material.description.get("annotators")
    groups = [group for group in groups_of(found["groups"]) if group["n"]] if found else []
    if not groups:
        return Answer(known="No labels of two annotators are recorded.", left="the variability")
    whole = groups[-1]
    three = whole["categories"]
    # Results of earlier versions have intervals by node alone.
    estimates = three.get("by_patient") or three
    unit = "patient" if "by_patient" in three else "node"
    kappa = cells.estimate(estimates["cohen_kappa"]["unweighted"])
    return Answer(
        known=(
            f"Of {counted(whole['n'], 'node')} labelled twice, alike (%): "
            f"{cells.share(whole['agreement'])}; Cohen's kappa of the three categories {kappa} "
            f"({material.ci} by {unit}) on {counted(three['n'], 'node')} both found determinable. "
            "Disagreement was adjudicated."
        ),
        where="Table S2",
    )


def reader_blinding(material: Material) -> Answer:
    """Return what readers could see."""
    if is_imported(material):
        return AUTHOR
    return Answer(
        known=(
            "The software shows readers neither the reference standard, nor scores of the model, "
            "nor calls of other readers."
        ),
        left="clinical information given to readers",
    )


def annotator_blinding(material: Material) -> Answer:
    """Return what annotators could see."""
    if is_imported(material):
        return AUTHOR
    return Answer(
        known=(
            "The software shows annotators and adjudicators neither readers' calls nor scores of "
            "the model."
        ),
        left="clinical information given to annotators",
    )


def readers(material: Material) -> Answer:
    """Return how many readers there were."""
    return Answer(
        known=f"{counted(len(material.readers), 'reader')}: {listed(material.readers)}.",
        left="intended users and the readers' experience",
    )


def indeterminate(material: Material) -> Answer:
    """Return the rule for nodes that are not determinable, and how many there are."""
    rule = WORDS[material.plan.missing.undetermined]
    n = material.whole["confusion"]["undetermined"]
    taken = material.plan.missing.undetermined == "leave_out"
    count = f"; {counted(n, 'node')}" if taken else ""
    return Answer(
        known=f"Nodes without a determinable reference standard: {rule}{count}.",
        where="Table S11",
    )


def severity(material: Material) -> Answer:
    """Return the nodes by category."""
    groups: tuple[Mapping[str, Any], ...] = flow_of(material)
    if not groups:
        return AUTHOR
    found = [f"{entry['label']} {entry['n']}" for entry in groups[-1]["by_category"]]
    return Answer(
        known=f"Nodes read: {listed(found)}; not determinable {groups[-1]['undetermined']}.",
        where="Table 2",
    )


REFERENCE_STANDARD: Mapping[str, Callable[[Material], Answer]] = {
    "reference_standard": reference_standard,
    "categories": categories,
    "annotators": annotators,
    "annotation": annotation,
    "annotator_agreement": annotator_agreement,
    "reader_blinding": reader_blinding,
    "annotator_blinding": annotator_blinding,
    "readers": readers,
    "indeterminate": indeterminate,
    "severity": severity,
}
