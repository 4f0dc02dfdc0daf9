"""Content: the model without readers: areas, operating points, cohorts against each other."""

from collections.abc import Iterator

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells, notes
from readerstudy.analysis.reporting.content.calibration import calibration_blocks
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.comparisons import points_of, shares
from readerstudy.analysis.reporting.content.material import (
    ENDPOINT_TITLES,
    Material,
    abbreviations,
)
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Block, Paragraph, Row, Section, Table


def section(material: Material) -> Section:
    """Return Table 3 and what goes with it."""
    if not material.has_model:
        return Section(
            key="model", title="Model alone", blocks=(Paragraph(text="No model was compared."),)
        )
    blocks: list[Block] = [*notes.of_model(material), _areas(material), _points(material)]
    if material.tables["between_cohorts"]:
        blocks.append(_between(material))
    blocks += calibration_blocks(material)
    return Section(key="model", title="Model alone", blocks=tuple(blocks))


def _areas(material: Material) -> Table:
    rows: list[Row] = []
    for endpoint in material.endpoints:
        rows.append(cells.heading(ENDPOINT_TITLES[endpoint]))
        rows += [
            _area_row(part["name"], part["endpoints"][endpoint]["model"])
            for part in material.printed
        ]
    return Table(
        key="table-3",
        title="Table 3. Model alone: area under the curve",
        columns=cells.columns(
            "Cohort",
            "Nodes (positive)",
            "Patients",
            f"AUC ({material.ci}, DeLong)",
            f"{material.ci}, by patient",
            f"{material.ci}, DeLong, logit",
        ),
        rows=tuple(rows),
        notes=(
            "By patient: allowing for nodes of one patient being alike (Obuchowski 1997). The "
            "logit interval stays inside 0 and 1 and is the better one near 1.",
            abbreviations(("ENE", "AUC", "CI")),
        ),
    )


def _area_row(name: str, model: Result | None) -> Row:
    if model is None:
        return cells.row(name, *[UNDEFINED] * 5)
    plain, clustered = model["auc"]["delong"], model["auc"]["patient_clustered"]
    return cells.row(
        name,
        cells.counted(model["nodes"]),
        str(model["nodes"]["n_patients"]),
        cells.estimate(plain),
        cells.interval(clustered),
        cells.interval({"interval": plain.get("logit_interval")}),
    )


def _points(material: Material) -> Table:
    rows: list[Row] = []
    for endpoint in material.endpoints:
        for part in material.printed:
            model = part["endpoints"][endpoint]["model"]
            if model is not None:
                rows.append(cells.heading(f"{ENDPOINT_TITLES[endpoint]} – {part['name']}"))
                rows += _point_rows(model["operating_points"])
    return Table(
        key="table-3b",
        title="Table 3b. Model alone: operating points",
        columns=cells.columns(
            "Operating point",
            "Threshold",
            "Sensitivity, % (n/d)",
            "Specificity, % (n/d)",
            "Accuracy, % (n/d)",
            "PPV, % (n/d)",
            "NPV, % (n/d)",
        ),
        rows=tuple(rows),
        notes=(
            "The Youden index and the false-positive rates were chosen on the nodes analysed here. "
            "FPR ≤ x%: the lowest observed threshold that keeps to the rate, with its real counts.",
            "Interpolated values are read off the curve between two observed points: no node was "
            "called so, and they have no counts. They stand here because the source paper prints "
            "them.",
            "Threshold “none”: no node is called positive.",
            abbreviations(("FPR", "PPV", "NPV")),
        ),
    )


def _point_rows(points: Result) -> Iterator[Row]:
    interpolated = {
        f"FPR ≤ {target['target_percent']}%": target
        for target in points.get("false_positive_rate", ())
    }
    for name, point in points_of(points):
        yield cells.row(name, _threshold(point), *shares(point["counts"]))
        target = interpolated.get(name)
        if target is not None and target["interpolated"] is not None:
            yield _interpolated(target)


def _threshold(point: Result) -> str:
    return "none" if point["threshold"] is None else display.significant(point["threshold"])


def _interpolated(target: Result) -> Row:
    found = target["interpolated"]
    return cells.row(
        f"FPR = {target['target_percent']}%, interpolated",
        "no node was called so",
        *(
            display.whole_percent(found[name])
            for name in ("sensitivity", "specificity", "accuracy")
        ),
        "",
        "",
    )


def _between(material: Material) -> Table:
    rows: list[Row] = []
    for endpoint in material.endpoints:
        found = [
            entry for entry in material.tables["between_cohorts"] if entry["endpoint"] == endpoint
        ]
        if found:
            rows.append(cells.heading(ENDPOINT_TITLES[endpoint]))
        rows += [
            cells.row(
                f"{entry['first']} minus {entry['second']}",
                cells.estimate(entry["delong"]),
                cells.p(entry["delong"]),
                display.p_value(entry["welch"]["p_two_sided"]),
            )
            for entry in found
        ]
    return Table(
        key="table-3c",
        title="Table 3c. Model alone: cohorts against each other",
        columns=cells.columns(
            "Cohorts", f"AUC difference ({material.ci})", "P, normal", "P, t with Welch's df"
        ),
        rows=tuple(rows),
        notes=("Different patients, so unpaired (DeLong); two-sided; not adjusted.",),
    )
