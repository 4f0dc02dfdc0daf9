"""Content: model and readers side by side, one table per endpoint (pure)."""

from collections.abc import Iterator, Mapping

from readerstudy.analysis.reporting.content import cells, notes
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.comparison_tests import other_views, tests_table
from readerstudy.analysis.reporting.content.material import (
    CUT_WORDS,
    ENDPOINT_TITLES,
    VIEW_WORDS,
    Material,
    abbreviations,
)
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Block, Row, Section, Table

NUMBERS = {"ene": 4, "metastasis": 5, "ene_among_metastatic": 6}
PROPORTIONS = ("sensitivity", "specificity", "accuracy", "ppv", "npv")
MEAN_PROPORTIONS = ("sensitivity", "specificity", "accuracy")


def section(material: Material) -> Section:
    """Return Tables 4 to 6 with their figures and notes."""
    order = [name for name in NUMBERS if name in material.endpoints]
    return Section(
        key="readers-and-model",
        title="Readers and model" if material.has_model else "Readers",
        sections=tuple(_endpoint(material, name) for name in order),
    )


def _endpoint(material: Material, endpoint: str) -> Section:
    keys = [str(part["key"]) for part in material.printed]
    pictures = material.shown(*(f"roc-{key}-{endpoint}" for key in keys), f"differences-{endpoint}")
    blocks: list[Block] = [main_table(material, endpoint), *notes.of_endpoint(material, endpoint)]
    if material.has_model:
        blocks.append(tests_table(material, endpoint, NUMBERS[endpoint]))
    views = other_views(material, endpoint, NUMBERS[endpoint])
    blocks += [*views, *pictures]
    return Section(key=f"readers-{endpoint}", title=ENDPOINT_TITLES[endpoint], blocks=tuple(blocks))


def confusion_section(material: Material) -> Section:
    """Return the matrices of calls by reference standard, where they were drawn."""
    keys = [f"confusion-{part['key']}" for part in material.printed]
    return Section(
        key="confusion", title="Calls by reference standard", blocks=material.shown(*keys)
    )


def main_table(material: Material, endpoint: str) -> Table:
    """Return the table of one endpoint: areas, proportions, P against the model."""
    rows: list[Row] = []
    for part in material.printed:
        rows.append(cells.heading(material.title_of(part)))
        rows += _rows(part["endpoints"][endpoint], material.view)
    who = "readers and model" if material.has_model else "readers"
    number = NUMBERS[endpoint]
    return Table(
        key=f"table-{number}",
        title=f"Table {number}. {ENDPOINT_TITLES[endpoint]}: {who}",
        columns=cells.columns(
            "",
            "Nodes (positive)",
            f"AUC ({material.ci}, DeLong)",
            f"{material.ci}, by patient",
            "Sensitivity, % (n/d)",
            "Specificity, % (n/d)",
            "Accuracy, % (n/d)",
            "PPV, % (n/d)",
            "NPV, % (n/d)",
            "P",
            "P, by patient",
        ),
        rows=tuple(rows),
        notes=tuple(_notes(material)),
    )


def _notes(material: Material) -> Iterator[str]:
    yield (
        f"Readers' answers are read as {VIEW_WORDS[material.view]}. For a yes-or-no answer the AUC "
        "is (sensitivity + specificity)/2."
    )
    if material.has_model:
        yield (
            "P: model against the reader, two-sided, on the nodes that both have (paired DeLong); "
            "by patient: allowing for nodes of one patient being alike (Obuchowski 1997)."
        )
    yield (
        "Reader mean, these readers: nothing is said of other readers. Reader mean, readers in "
        "general: readers as a sample of all readers (Obuchowski–Rockette, Hillis). Its "
        "percentages are means of exact proportions and have no single denominator."
    )
    yield abbreviations(("ENE", "AUC", "CI", "PPV", "NPV"))


