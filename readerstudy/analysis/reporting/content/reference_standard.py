"""Content: how far the annotators of the reference standard agreed, each alone (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import ENDPOINT_TITLES, Material, groups_of
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Paragraph, Row, Section, Table


def section(material: Material) -> Section:
    """Return Table S2."""
    title = "Reference standard"
    found = material.description.get("annotators") or {"groups": ()}
    groups = [group for group in groups_of(found["groups"]) if group["n"]]
    if not groups:
        text = "No labels of two annotators are recorded."
        return Section(key="reference-standard", title=title, blocks=(Paragraph(text=text),))
    tables = (_agreement(material, groups), _labels(found["labels"], groups[-1]))
    return Section(key="reference-standard", title=title, blocks=tables)


def _agreement(material: Material, groups: list[Result]) -> Table:
    rows: list[Row] = []
    for group in groups:
        rows.append(cells.heading(str(group["name"])))
        rows += _rows(group)
    return Table(
        key="table-s2",
        title="Table S2. Agreement of the annotators",
        columns=cells.columns(
            "",
            "Labelled alike, % (n/d)",
            f"Cohen κ ({material.ci})",
            "Landis and Koch",
            "κ, linear weights",
            "κ, quadratic weights",
            f"Gwet AC1 ({material.ci})",
        ),
        rows=tuple(rows),
        notes=(
            "Both annotators labelled each node alone; disagreement was settled afterwards. κ and "
            "AC1 on the nodes that both found determinable; nodes are taken as independent.",
        ),
    )


def _rows(group: Result) -> Iterator[Row]:
    yield cells.padded(("With “not determinable”", cells.share(group["agreement"])), 7)
    yield _row("Three categories", group["categories"])
    for endpoint, found in sorted(group["binary"].items(), reverse=True):
        yield _row(f"{ENDPOINT_TITLES[endpoint]}: yes or no", found)


def _row(name: str, found: Result) -> Row:
    kappas = found["cohen_kappa"]
    return cells.row(
        name,
        cells.share(found["agreement"]),
        cells.estimate(kappas["unweighted"]),
        found["landis_koch"]["unweighted"] or UNDEFINED,
        *(_weighted(kappas, weighting) for weighting in ("linear", "quadratic")),
        cells.estimate(found["gwet_ac1"]),
    )


def _weighted(kappas: Result, weighting: str) -> str:
    return display.signed(kappas[weighting]["estimate"]) if weighting in kappas else ""


def _labels(labels: list[Result], group: Result) -> Table:
    names = [str(label["label"]) for label in labels]
    return Table(
        key="table-s2b",
        title=f"Table S2b. Labels of the annotators, {group['name']}",
        columns=cells.columns("First annotator / second", *names),
        rows=tuple(
            cells.row(name, *map(str, counts))
            for name, counts in zip(names, group["table"], strict=True)
        ),
    )
