"""Content: the model against each reader: differences, McNemar, the source paper's interval."""

from collections.abc import Iterator

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import (
    ENDPOINT_TITLES,
    VIEW_WORDS,
    Material,
)
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Row, Table


def tests_table(material: Material, endpoint: str, number: int) -> Table:
    """Return the differences between the model and each reader, with what they were tested by."""
    rows: list[Row] = []
    for part in material.printed:
        block = part["endpoints"][endpoint]
        rows.append(cells.heading(material.title_of(part)))
        rows += _rows(block, material.view)
    return Table(
        key=f"table-{number}b",
        title=f"Table {number}b. {ENDPOINT_TITLES[endpoint]}: model minus reader",
        columns=cells.columns(
            "",
            f"AUC ({material.ci}, Hanley–McNeil, as in the source paper)",
            "Nodes compared (positive)",
            f"AUC difference ({material.ci}, DeLong)",
            f"{material.ci}, by patient",
            "Sensitivity difference, points (Newcombe)",
            "P, McNemar (by patient)",
            "Specificity difference, points (Newcombe)",
            "P, McNemar (by patient)",
        ),
        rows=tuple(rows),
        notes=(
            "Differences are model minus reader on the nodes that both have. McNemar: exact, "
            "two-sided; in brackets by patient (Obuchowski 1998).",
            _threshold_note(material, endpoint),
            "Hanley–McNeil 1982 is the interval of the source paper's readers and stands here for "
            "comparison only.",
        ),
    )


def cut_of(block: Result) -> str:
    """Return the threshold readers are compared at: fixed with the model, else Youden's."""
    points = (block["model"] or {}).get("operating_points") or {}
    return "fixed" if points.get("fixed") is not None else "youden"


def _threshold_note(material: Material, endpoint: str) -> str:
    cut = cut_of(material.whole["endpoints"][endpoint])
    told = (
        "fixed with the model version"
        if cut == "fixed"
        else "Youden index, chosen on these nodes and therefore optimistic"
    )
    return f"Sensitivity and specificity of the model are taken at one threshold: {told}."


def _rows(block: Result, view: str) -> Iterator[Row]:
    cut = cut_of(block)
    older = {reader["reader"]: reader[f"auc_{view}"] for reader in block["readers"]}
    if block["model"] is not None:
        older_of_model = cells.estimate(block["model"]["auc"]["hanley_mcneil"])
        yield cells.padded(("Model", older_of_model), 9)
    for entry in block["comparisons"]:
        tested = entry[view] or {}
        area = older.get(entry["reader"])
        mcnemar = entry["mcnemar"].get(cut) or {}
        yield cells.row(
            f"Reader {entry['reader']}",
            UNDEFINED if area is None else cells.estimate(area["hanley_mcneil"]),
            cells.counted_in(tested.get("delong"), entry["nodes"]),
            cells.estimate(tested.get("delong")),
            cells.interval(tested.get("patient_clustered")),
            *_mcnemar(mcnemar.get("sensitivity")),
            *_mcnemar(mcnemar.get("specificity")),
        )


def _mcnemar(found: Result | None) -> tuple[str, str]:
    if found is None:
        return UNDEFINED, UNDEFINED
    test = found["test"]
    lower, upper = cells.limits_of({"interval": test["newcombe"]})
    clustered = (found["patient_clustered"]["obuchowski"] or {}).get("p_two_sided")
    return (
        display.points_with_limits(test["difference"], lower, upper),
        f"{display.p_value(test['exact_p'])} ({display.p_value(clustered)})",
    )


def other_views(material: Material, endpoint: str, number: int) -> tuple[Table, ...]:
    """Return the areas of the planned views that the primary comparison does not use."""
    views = [view for view in material.plan.views if view != material.view]
    if not views or not material.readers:
        return ()
    rows: list[Row] = []
    for part in material.printed:
        for view in views:
            rows.append(cells.heading(material.title_of(part, VIEW_WORDS[view])))
            rows += _view_rows(part["endpoints"][endpoint], view)
    return (
        Table(
            key=f"table-{number}c",
            title=f"Table {number}c. {ENDPOINT_TITLES[endpoint]}: the readers' other views",
            columns=cells.columns(
                "",
                f"AUC ({material.ci}, DeLong)",
                f"{material.ci}, by patient",
                "Nodes compared (positive)",
                f"Model minus reader ({material.ci})",
                "P",
                "P, by patient",
            ),
            rows=tuple(rows),
            notes=("Reader mean: these readers.",),
        ),
    )


def _view_rows(block: Result, view: str) -> Iterator[Row]:
    compared = {entry["reader"]: entry[view] or {} for entry in block["comparisons"]}
    for reader in block["readers"]:
        auc = reader[f"auc_{view}"] or {}
        yield _view_row(
            f"Reader {reader['reader']}",
            (auc.get("delong"), auc.get("patient_clustered")),
            compared.get(reader["reader"]),
            ("delong", "patient_clustered"),
        )
    if block["reader_mean"] is not None:
        mean = block["reader_mean"][view] or {}
        yield _view_row(
            "Reader mean",
            (mean.get("mean_auc_fixed_readers"), mean.get("mean_auc_patient_clustered")),
            mean.get("model_minus_mean"),
            ("delong_fixed_readers", "patient_clustered_fixed_readers"),
        )


def _view_row(
    name: str,
    areas: tuple[Result | None, Result | None],
    tested: Result | None,
    methods: tuple[str, str],
) -> Row:
    plain, clustered = areas
    if tested is None:
        against = ("", "", "", "")
    else:
        found, by_patient = (tested.get(method) for method in methods)
        on = UNDEFINED if found is None else cells.counted(found)
        against = (on, cells.estimate(found), cells.p(found), cells.p(by_patient))
    return cells.row(name, cells.area(plain), cells.area_interval(clustered), *against)
