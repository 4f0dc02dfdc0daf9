"""Figures drawn of results: which there are, and that they show the results' own numbers."""

import functools
import json
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from readerstudy.analysis.computing.description import describe
from readerstudy.analysis.frozen_table import CaseReading, FlowCount
from readerstudy.analysis.reporting.content.figures import figures_of
from readerstudy.analysis.reporting.content.figures.forests import MOST_ROWS, pages
from readerstudy.analysis.reporting.figures.estimates import NOTHING
from readerstudy.analysis.reporting.figures.forest import ForestGroup, ForestRow
from tests.readerstudy.analysis.reporting.content.documents import results
from tests.readerstudy.analysis.reporting.files.studies import invented, planned, reference
from tests.readerstudy.statistics.reference import SHARED

ENDPOINTS = ("metastasis", "ene", "ene_among_metastatic")
PARTS = ("cohort-1", "cohort-2", "cohort-3", "pooled")


def described(table, **how):
    found = results(table, **how)
    patients = sorted({(row.cohort, row.patient) for row in table.rows})
    readings = tuple(
        CaseReading(
            reader=reader,
            cohort=cohort,
            patient=patient,
            nodes=2,
            active_seconds=None if at % 7 == 0 else 60.0 + 3 * at,
            total_seconds=None,
            changed_calls=0,
        )
        for at, (cohort, patient) in enumerate(patients)
        for reader in table.readers
    )
    frozen = SimpleNamespace(
        table=table,
        patients=(),
        readings=readings,
        labels=(),
        flow=(
            FlowCount(cohort=table.cohorts[0], exclusion_code="", patients=20, nodes=50),
            FlowCount(cohort=table.cohorts[0], exclusion_code="no_contrast", patients=3, nodes=0),
        ),
        sources=found["sources"],
    )
    found["tables"]["description"] = json.loads(json.dumps(describe(frozen), sort_keys=True))
    return found


@functools.cache
def three():
    primary = {
        "endpoint": "ene",
        "view": "binary",
        "comparison": "model_vs_reader_mean",
        "test": "delong",
        "hypothesis": "non_inferiority",
        "margin": 0.05,
    }
    plan = planned(primary=primary)
    found = described(invented(11), plan=plan)
    return found, figures_of(found)


def part(found, key):
    return next(part for part in found["tables"]["parts"] if part["key"] == key)


def of_kind(figure, **wanted):
    return [row for row in figure.data if all(row[name] == value for name, value in wanted.items())]


def test_every_part_has_its_figures():
    _, figures = three()
    for key in PARTS:
        assert f"confusion-{key}" in figures
        for endpoint in ENDPOINTS:
            assert f"roc-{key}-{endpoint}" in figures
            assert f"calibration-{key}-{endpoint}" in figures
    for key in ("flow", "reading-times", "agreement", "short-axis-cohort-2"):
        assert key in figures
    assert "short-axis" not in figures
    assert not [key for key in figures if "subgroup-" in key]
    assert {key: figure.key for key, figure in figures.items()} == {key: key for key in figures}


def test_a_single_cohort_is_not_pooled_and_not_named():
    figures = figures_of(results(invented(3, cohorts=1)))
    assert not [key for key in figures if "pooled" in key]
    assert figures["roc-cohort-1-ene"].title == "ROC: ENE"
    assert not {"flow", "short-axis", "reading-times"} & set(figures)


def test_readers_alone_have_no_figures_of_the_model():
    table = invented(5)
    rows = tuple(
        type(row)(**{**vars(row), "score_metastasis": None, "score_ene": None})
        for row in table.rows
    )
    figures = figures_of(results(type(table)(readers=table.readers, rows=rows), has_model=False))
    assert not [key for key in figures if key.startswith(("calibration", "differ", "subgroups"))]
    assert {row["kind"] for row in figures["roc-pooled-ene"].data} == {"reader", "reader_mean"}


def test_roc_shows_counted_points_and_the_curve():
    found, figures = three()
    block = part(found, "pooled")["endpoints"]["ene"]
    figure = figures["roc-pooled-ene"]
    shown = {row["name"]: row for row in of_kind(figure, kind="reader")}
    for row in block["readers"]:
        assert shown[row["reader"]]["sensitivity"] == row["counts"]["sensitivity"]["value"]
        assert shown[row["reader"]]["n_negative"] == row["counts"]["specificity"]["denominator"]
    assert len(of_kind(figure, kind="curve")) == len(block["model"]["roc"])
    points = [row["name"] for row in of_kind(figure, kind="operating_point")]
    assert points == ["Fixed threshold", "Youden index", "False positives ≤ 10%"]
    (mean,) = of_kind(figure, kind="reader_mean")
    assert mean["sensitivity"] == block["reader_mean"]["proportions"]["sensitivity"]["mean"]


def test_a_reader_without_calls_is_named_in_the_plot():
    table = invented(3, cohorts=1)
    rows = tuple(
        type(row)(**{**vars(row), "calls": {**row.calls, "R2": None}}) for row in table.rows
    )
    figure = figures_of(results(type(table)(readers=table.readers, rows=rows)))["roc-cohort-1-ene"]
    assert "– R2: undefined" in figure.svg