def _rows(block: Result, view: str) -> Iterator[Row]:
    model = block["model"]
    if model is not None:
        yield cells.row(
            "Model", cells.counted(model["nodes"]), *_areas(model["auc"]), *[""] * 5, "", ""
        )
        yield from _points(model["operating_points"])
    compared = {entry["reader"]: entry for entry in block["comparisons"]}
    for reader in block["readers"]:
        yield _reader(reader, compared.get(reader["reader"]), view)
    if block["reader_mean"] is not None:
        yield from _means(block["reader_mean"], view, with_model=model is not None)


def _areas(auc: Result | None) -> tuple[str, str]:
    if auc is None:
        return UNDEFINED, UNDEFINED
    return cells.estimate(auc["delong"]), cells.interval(auc["patient_clustered"])


def points_of(points: Result) -> Iterator[tuple[str, Result]]:
    """Yield the model's named points that were counted: fixed, Youden, false-positive rates."""
    fixed, best = points.get("fixed"), points.get("youden")
    if fixed is not None:
        yield CUT_WORDS["fixed"], fixed["point"]
    if best is not None and best["point"] is not None:
        yield CUT_WORDS["youden"], best["point"]
    for target in points.get("false_positive_rate", ()):
        if target["attainable"] is not None:
            yield f"FPR ≤ {target['target_percent']}%", target["attainable"]


def shares(counts: Result) -> tuple[str, ...]:
    """Return sensitivity, specificity, accuracy, PPV and NPV with their counts."""
    return tuple(cells.share(counts[name]) for name in PROPORTIONS)


def _points(points: Result) -> Iterator[Row]:
    for name, point in points_of(points):
        yield cells.row(f"Model: {name}", "", "", "", *shares(point["counts"]), "", "")


def _reader(reader: Result, compared: Result | None, view: str) -> Row:
    tested = (compared or {}).get(view)
    ps = ("", "") if compared is None else _ps(tested, "delong", "patient_clustered")
    return cells.row(
        f"Reader {reader['reader']}",
        _nodes((reader[f"auc_{view}"] or {}).get("delong"), reader["nodes"]),
        *_areas(reader[f"auc_{view}"]),
        *shares(reader["counts"]),
        *ps,
    )


def _nodes(area: Result | None, nodes: Result) -> str:
    """Return the nodes of the calls, and those of the area where they are fewer."""
    called, rated = cells.counted(nodes), cells.counted_in(area, nodes)
    return called if rated == called else f"{called}; AUC {rated}"


def _ps(tested: Result | None, plain: str, clustered: str) -> tuple[str, str]:
    found: Mapping[str, Result] = tested or {}
    return cells.p(found.get(plain)), cells.p(found.get(clustered))


_FIXED = ("delong_fixed_readers", "patient_clustered_fixed_readers")
_RANDOM = (
    "readers_minus_model_random_readers",
    "readers_minus_model_random_readers_patient_clustered",
)


def _means(mean: Result, view: str, *, with_model: bool) -> Iterator[Row]:
    found = mean[view] or {}
    tested = found.get("model_minus_mean")
    nodes = _nodes(found.get("mean_auc_fixed_readers"), mean["nodes"])
    percentages = [cells.exact_percent(mean["proportions"][name]) for name in MEAN_PROPORTIONS]
    yield cells.row(
        "Reader mean, these readers",
        nodes,
        cells.area(found.get("mean_auc_fixed_readers")),
        cells.area_interval(found.get("mean_auc_patient_clustered")),
        *percentages,
        "",
        "",
        *(_ps(tested, *_FIXED) if with_model else ("", "")),
    )
    yield cells.row(
        "Reader mean, readers in general",
        nodes,
        cells.area(found.get("mean_auc_random_readers")),
        cells.area_interval(found.get("mean_auc_random_readers_patient_clustered")),
        *[""] * 5,
        *(_ps(tested, *_RANDOM) if with_model else ("", "")),
    )
