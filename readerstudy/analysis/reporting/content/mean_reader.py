"""Content: the model against the mean reader: sensitivity, specificity, and readers at random."""

from collections.abc import Iterator

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import (
    CUT_WORDS,
    ENDPOINT_TITLES,
    Material,
)
from readerstudy.analysis.reporting.content.notes import contrast_of
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Paragraph, Row, Section, Table

CLASSES = ("sensitivity", "specificity")
METHODS = (
    ("delong_fixed_readers", "These readers, nodes independent", False),
    ("patient_clustered_fixed_readers", "These readers, by patient", False),
    ("readers_minus_model_random_readers", "Readers in general, nodes independent", True),
    (
        "readers_minus_model_random_readers_patient_clustered",
        "Readers in general, by patient",
        True,
    ),
)


def section(material: Material) -> Section:
    """Return Tables S8 and S9."""
    title = "Model and mean reader"
    if not material.has_model or not material.readers:
        text = "There is no model to compare with the mean reader."
        return Section(key="mean-reader", title=title, blocks=(Paragraph(text=text),))
    return Section(
        key="mean-reader", title=title, blocks=(_proportions(material), _random(material))
    )


def _proportions(material: Material) -> Table:
    rows: list[Row] = []
    for endpoint in material.endpoints:
        for part in material.printed:
            mean = part["endpoints"][endpoint]["reader_mean"]
            against = (mean or {}).get("against_model") or {}
            found = [row for cut in CUT_WORDS for row in _cut_rows(mean, against, cut)]
            if found:
                title = f"{ENDPOINT_TITLES[endpoint]} – {part['name']}"
                rows += [cells.heading(title), *found]
    return Table(
        key="table-s8",
        title="Table S8. Model against the mean reader's sensitivity and specificity",
        columns=cells.columns(
            "Threshold of the model",
            "Model, % (n/d)",
            "Mean reader, %",
            f"Difference, points ({material.ci}, by patient)",
            "P, by patient",
            "P, readers in general (df)",
            "P, by node",
            "Majority of the readers, % (n/d)",
            "P, majority (McNemar)",
        ),
        rows=tuple(rows),
        notes=(
            "By patient: residuals summed within patients, these readers; readers in general: "
            "Obuchowski–Rockette with Hillis' degrees of freedom; majority: more than half of the "
            "readers, exact McNemar. The source paper's unpaired test is not used.",
            "All on the nodes that the model and every reader have.",
        ),
    )


def _cut_rows(mean: Result | None, against: Result, cut: str) -> Iterator[Row]:
    found = against.get(cut)
    if found is None or mean is None:
        return
    for name in CLASSES:
        yield _proportion_row(f"{CUT_WORDS[cut]}: {name}", found[name], mean["proportions"][name])


def _proportion_row(title: str, found: Result, mean: Result) -> Row:
    clustered, general = found["patient_clustered"] or {}, found["random_readers"] or {}
    limits = cells.limits_of(clustered)
    majority = found["majority_vote"] or {}
    return cells.row(
        title,
        cells.share(found["model"]),
        cells.exact_percent(mean),
        display.points_with_limits(found["difference"], *limits),
        display.p_value((clustered.get("normal") or {}).get("p_two_sided")),
        _with_df(cells.p(general), general.get("degrees_of_freedom")),
        display.p_value(((found["node_level"] or {}).get("normal") or {}).get("p_two_sided")),
        cells.share(majority.get("majority")),
        display.p_value((majority.get("test") or {}).get("exact_p")),
    )


def _with_df(p: str, df: float | None) -> str:
    return p if df is None or p == UNDEFINED else f"{p} ({display.decimals(df, 1)})"


def _random(material: Material) -> Table:
    rows: list[Row] = []
    for endpoint in material.endpoints:
        for part in material.printed:
            block = part["endpoints"][endpoint]
            contrast = contrast_of(block, material.view)
            if contrast is None:
                continue
            fixed = contrast["delong_fixed_readers"]
            nodes = cells.counted_in(fixed, block["reader_mean"]["nodes"])
            title = f"{ENDPOINT_TITLES[endpoint]} – {part['name']}, nodes (positive): {nodes}"
            rows.append(cells.heading(title))
            rows += [
                _random_row(name, contrast.get(key), is_turned=is_turned)
                for key, name, is_turned in METHODS
            ]
    return Table(
        key="table-s9",
        title="Table S9. Multiple readers, multiple cases: model minus mean reader",
        columns=cells.columns(
            "Method",
            f"AUC difference ({material.ci})",
            "Statistic",
            "Degrees of freedom",
            "P",
        ),
        rows=tuple(rows),
        notes=(
            "Readers in general: Hillis 2007, section 5.3; covariances by DeLong, or by patient. "
            "With one reader only results for that reader exist.",
        ),
    )


def _random_row(name: str, result: Result | None, *, is_turned: bool) -> Row:
    if result is None:
        return cells.row(name, *[UNDEFINED] * 4)
    found = cells.turned(result) if is_turned else result
    test = result["test"] or {}
    statistic = test.get("statistic")
    if is_turned and statistic is not None:
        statistic = -statistic
    df = test.get("degrees_of_freedom")
    return cells.row(
        name,
        cells.estimate(found),
        display.signed(statistic),
        "normal" if df is None and statistic is not None else display.decimals(df, 1),
        cells.p(result),
    )