def test_differences_are_the_planned_views_with_margin_at_the_planned_endpoint_only():
    found, figures = three()
    figure = figures["differences-ene"]
    rows = of_kind(figure, method="patient_clustered", group="Cohort 0")
    block = part(found, "cohort-1")["endpoints"]["ene"]
    wanted = [entry["binary"]["patient_clustered"]["estimate"] for entry in block["comparisons"]]
    mean = block["reader_mean"]["binary"]["model_minus_mean"]
    wanted.append(mean["patient_clustered_fixed_readers"]["estimate"])
    assert [row["estimate"] for row in rows] == wanted
    assert "margin −0.05" in figure.svg
    assert "margin" not in figures["differences-metastasis"].svg
    groups = [row["group"] for key in ("", "-2") for row in figures[f"differences-ene{key}"].data]
    assert set(groups) == {"Cohort 0", "Cohort 1", "Cohort 2", "All cohorts"}


def test_subgroups_hold_all_nodes_cohorts_and_planned_groups():
    found, figures = three()
    rows = of_kind(figures["subgroups-ene"], method="delong")
    names = [(row["group"], row["name"]) for row in rows]
    assert names[:2] == [("All cohorts", "All nodes"), ("Cohort", "Cohort 0")]
    assert ("Short-axis diameter", "≥ 10 mm") in names
    model = part(found, "pooled")["endpoints"]["ene"]["model"]
    assert (rows[0]["n"], rows[0]["estimate"]) == (
        model["nodes"]["n"],
        model["auc"]["delong"]["estimate"],
    )


def test_confusion_counts_and_says_what_is_in_no_cell():
    found, figures = three()
    counted = part(found, "pooled")["confusion"]
    figure = figures["confusion-pooled"]
    shown = [row["count"] for row in of_kind(figure, name="R2")]
    assert shown == [count for row in counted["sides"]["R2"] for count in row]
    assert f"Without a category in the reference standard: {counted['undetermined']}." in (
        figure.caption
    )
    assert f"R2 {counted['missing']['R2']}" in figure.caption
    assert "Model A" in {row["name"] for row in figure.data}


def test_flow_counts_read_and_says_what_nobody_recorded():
    found, figures = three()
    rows = of_kind(figures["flow"], cohort="Cohort 0")
    assert [row["count"] for row in rows if row["step"] in ("assessed", "included")] == [23, 20]
    assert [(row["name"], row["count"]) for row in rows if row["step"] == "excluded"] == [
        ("no_contrast", 3)
    ]
    nodes = sum(row["count"] for row in rows if row["step"] == "nodes")
    assert nodes == part(found, "cohort-1")["n_nodes"]
    (unknown,) = of_kind(figures["flow"], cohort="Cohort 1", step="assessed")
    assert unknown["count"] is None


def test_diameters_and_times_count_the_unknown():
    found, figures = three()
    description = found["tables"]["description"]
    for group, key in zip(description["short_axis"]["groups"], PARTS[:3], strict=False):
        shown = figures[f"short-axis-{key}"].data
        assert [(row["n"], row["missing"]) for row in shown] == [
            (entry["n"], entry["unknown"]) for entry in group["categories"]
        ]
    times = figures["reading-times"].data
    assert [row["n"] for row in times] == [
        entry["active_minutes_per_case"]["n"] for entry in description["reading_times"]["readers"]
    ]


def test_agreement_is_fleiss_kappa_per_coding():
    found, figures = three()
    rows = of_kind(figures["agreement"], cohort="Cohort 1")
    blocks = part(found, "cohort-2")["endpoints"]
    assert [row["kappa"] for row in rows] == [
        blocks["metastasis"]["agreement"]["three_categories"]["kappa"],
        *(blocks[endpoint]["agreement"]["binary"]["kappa"] for endpoint in ENDPOINTS),
    ]


def test_intervals_carry_the_plans_level():
    figures = figures_of(results(invented(11), plan=planned(alpha=0.1)))
    assert "DeLong (90% CI)" in figures["differences-ene"].svg
    assert "95% CI" not in "".join(figure.svg + figure.caption for figure in figures.values())


def test_every_figure_is_well_formed_and_fits_a_page():
    for figure in three()[1].values():
        root = ElementTree.fromstring(figure.svg)
        assert float(root.get("height")) <= 1000
        assert "Figure" not in figure.title


def test_long_forests_go_on_another_page():
    rows = tuple(ForestRow(name=f"R{n}", n=1, delong=NOTHING) for n in range(MOST_ROWS + 5))
    groups = [ForestGroup(name="A", rows=rows), ForestGroup(name="B", rows=rows[:3])]
    found = pages(groups, 3)
    assert [[(g.name, len(g.rows)) for g in page] for page in found] == [
        [("A", MOST_ROWS)],
        [("A (continued)", 5), ("B", 3)],
    ]


@pytest.mark.skipif(not Path(SHARED).is_dir(), reason="needs the shared reference folder")
def test_the_reference_study_prints_its_published_areas():
    figures = figures_of(results(reference()))
    assert "AUC 0.88 (0.81, 0.95), n = 194" in figures["roc-cohort-1-ene"].svg
    assert "0.22 (0.14, 0.29)" in figures["differences-ene"].svg
