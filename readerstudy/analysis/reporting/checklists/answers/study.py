"""Checklists: design, data and conduct of the study (pure)."""

from collections.abc import Callable, Mapping
from typing import Any

from readerstudy.analysis.reporting.checklists.items import AUTHOR, Answer, short
from readerstudy.analysis.reporting.content.material import (
    Material,
    counted,
    groups_of,
    listed,
)
from readerstudy.reading.plan_words import WORDS

PLAN_TABLE = "Analysis plan"
FLOW = "Flow of patients and nodes"
IMPORTED = "imported"


def is_imported(material: Material) -> bool:
    """Tell whether the study was read elsewhere, so that its conduct is not known here."""
    return material.sources.get("origin") == IMPORTED


def flow_of(material: Material) -> tuple[Mapping[str, Any], ...]:
    """Return the flow of the groups that are printed; nothing where it is not described."""
    found = material.description.get("flow")
    return groups_of(found["groups"]) if found else ()


def hypothesis(material: Material) -> Answer:
    """Return the planned comparison."""
    primary = material.plan.primary
    margin = "" if primary.margin is None else f" within {primary.margin:.10g} in AUC"
    return Answer(
        known=(
            f"Planned: AUC of {WORDS[primary.comparison]} for {WORDS[primary.endpoint]}; "
            f"{WORDS[primary.hypothesis]}{margin}; significance level {material.alpha:.10g}."
        ),
        where=PLAN_TABLE,
    )


def goal(material: Material) -> Answer:
    """Return that a model is evaluated, none made."""
    if not material.has_model:
        return Answer(known="Description of readers alone; no model is evaluated or developed.")
    return Answer(known="Evaluation of a fixed model against readers; nothing is trained.")


def data_sources(material: Material) -> Answer:
    """Return the cohorts with their sizes and the digest of the data."""
    cohorts = [
        f"{part['name']} ({counted(part['n_patients'], 'patient')}, "
        f"{counted(part['n_nodes'], 'node')})"
        for part in material.cohorts
    ]
    digest = short(str(material.results.get("dataset_digest", "")))
    return Answer(
        known=f"{listed(cohorts)}; frozen {material.facts.frozen_at}, dataset digest {digest}.",
        where="Table 1; Provenance",
        left="where and why the data were collected",
    )


def centres(material: Material) -> Answer:
    """Return the number of cohorts."""
    names = listed([str(part["name"]) for part in material.cohorts])
    return Answer(
        known=f"{counted(len(material.cohorts), 'cohort')}: {names}.",
        left="setting and location",
    )


def eligibility(material: Material) -> Answer:
    """Return the recorded reasons of exclusion."""
    groups = flow_of(material)
    recorded = [group for group in groups if group["excluded"] is not None]
    if not recorded:
        return Answer(known="No exclusions are recorded.", left="the criteria")
    codes = sorted({entry["code"] for group in recorded for entry in group["excluded"]})
    reasons = f"Recorded reasons of exclusion: {listed(codes)}." if codes else "Nobody excluded."
    return Answer(known=reasons, where=FLOW, left="the criteria")


def selection(material: Material) -> Answer:
    """Return which nodes were read."""
    if is_imported(material):
        return AUTHOR
    return Answer(
        known="Every node given to a reader is in the frozen table; omissions are counted.",
        where="Table S11",
    )


def pseudonyms(material: Material) -> Answer:
    """Return how patients are named."""
    return Answer(
        known="Patients are named by pseudonym only.", left="how the images were de-identified"
    )


def acquisition(material: Material) -> Answer:
    """Return what Table 1 holds of scanners."""
    if not material.description.get("baseline"):
        return AUTHOR
    return Answer(
        known="Scanner and slice thickness per cohort, with the number of patients not known.",
        where="Table 1",
        left="protocol, contrast agent, reconstruction, preprocessing",
    )


def devices(material: Material) -> Answer:
    """Return scanners and the software that computed the results."""
    code = material.results.get("code_version", "")
    return Answer(
        known=f"Results computed by code version {code}.",
        where="Table 1; Provenance",
        left="manufacturer and model of the devices",
    )


def checks(material: Material) -> Answer:
    """Return what is checked before anything is computed."""
    return Answer(
        known=(
            "Before and after computing, a node may be listed once, scores must be finite, and "
            "the counts of cohorts and subgroups must add up; a table that fails is refused."
        ),
        left="preparation of the images",
    )


def sample_size(material: Material) -> Answer:
    """Return the size reached, by the primary endpoint."""
    block = material.whole["endpoints"][material.plan.primary.endpoint]["nodes"]
    return Answer(
        known=(
            f"Reached: {counted(block['n'], 'node')} ({block['n_positive']} positive) of "
            f"{counted(block['n_patients'], 'patient')} for the primary endpoint, "
            f"{counted(len(material.readers), 'reader')}."
        ),
        where="Tables 1 and 2",
        left="how the size was determined",
    )


def protocol(material: Material) -> Answer:
    """Return the protocol's digest, the amendments and how often the test set was looked at."""
    digest = material.sources.get("protocol_digest")
    amendments = material.sources.get("amendments") or ()
    parts = [f"Protocol digest {short(str(digest))}." if digest else "No protocol is recorded."]
    parts.append(
        f"The plan was amended {counted(len(amendments), 'time')}."
        if amendments
        else "The plan was not amended."
    )
    if material.facts.unblinding is not None:
        parts.append(f"This is unblinded look number {material.facts.unblinding} at this test set.")
    return Answer(
        known=" ".join(parts), where=f"{PLAN_TABLE}; Provenance", left="where it can be read"
    )


def files(material: Material) -> Answer:
    """Return what is delivered with the report."""
    return Answer(
        known=(
            "With this report: the frozen table, every result unrounded, a script that recomputes "
            "them in R, and SHA-256 sums of all files."
        ),
        left="whether and how these, the images and the model are shared",
    )


def audit(material: Material) -> Answer:
    """Return the digests that make the results checkable."""
    dataset = short(str(material.results.get("dataset_digest", "")))
    return Answer(
        known=(
            f"Dataset {dataset} and results {short(material.facts.results_digest)} are stored; the "
            "results can be computed again to the same bytes."
        ),
        where="Provenance",
    )


STUDY: Mapping[str, Callable[[Material], Answer]] = {
    "hypothesis": hypothesis,
    "goal": goal,
    "data_sources": data_sources,
    "centres": centres,
    "eligibility": eligibility,
    "selection": selection,
    "pseudonyms": pseudonyms,
    "acquisition": acquisition,
    "devices": devices,
    "checks": checks,
    "sample_size": sample_size,
    "protocol": protocol,
    "files": files,
    "audit": audit,
}
