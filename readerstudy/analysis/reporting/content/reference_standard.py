"""Content: how far the annotators of the reference standard agreed, each alone (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import ENDPOINT_TITLES, Material, groups_of
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Paragraph, Row, Section, Table

WIDTH = 8
BY_NODE = "by node"


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
            f"{material.ci}, %",
            f"Cohen κ ({material.ci})",
            "Landis and Koch",
            f"κ, linear weights ({material.ci})",
            f"κ, quadratic weights ({material.ci})",
            f"Gwet AC1 ({material.ci})",
        ),
        rows=tuple(rows),
        notes=(
            "Both annotators labelled each node alone; disagreement was settled afterwards. κ and "
            "AC1 on the nodes that both found determinable. Intervals allow for several nodes of "
            f"one patient, except in the lines “{BY_NODE}”, which take nodes as independent.",
        ),
    )


def _rows(group: Result) -> Iterator[Row]:
    yield from _all_answers("With “not determinable”", group)
    yield from _coded("Three categories", group["categories"])
    for endpoint, found in sorted(group["binary"].items(), reverse=True):
        yield from _coded(f"{ENDPOINT_TITLES[endpoint]}: yes or no", found)


def _all_answers(name: str, group: Result) -> Iterator[Row]:
    # Results of earlier versions have no numbers by patient.
    by_patient = group.get("agreement_by_patient")
    if by_patient is not None:
        yield cells.padded((name, cells.share(group["agreement"]), _percents(by_patient)), WIDTH)
        name = f"{name}; {BY_NODE}"
    wilson = {"interval": group["agreement"]["wilson"]}
    yield cells.padded((name, cells.share(group["agreement"]), _percents(wilson)), WIDTH)


def _coded(name: str, found: Result) -> Iterator[Row]:
    by_patient = found.get("by_patient")
    if by_patient is not None:
        yield _row(name, found, by_patient, by_patient["agreement"])
        name = f"{name}; {BY_NODE}"
    yield _row(name, found, found, {"interval": found["agreement"]["wilson"]})


def _row(name: str, found: Result, estimates: Result, alike: Result) -> Row:
    kappas = estimates["cohen_kappa"]
    return cells.row(
        name,
        cells.share(found["agreement"]),
        _percents(alike),
        cells.estimate(kappas["unweighted"]),
        found["landis_koch"]["unweighted"] or UNDEFINED,
        *(
            cells.estimate(kappas[weighting]) if weighting in kappas else ""
            for weighting in ("linear", "quadratic")
        ),
        cells.estimate(estimates["gwet_ac1"]),
    )


def _percents(result: Result) -> str:
    """Return the limits of a share in whole percent."""
    limits = [display.whole_percent(limit) for limit in cells.limits_of(result)]
    return UNDEFINED if UNDEFINED in limits else ", ".join(limits)


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
