"""Content: the size of nodes by category, and what it alone can tell (pure)."""

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import (
    ENDPOINT_TITLES,
    Material,
    abbreviations,
    groups_of,
)
from readerstudy.analysis.reporting.document import Block, Row, Table

COMPARED = (
    ("benign_against_metastatic", "P, benign against metastatic"),
    ("metastasis_without_against_with_ene", "P, metastasis without against with ENE"),
    ("three_categories", "P, three categories"),
)


def blocks(material: Material) -> list[Block]:
    """Return the rain clouds and Table S1."""
    groups = [
        group
        for group in groups_of(material.description["short_axis"]["groups"])
        if any(category["n"] for category in group["categories"])
    ]
    pictures = material.starting("short-axis")
    if not groups:
        return [*pictures]
    return [*pictures, _areas(material, groups), _tests(groups)]


def _areas(material: Material, groups: list[Result]) -> Table:
    rows: list[Row] = []
    for endpoint in material.endpoints:
        rows.append(cells.heading(ENDPOINT_TITLES[endpoint]))
        for group in groups:
            area = group["auc"][endpoint]
            rows.append(
                cells.row(
                    group["name"],
                    cells.counted(area["delong"]),
                    str(area["unknown"]),
                    cells.estimate(area["delong"]),
                    cells.interval(area["by_patient"]),
                )
            )
    return Table(
        key="table-s1",
        title="Table S1. Short-axis diameter alone",
        columns=cells.columns(
            "Cohort",
            "Nodes (positive)",
            "Not measured",
            f"AUC ({material.ci}, DeLong)",
            f"{material.ci}, by patient",
        ),
        rows=tuple(rows),
        notes=(
            "The larger the diameter, the more suspicious the node.",
            abbreviations(("ENE", "AUC", "CI")),
        ),
    )


def _tests(groups: list[Result]) -> Table:
    rows = []
    for group in groups:
        found = {test["compared"]: test["p_two_sided"] for test in group["tests"]}
        rows.append(
            cells.row(group["name"], *(display.p_value(found[name]) for name, _ in COMPARED))
        )
    return Table(
        key="table-s1b",
        title="Table S1b. Short-axis diameter between categories",
        columns=cells.columns("Cohort", *(title for _, title in COMPARED)),
        rows=tuple(rows),
        notes=(
            "Mann–Whitney; Kruskal–Wallis of three categories. Two-sided; nodes are taken as "
            "independent.",
        ),
    )
