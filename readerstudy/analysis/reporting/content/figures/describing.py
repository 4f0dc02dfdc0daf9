"""Content: flow of patients, sizes of nodes, reading times (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.reporting.content.figures.reading import Result, numbered, sheets
from readerstudy.analysis.reporting.content.material import Material
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures import flow_figure, rain_figure, reading_time_figure
from readerstudy.analysis.reporting.figures.flow import CohortFlow, Count
from readerstudy.analysis.reporting.figures.rain import Diameters
from readerstudy.analysis.reporting.figures.reading_times import ReaderTimes

MOST_COHORTS, MOST_GROUPS, MOST_READERS = 6, 6, 28
NOT_RECORDED = (Count(name="Not recorded", count=None),)
UNDETERMINED = "Without a category"


def described(material: Material) -> Iterator[Figure]:
    """Yield the figures of patients, nodes and reading; none where the results describe none."""
    found = material.description
    if not found:
        return
    yield from _flows(found["flow"])
    yield from _short_axis(material, found["short_axis"])
    yield from _reading_times(found["reading_times"])


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


def _short_axis(material: Material, short_axis: Result) -> Iterator[Figure]:
    """Yield one figure of all cohorts, or one per cohort where it would be crowded."""
    parts = {part["value"]: part for part in material.cohorts}
    found = [
        (parts[group["cohort"]], _diameters(group))
        for group in short_axis["groups"]
        if group["cohort"] in parts and any(entry["n"] for entry in group["categories"])
    ]
    title = "Short-axis diameter by reference standard"
    caption = "Half violin, box with quartiles, and single nodes; unknown diameters are left out."
    if any(entry["thinned"] for group in short_axis["groups"] for entry in group["categories"]):
        most = short_axis["most_values"]
        caption += f" Of more than {most} nodes, {most} at even ranks stand for all."
    if sum(len(groups) for _, groups in found) > MOST_GROUPS:
        for part, groups in found:
            yield rain_figure(
                key=f"short-axis-{part['key']}",
                title=f"{title}, {part['name']}",
                groups=groups,
                caption=caption,
            )
    elif found:
        every = [group for _, groups in found for group in groups]
        yield rain_figure(key="short-axis", title=title, groups=every, caption=caption)


def _diameters(group: Result) -> list[Diameters]:
    return [
        Diameters(
            cohort=group["name"],
            category=entry["label"],
            short_axis_mm=(*entry["values_mm"], *(None,) * entry["unknown"]),
            n=entry["n"],
        )
        for entry in group["categories"]
    ]


def _reading_times(times: Result) -> Iterator[Figure]:
    readers = [
        ReaderTimes(reader=entry["reader"], minutes=tuple(minutes["values"]), n=minutes["n"])
        for entry in times["readers"]
        for minutes in [entry["active_minutes_per_case"]]
    ]
    if not any(reader.n for reader in readers):
        return
    for sheet, shown in enumerate(sheets(readers, MOST_READERS)):
        key, title = numbered("reading-times", "Active reading time per case", sheet)
        yield reading_time_figure(
            key=key,
            title=title,
            times=shown,
            caption=(
                "Time with the page visible and the reader active. Box: quartiles; whiskers: "
                "farthest case within 1.5 quartile ranges; circles: cases beyond."
            ),
        )
