"""Checklists: what was found (pure)."""

from collections.abc import Callable, Mapping

from readerstudy.analysis.reporting.checklists.answers.study import FLOW, flow_of
from readerstudy.analysis.reporting.checklists.items import AUTHOR, Answer
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.material import (
    ENDPOINT_TITLES,
    Material,
    counted,
)
from readerstudy.analysis.reporting.display import percent

CLUSTERED_WARNING = "patient_clustered_warning"


def flow(material: Material) -> Answer:
    """Return patients assessed, excluded, included and read."""
    groups = flow_of(material)
    if not groups:
        whole = material.whole
        return Answer(
            known=(
                f"Analysed: {counted(whole['n_patients'], 'patient')}, "
                f"{counted(whole['n_nodes'], 'node')}."
            ),
            left="patients assessed and excluded",
        )
    whole = groups[-1]
    read = whole["read"]
    sizes = f"{counted(read['nodes'], 'node')} of {counted(read['patients'], 'patient')} were read"
    if whole["assessed"] is None:
        return Answer(
            known=f"Exclusions were not recorded for every cohort; {sizes}.",
            where=FLOW,
            left="patients assessed and excluded",
        )
    excluded = sum(entry["patients"] for entry in whole["excluded"])
    return Answer(
        known=(
            f"Patients assessed {whole['assessed']['patients']}, excluded {excluded}, included "
            f"{whole['included']['patients']}; {sizes}."
        ),
        where=FLOW,
    )


def baseline(material: Material) -> Answer:
    """Return where patients and nodes are described."""
    if not material.description.get("baseline"):
        return AUTHOR
    return Answer(
        known=(
            "Age, sex, primary site, stage, scanner and slice thickness of "
            f"{counted(material.whole['n_patients'], 'patient')} per cohort, unknown values "
            "counted; nodes by category."
        ),
        where="Tables 1 and 2",
        left="the same of the development data",
    )


def analysed(material: Material) -> Answer:
    """Return nodes and events per endpoint."""
    found = []
    for endpoint in material.endpoints:
        nodes = material.whole["endpoints"][endpoint]["nodes"]
        found.append(
            f"{ENDPOINT_TITLES[endpoint]}: {counted(nodes['n'], 'node')}, "
            f"{nodes['n_positive']} positive, {counted(nodes['n_patients'], 'patient')}"
        )
    return Answer(known=f"{'; '.join(found)}.", where="Tables 3 to 6")


def prevalence(material: Material) -> Answer:
    """Return the share of positive nodes per endpoint."""
    found = []
    for endpoint in material.endpoints:
        nodes = material.whole["endpoints"][endpoint]["nodes"]
        if nodes["n"]:
            share = percent(nodes["n_positive"], nodes["n"])
            found.append(
                f"{ENDPOINT_TITLES[endpoint]} {share}% ({nodes['n_positive']}/{nodes['n']})"
            )
    return Answer(
        known=f"Positive nodes: {'; '.join(found)}." if found else "There are no nodes.",
        where="Table 2",
        left="whether that is what the intended population has",
    )


def performance(material: Material) -> Answer:
    """Return the AUC of the model, or of the readers alone, for the primary endpoint."""
    endpoint = material.plan.primary.endpoint
    block = material.whole["endpoints"][endpoint]
    mean = (block["reader_mean"] or {}).get(material.view)
    parts = []
    if block["model"] is not None:
        area = block["model"]["auc"]
        parts.append(
            f"model {cells.estimate(area['delong'])}, by patient "
            f"{cells.interval(area['patient_clustered'])}"
        )
    if mean is not None:
        parts.append(f"mean of the readers {cells.estimate(mean['mean_auc_fixed_readers'])}")
    if not parts:
        return Answer(known="No area under the curve could be computed.")
    notice = f" {material.notice}" if material.notice else ""
    return Answer(
        known=f"AUC ({material.ci}), {ENDPOINT_TITLES[endpoint]}: {'; '.join(parts)}.{notice}",
        where="Tables 3 to 6 and S6",
    )


def accuracy(material: Material) -> Answer:
    """Return sensitivity and specificity of the primary endpoint."""
    endpoint = material.plan.primary.endpoint
    block = material.whole["endpoints"][endpoint]
    parts = []
    point = None if block["model"] is None else block["model"]["operating_points"]["fixed"]
    if point is not None:
        counts = point["point"]["counts"]
        parts.append(
            f"model at its fixed threshold: sensitivity {cells.share(counts['sensitivity'])}, "
            f"specificity {cells.share(counts['specificity'])}"
        )
    mean = block["reader_mean"]
    if mean is not None:
        rates = mean["proportions"]
        parts.append(
            f"mean of the readers: sensitivity {cells.exact_percent(rates['sensitivity'])}, "
            f"specificity {cells.exact_percent(rates['specificity'])}"
        )
    known = (
        f"{ENDPOINT_TITLES[endpoint]}, %: {'; '.join(parts)}." if parts else "Nothing was computed."
    )
    return Answer(
        known=f"{known} Intervals of areas are in the tables, of proportions in the files.",
        where="Tables 3b to 6; ROC figures",
    )


def failures(material: Material) -> Answer:
    """Return where calls stand against the reference standard."""
    return Answer(
        known="Every side's calls against the three categories of the reference standard.",
        where="Calls by reference standard",
        left="examples and reasons of errors",
    )


def adverse_events(material: Material) -> Answer:
    """Return that none is recorded."""
    return Answer(known="The software records none.", left="adverse events")


def limitations(material: Material) -> Answer:
    """Return the warnings of the report itself."""
    found = []
    endpoint = material.plan.primary.endpoint
    block = material.whole["endpoints"][endpoint]
    sides = [] if block["model"] is None else [block["model"]["auc"]]
    sides += [row[f"auc_{material.view}"] for row in block["readers"]]
    warned = [side[CLUSTERED_WARNING] for side in sides if side and side.get(CLUSTERED_WARNING)]
    if warned:
        found.append(str(warned[0]))
    if material.is_interim:
        found.append("Interim: the study was open when the data were frozen.")
    if material.notice:
        found.append(material.notice)
    looks = material.facts.unblinding
    if looks is not None and looks > 1:
        found.append(f"The test set was looked at unblinded {looks} times.")
    if not found:
        return AUTHOR
    return Answer(known=" ".join(found), where="Summary", left="all other limitations")


FINDINGS: Mapping[str, Callable[[Material], Answer]] = {
    "flow": flow,
    "baseline": baseline,
    "analysed": analysed,
    "prevalence": prevalence,
    "performance": performance,
    "accuracy": accuracy,
    "failures": failures,
    "adverse_events": adverse_events,
    "limitations": limitations,
}
