"""reading: an analysis plan in plain words, line by line (pure: no Django)."""

from dataclasses import dataclass
from itertools import pairwise

from readerstudy.reading.plan import Plan, Primary
from readerstudy.reading.plan_subgroups import UNITS, Subgroup

WORDS = {
    "metastasis": "metastasis (with or without ENE), all nodes",
    "ene": "ENE, all nodes",
    "ene_among_metastatic": "ENE among metastatic nodes",
    "binary": "binary: present or absent (AUC = (sensitivity + specificity)/2)",
    "ordinal": "ordinal: benign < metastasis < metastasis with ENE",
    "confidence": "confidence: the reader's own score",
    "model_vs_reader_mean": "the model against the mean of the readers",
    "model_vs_each_reader": "the model against each reader",
    "delong": "DeLong: these readers, nodes independent",
    "patient_clustered": "by patient (Obuchowski): these readers",
    "random_readers": "random readers (Hillis): readers in general",
    "difference": "the areas differ (two-sided)",
    "non_inferiority": "the model is not inferior",
    "none": "none",
    "bonferroni": "Bonferroni",
    "holm": "Holm",
    "hochberg": "Hochberg",
    "model": "fixed beforehand with the model version",
    "chosen_here": "chosen on the analysed nodes (optimistic)",
    "complete_pairs": "each comparison on the nodes that both sides have called",
    "complete_all": "only nodes that the model and every reader have called",
    "as_wrong": "a node without a call counts as called wrongly",
    "leave_out": "left out and counted",
    "as_benign": "count as benign",
    "as_metastasis": "count as metastasis without ENE",
    "patient": "by patient, beside the plain results",
    "any_node": "a patient is positive when any node is",
    "sad": "short-axis diameter",
    "age": "age",
    "slice_thickness": "slice thickness",
    "sex": "sex",
    "primary_site": "primary site",
    "scanner": "scanner",
    "level": "neck level",
}
"""Every key of a plan in words; keys mean the same wherever they occur."""

CLUSTERING_NONE = "none: nodes are taken as independent"
PATIENT_LEVEL_NONE = "no results by patient"


@dataclass(frozen=True, kw_only=True)
class PlanLine:
    """One line of the summary."""

    heading: str
    text: str


@dataclass(frozen=True, kw_only=True)
class PlanChange:
    """One line that reads differently in two plans."""

    heading: str
    before: str
    after: str


def summary_of(plan: Plan) -> tuple[PlanLine, ...]:
    """Return the plan in words, always with the same headings in the same order."""
    clustering = CLUSTERING_NONE if plan.clustering == "none" else WORDS[plan.clustering]
    patients = PATIENT_LEVEL_NONE if plan.patient_level == "none" else WORDS[plan.patient_level]
    lines = {
        "Endpoints": "; ".join(WORDS[endpoint] for endpoint in plan.endpoints),
        "Reader views": "; ".join(WORDS[view] for view in plan.views),
        "Primary comparison": _primary(plan.primary),
        "Primary test": f"paired, {WORDS[plan.primary.test]}",
        "Hypothesis": _hypothesis(plan.primary),
        "Significance level": _alpha(plan),
        "Multiplicity": _multiplicity(plan),
        "Model's threshold": WORDS[plan.thresholds.source],
        "False-positive rates": ", ".join(f"{rate}%" for rate in plan.thresholds.fpr_percent),
        "Missing calls": WORDS[plan.missing.calls],
        "Nodes whose truth is not determinable": WORDS[plan.missing.undetermined],
        "Clustering": clustering,
        "Subgroups": "; ".join(["cohort", *map(_subgroup, plan.subgroups)]),
        "Patients": patients,
        "Bootstrap": f"{plan.bootstrap_replicates:,} resamples of patients",
    }
    return tuple(PlanLine(heading=heading, text=text) for heading, text in lines.items())


def changes_between(before: Plan, after: Plan) -> tuple[PlanChange, ...]:
    """Return the lines that read differently."""
    pairs = zip(summary_of(before), summary_of(after), strict=True)
    return tuple(
        PlanChange(heading=old.heading, before=old.text, after=new.text)
        for old, new in pairs
        if old.text != new.text
    )


def _primary(primary: Primary) -> str:
    return (
        f"AUC of {WORDS[primary.comparison]}; endpoint {WORDS[primary.endpoint]}; "
        f"reader view {primary.view}"
    )


def _hypothesis(primary: Primary) -> str:
    if primary.margin is None:
        return WORDS[primary.hypothesis]
    return f"{WORDS[primary.hypothesis]}: its AUC falls short by less than {primary.margin:.10g}"


def _alpha(plan: Plan) -> str:
    text = f"{plan.alpha:.10g}, two-sided"
    if plan.primary.margin is None:
        return text
    return f"{text}; non-inferiority one-sided at half of it, {plan.alpha / 2:.10g}"


def _multiplicity(plan: Plan) -> str:
    if plan.multiplicity == "none":
        return "no adjustment for several tests"
    return f"P values of several tests are adjusted ({WORDS[plan.multiplicity]})"


def _subgroup(group: Subgroup) -> str:
    word = WORDS[group.variable]
    if not group.edges:
        return word
    unit = UNITS[group.variable]
    edges = [f"{edge:.10g}" for edge in group.edges]
    between = [f"{low} to below {high} {unit}" for low, high in pairwise(edges)]
    bands = [f"below {edges[0]} {unit}", *between, f"{edges[-1]} {unit} and above"]
    return f"{word} ({', '.join(bands)})"
