"""Content: flow of patients, sizes of nodes, reading times (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.reporting.content.figures.reading import Result, numbered, sheets
from readerstudy.analysis.reporting.content.material import Material
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures import flow_figure
from readerstudy.analysis.reporting.figures.flow import CohortFlow, Count

MOST_COHORTS = 6
NOT_RECORDED = (Count(name="Not recorded", count=None),)
UNDETERMINED = "Without a category"


def described(material: Material) -> Iterator[Figure]:
    """Yield the figures of patients, nodes and reading; none where the results describe none."""
    if material.description.get("flow"):
        yield from _flows(material.description["flow"])


def _flows(flow: Result) -> Iterator[Figure]:
    cohorts = [_cohort(group) for group in flow["groups"] if group["kind"] == "cohort"]
    for sheet, shown in enumerate(sheets(cohorts, MOST_COHORTS)):
        key, title = numbered("flow", "Flow of patients and nodes", sheet)
        yield flow_figure(
            key=key,
            title=title,
            cohorts=shown,
            caption="Nodes: those given to readers, by the reference standard.",
        )


def _cohort(group: Result) -> CohortFlow:
    excluded, assessed = group["excluded"], group["assessed"]
    nodes = [Count(name=entry["label"], count=entry["n"]) for entry in group["by_category"]]
    if group["undetermined"]:
        nodes.append(Count(name=UNDETERMINED, count=group["undetermined"]))
    return CohortFlow(
        cohort=group["name"],
        assessed=None if assessed is None else assessed["patients"],
        excluded=NOT_RECORDED
        if excluded is None
        else tuple(Count(name=entry["code"], count=entry["patients"]) for entry in excluded),
        included=group["included"]["patients"],
        nodes=tuple(nodes),
        read=group["read"]["patients"],
    )
