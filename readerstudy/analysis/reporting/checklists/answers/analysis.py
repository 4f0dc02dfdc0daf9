"""Checklists: how the analysis was planned and done (pure)."""

from collections import Counter
from collections.abc import Callable, Mapping

from readerstudy.analysis.reporting.checklists.answers.model import NO_MODEL
from readerstudy.analysis.reporting.checklists.items import AUTHOR, Answer
from readerstudy.analysis.reporting.content.material import Material, counted, listed
from readerstudy.reading.plan_words import WORDS

PERSONAL = ("age", "sex")


def software(material: Material) -> Answer:
    """Return the version of the code and the seed."""
    results = material.results
    return Answer(
        known=(
            f"Analysis: code version {results.get('code_version', '')}, seed "
            f"{results.get('seed', '')}."
        ),
        where="Provenance",
        left="software of the model and how the code can be had",
    )


def measures(material: Material) -> Answer:
    """Return the measures that the report prints."""
    of_model = "; calibration (Brier score, slope, intercept)" if material.has_model else ""
    return Answer(
        known=(
            "AUC; sensitivity, specificity, accuracy and predictive values with their counts; "
            f"agreement (Fleiss' kappa){of_model}."
        ),
        where="Statistical methods",
    )


def uncertainty(material: Material) -> Answer:
    """Return intervals, tests and how several tests are allowed for."""
    return Answer(
        known=(
            f"{material.ci} throughout: DeLong, and by patient (Obuchowski) beside it; planned "
            f"test: {WORDS[material.plan.primary.test]}; significance level "
            f"{material.alpha:.10g}; several tests: {WORDS[material.plan.multiplicity]}."
        ),
        where="Statistical methods",
    )


def robustness(material: Material) -> Answer:
    """Return what was planned beside the primary analysis."""
    planned = listed([WORDS[group.variable] for group in material.plan.subgroups])
    subgroups = f"Planned subgroups: cohort, {planned}." if planned else "Planned subgroup: cohort."
    views = listed([WORDS[view].split(":")[0] for view in material.plan.views])
    by_patient = (
        ""
        if material.plan.patient_level == "none"
        else f" Patients as the unit: {WORDS[material.plan.patient_level]}."
    )
    return Answer(
        known=(
            f"{subgroups} Answers read as {views}. Nodes independent and by patient; these "
            f"readers and readers in general.{by_patient}"
        ),
        where="Tables S6 to S9",
    )


def fairness(material: Material) -> Answer:
    """Return the planned subgroups of people."""
    planned = [
        WORDS[group.variable] for group in material.plan.subgroups if group.variable in PERSONAL
    ]
    if not planned:
        return Answer(
            known="No subgroup by age or sex was planned.", left="assessment of bias and fairness"
        )
    return Answer(
        known=f"Performance by {listed(planned)}, as planned.",
        where="Table S6",
        left="assessment of bias and fairness",
    )


def missing_data(material: Material) -> Answer:
    """Return the rules and how many values are missing."""
    rule = material.plan.missing
    reasons = Counter(entry["reason"] for entry in material.tables["missing"])
    counts = [
        f"{material.tables['reasons'][reason].rstrip('.').lower()}: {n}"
        for reason, n in sorted(reasons.items())
    ]
    found = f"Missing values: {'; '.join(counts)}." if counts else "No value is missing."
    return Answer(
        known=(
            f"Missing calls: {WORDS[rule.calls]}; not determinable nodes: "
            f"{WORDS[rule.undetermined]}; nothing is imputed. {found}"
        ),
        where="Tables S11 and S12" if counts else "Missing data",
    )


def clusters(material: Material) -> Answer:
    """Return that cohorts are reported one by one and nodes summed by patient."""
    several = (
        f"Each of {counted(len(material.cohorts), 'cohort')} is reported apart"
        + (
            ", and cohorts are compared by unpaired tests"
            if material.tables["between_cohorts"]
            else ""
        )
        + ". "
        if len(material.cohorts) > 1
        else ""
    )
    return Answer(
        known=f"{several}Nodes of one patient are allowed for by clustered variances.",
        where="Tables 3 to 6 and S6",
    )


def internal_data(material: Material) -> Answer:
    """Return that the results alone cannot tell internal from external data."""
    if not material.has_model:
        return NO_MODEL
    out = material.sources.get("out_of_fold_nodes")
    if not out:
        return AUTHOR
    return Answer(
        known=f"{out} scores come from cross-validation within the training cohorts.",
        where="Provenance",
    )


def external_data(material: Material) -> Answer:
    """Return the cohorts apart; which are external the author must say."""
    if not material.has_model:
        return NO_MODEL
    return Answer(
        known=f"Results of {listed([str(part['name']) for part in material.cohorts])} apart.",
        where="Tables 1 and 3",
        left="which of these are external to the development, and how they differ from it",
    )


ANALYSIS: Mapping[str, Callable[[Material], Answer]] = {
    "software": software,
    "measures": measures,
    "uncertainty": uncertainty,
    "robustness": robustness,
    "fairness": fairness,
    "missing_data": missing_data,
    "clusters": clusters,
    "internal_data": internal_data,
    "external_data": external_data,
}
