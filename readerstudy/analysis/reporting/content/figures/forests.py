"""Content: forest plots: model against readers, and the model by subgroup (pure)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from readerstudy.analysis.computing.subgroups import TITLES
from readerstudy.analysis.reporting.content.figures.reading import (
    CONTINUED,
    Result,
    estimate_of,
    numbered,
    sheets,
    titled,
)
from readerstudy.analysis.reporting.content.material import Material
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures import difference_forest, subgroup_forest
from readerstudy.analysis.reporting.figures.forest import ForestGroup, ForestRow

MOST_GROUPS, MOST_ROWS = 3, 24
READER_MEAN = "Reader mean"


def differences(material: Material) -> Iterator[Figure]:
    """Yield the differences in AUC per endpoint, in the view of the planned comparison."""
    for endpoint in material.endpoints:
        groups = [
            ForestGroup(name=part["name"], rows=rows)
            for part in material.printed
            if (rows := _differences(part["endpoints"][endpoint], material.view))
        ]
        primary = material.plan.primary
        caption = (
            f"Model minus reader, on the nodes both have; answers read as {material.view}. "
            "Reader mean: on the nodes all have, readers fixed."
        )
        for sheet, shown in enumerate(pages(groups, MOST_GROUPS)):
            title = titled(material, "Differences in AUC", endpoint)
            key, heading = numbered(f"differences-{endpoint}", title, sheet)
            yield difference_forest(
                key=key,
                title=heading,
                groups=shown,
                margin=primary.margin if endpoint == primary.endpoint else None,
                caption=caption,
                ci=material.ci,
            )


def _differences(block: Result, view: str) -> tuple[ForestRow, ...]:
    rows = [
        ForestRow(
            name=str(entry["reader"]),
            n=entry[view]["delong"]["n"],
            delong=estimate_of(entry[view]["delong"]),
            clustered=estimate_of(entry[view]["patient_clustered"]),
        )
        for entry in block["comparisons"]
        if entry.get(view) is not None
    ]
    mean = (block["reader_mean"] or {}).get(view) or {}
    found = mean.get("model_minus_mean")
    if rows and found is not None:
        rows.append(
            ForestRow(
                name=READER_MEAN,
                n=found["delong_fixed_readers"]["n"],
                delong=estimate_of(found["delong_fixed_readers"]),
                clustered=estimate_of(found["patient_clustered_fixed_readers"]),
                bold=True,
            )
        )
    return tuple(rows)


def subgroups(material: Material) -> Iterator[Figure]:
    """Yield the model's AUC per endpoint in each cohort and each planned subgroup."""
    for endpoint in material.endpoints:
        groups = _subgroups(material, endpoint)
        if len(groups) == 1:  # all nodes alone
            continue
        title = titled(material, "AUC of the model by subgroup", endpoint)
        for sheet, shown in enumerate(pages(groups, len(groups))):
            key, heading = numbered(f"subgroups-{endpoint}", title, sheet)
            yield subgroup_forest(
                key=key,
                title=heading,
                groups=shown,
                caption="n: nodes that the model scored. –: no AUC, as one class has no nodes.",
                ci=material.ci,
            )


def _subgroups(material: Material, endpoint: str) -> list[ForestGroup]:
    whole = _model_row(material.whole, endpoint, "All nodes")
    if whole is None:
        return [ForestGroup(name="", rows=())]
    groups = [ForestGroup(name=material.whole["name"], rows=(replace(whole, bold=True),))]
    if len(material.cohorts) > 1:
        groups.append(_group(material.cohorts, endpoint, "Cohort", "name"))
    for variable, parts in groupby(material.subgroups, key=lambda part: part["variable"]):
        groups.append(_group(list(parts), endpoint, TITLES[variable], "value"))
    return groups


def _group(parts: Sequence[Result], endpoint: str, name: str, value: str) -> ForestGroup:
    found = [_model_row(part, endpoint, str(part[value])) for part in parts]
    rows = [
        row or ForestRow(name=str(part[value]), n=0, delong=estimate_of(None))
        for part, row in zip(parts, found, strict=True)
    ]
    return ForestGroup(name=name, rows=tuple(rows))


def _model_row(part: Result, endpoint: str, name: str) -> ForestRow | None:
    model = part["endpoints"][endpoint]["model"]
    if model is None:
        return None
    return ForestRow(
        name=name,
        n=model["nodes"]["n"],
        delong=estimate_of(model["auc"]["delong"]),
        clustered=estimate_of(model["auc"]["patient_clustered"]),
    )


def pages(groups: Sequence[ForestGroup], most_groups: int) -> list[list[ForestGroup]]:
    """Return the groups in runs that fit a page; a group longer than a page goes on."""
    found: list[list[ForestGroup]] = []
    for group in groups:
        for number, rows in enumerate(sheets(group.rows, MOST_ROWS)):
            name = group.name if number == 0 else f"{group.name}{CONTINUED}"
            part = ForestGroup(name=name, rows=tuple(rows))
            full = not found or len(found[-1]) >= most_groups
            if full or _size(found[-1]) + len(rows) > MOST_ROWS:
                found.append([])
            found[-1].append(part)
    return found


def _size(groups: Sequence[ForestGroup]) -> int:
    return sum(len(group.rows) for group in groups)
