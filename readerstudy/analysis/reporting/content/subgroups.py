"""Content: the planned subgroups, and patients as the unit (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from readerstudy.analysis.reporting.content import cells, notes
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import ENDPOINT_TITLES, Material
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import (
    Block,
    Column,
    Note,
    Paragraph,
    Row,
    Section,
    Table,
)

NOBODY = {"n": 0, "n_positive": 0}


def section(material: Material) -> Section:
    """Return Table S6 with its figures; cohorts always count as a subgroup."""
    title = "Subgroups"
    if not material.subgroups and len(material.cohorts) < 2:
        text = "No subgroups were planned."
        return Section(key="subgroups", title=title, blocks=(Paragraph(text=text),))
    keys = [f"subgroups-{endpoint}" for endpoint in material.endpoints]
    few = notes.of_few_units("nodes", _sizes(material))
    blocks: list[Block] = [_table(material), *few, *_undefined(material), *material.shown(*keys)]
    return Section(key="subgroups", title=title, blocks=tuple(blocks))


def _table(material: Material) -> Table:
    rows: list[Row] = []
    for endpoint in material.endpoints:
        rows.append(cells.heading(ENDPOINT_TITLES[endpoint]))
        parts = [material.whole, *(material.cohorts if len(material.cohorts) > 1 else ())]
        for part in [*parts, *material.subgroups]:
            block = part["endpoints"][endpoint]
            rows.append(cells.row(part["name"], *_cells(block, material.view)))
    return Table(
        key="table-s6",
        title="Table S6. Subgroups: model and mean of the readers",
        columns=_columns(material, "Subgroup", "Nodes (positive)"),
        rows=tuple(rows),
        notes=(
            "Intervals and P by patient (Obuchowski 1997), these readers. The subgroups were named "
            "in the plan; P values are not adjusted and test each subgroup against 0, not one "
            "subgroup against another. The difference is of the nodes that the model and every "
            "reader have (nodes compared); the model's AUC is of all nodes it scored.",
        ),
    )


def _sizes(material: Material) -> Iterator[tuple[str, Result]]:
    for endpoint in material.endpoints:
        for part in material.subgroups:
            yield (
                f"{ENDPOINT_TITLES[endpoint]}, {part['name']}",
                part["endpoints"][endpoint]["nodes"],
            )


def _undefined(material: Material) -> Iterator[Note]:
    """Say why subgroups have no interval; cohorts have their notes beside Tables 4 to 6."""
    for endpoint in material.endpoints:
        results = [
            (part["name"], (block["model"] or {}).get("auc", {}).get("patient_clustered"))
            for part in material.subgroups
            if (block := part["endpoints"][endpoint]) is not None
        ]
        where = f"{ENDPOINT_TITLES[endpoint]}, AUC of the model"
        yield from notes.of_statuses(material, where, results)


def _columns(material: Material, first: str, units: str) -> tuple[Column, ...]:
    return cells.columns(
        first,
        units,
        f"AUC, model ({material.ci})",
        "Nodes compared (positive)",
        f"AUC, mean reader ({material.ci})",
        f"Difference ({material.ci})",
        "P",
    )


def _cells(block: Result, view: str) -> tuple[str, ...]:
    model, mean = block["model"], (block["reader_mean"] or {}).get(view) or {}
    contrast: Mapping[str, Any] = notes.contrast_of(block, view) or {}
    difference = contrast.get("patient_clustered_fixed_readers")
    return (
        cells.counted(block["nodes"]),
        UNDEFINED if model is None else cells.estimate(model["auc"]["patient_clustered"]),
        cells.counted_in(difference, (block["reader_mean"] or {}).get("nodes") or NOBODY),
        cells.area(mean.get("mean_auc_patient_clustered")),
        cells.estimate(difference),
        cells.p(difference),
    )


def patient_section(material: Material) -> Section:
    """Return Table S7: a patient is positive when any node is."""
    title = "Patients as the unit"
    parts = [part for part in material.printed if part["patient_level"] is not None]
    if not parts:
        text = "Results by patient were not planned."
        return Section(key="patient-level", title=title, blocks=(Paragraph(text=text),))
    rows: list[Row] = []
    for endpoint in material.endpoints:
        rows.append(cells.heading(ENDPOINT_TITLES[endpoint]))
        for part in parts:
            rows += _patient_rows(part["name"], part["patient_level"][endpoint], material.view)
    table = Table(
        key="table-s7",
        title="Table S7. Patients as the unit: positive when any node is",
        columns=cells.columns(
            "Cohort",
            "Patients (positive)",
            f"AUC ({material.ci}, DeLong)",
            "Sensitivity, % (n/d)",
            "Specificity, % (n/d)",
            "Patients compared (positive)",
            f"Model minus reader ({material.ci})",
            "P",
        ),
        rows=tuple(rows),
        notes=(
            "Reference standard and calls: the most severe category of the patient's nodes; score: "
            "the largest. The model's sensitivity and specificity are taken at the threshold fixed "
            "with it, where there is one.",
        ),
    )
    return Section(
        key="patient-level", title=title, blocks=(table, *_patient_notes(material, parts))
    )


def _patient_notes(material: Material, parts: Sequence[Result]) -> Iterator[Note]:
    yield from notes.of_few_units(
        "patients",
        (
            (f"{part['name']}, {ENDPOINT_TITLES[name]}", part["patient_level"][name]["nodes"])
            for name in material.endpoints
            for part in parts
        ),
    )
    for endpoint in material.endpoints:
        for part in parts:
            areas = notes.areas_of(part["patient_level"][endpoint], material.view)
            where = f"{part['name']}, {ENDPOINT_TITLES[endpoint]}"
            yield from notes.of_statuses(material, where, areas)


def _patient_rows(cohort: str, block: Result, view: str) -> list[Row]:
    rows = []
    model = block["model"]
    if model is not None:
        fixed = (model["operating_points"].get("fixed") or {}).get("point")
        counts = ("", "") if fixed is None else _shares(fixed["counts"])
        area = cells.estimate(model["auc"]["delong"])
        nodes = cells.counted(model["nodes"])
        rows.append(cells.row(f"{cohort}: model", nodes, area, *counts, "", "", ""))
    compared = {
        entry["reader"]: (entry[view] or {}).get("delong") for entry in block["comparisons"]
    }
    for reader in block["readers"]:
        tested = compared.get(reader["reader"])
        rows.append(
            cells.row(
                f"{cohort}: reader {reader['reader']}",
                cells.counted(reader["nodes"]),
                cells.estimate((reader[f"auc_{view}"] or {}).get("delong")),
                *_shares(reader["counts"]),
                *(("", "", "") if model is None else _tested(tested)),
            )
        )
    return [*rows, *_mean_rows(cohort, block, view)]


def _tested(tested: Result | None) -> tuple[str, str, str]:
    """Return the patients compared, the difference and its P value."""
    on = UNDEFINED if tested is None else cells.counted(tested)
    return on, cells.estimate(tested), cells.p(tested)


def _shares(counts: Result) -> tuple[str, str]:
    return cells.share(counts["sensitivity"]), cells.share(counts["specificity"])


def _mean_rows(cohort: str, block: Result, view: str) -> list[Row]:
    mean = block["reader_mean"]
    if mean is None:
        return []
    tested = (notes.contrast_of(block, view) or {}).get("delong_fixed_readers")
    return [
        cells.row(
            f"{cohort}: reader mean",
            cells.counted(mean["nodes"]),
            cells.area((mean[view] or {}).get("mean_auc_fixed_readers")),
            cells.exact_percent(mean["proportions"]["sensitivity"]),
            cells.exact_percent(mean["proportions"]["specificity"]),
            *(("", "", "") if block["model"] is None else _tested(tested)),
        )
    ]
