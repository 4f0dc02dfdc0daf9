"""Content: flow, patients (Table 1) and nodes (Table 2), cohort beside cohort (pure)."""

from collections.abc import Iterator, Sequence

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells, short_axis
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import (
    Material,
    abbreviations,
    groups_of,
    listed,
)
from readerstudy.analysis.reporting.display import UNDEFINED
from readerstudy.analysis.reporting.document import Block, Column, Paragraph, Row, Section, Table

INDENT = "\u2003"
"""Wide, so that HTML does not swallow it."""
NOBODY: Result = {"patients": 0, "nodes": 0}
MODEL_SCORES = {"ene": "ENE", "metastasis": "metastasis"}


def section(material: Material) -> Section:
    """Return who was studied: flow, patients, nodes and their size."""
    found = material.description
    blocks: list[Block] = [*material.shown("flow")]
    if not found:
        blocks.append(Paragraph(text="The results hold no description of patients and nodes."))
    else:
        blocks.append(_flow_table(found["flow"]))
        blocks += _baseline(found["baseline"])
        blocks += [_node_table(found["nodes"]), *short_axis.blocks(material)]
    return Section(key="population", title="Patients and nodes", blocks=tuple(blocks))


def _group_columns(first: str, groups: Sequence[Result], *more: str) -> tuple[Column, ...]:
    return cells.columns(first, *(str(group["name"]) for group in groups), *more)


def _flow_table(flow: Result) -> Table:
    groups = groups_of(flow["groups"])
    return Table(
        key="table-flow",
        title="Flow of patients and nodes",
        columns=_group_columns("Patients / nodes", groups),
        rows=tuple(_flow_rows(groups)),
        notes=(
            "Read: given to readers. Calls are missing where a reader made none. – means not "
            "recorded.",
        ),
    )


def _flow_rows(groups: Sequence[Result]) -> Iterator[Row]:
    yield cells.row("Assessed", *(_pair(group["assessed"]) for group in groups))
    codes = sorted({entry["code"] for group in groups for entry in group["excluded"] or ()})
    for code in codes:
        excluded = (_excluded(group["excluded"], code) for group in groups)
        yield cells.row(f"Excluded: {code}", *map(_pair, excluded))
    for key, name in (("included", "Included"), ("read", "Read")):
        yield cells.row(name, *(_pair(group[key]) for group in groups))
    for at, first in enumerate(groups[0]["by_category"] if groups else ()):
        counts = (str(group["by_category"][at]["n"]) for group in groups)
        yield cells.row(f"Nodes: {first['label']}", *counts)
    yield cells.row("Nodes: not determinable", *(str(group["undetermined"]) for group in groups))
    for reader in groups[0]["missing_calls"] if groups else ():
        counts = (str(group["missing_calls"][reader]) for group in groups)
        yield cells.row(f"Nodes without a call: reader {reader}", *counts)
    if groups and groups[0]["without_model_score"] is not None:
        for name, words in MODEL_SCORES.items():
            counts = (str(group["without_model_score"][name]) for group in groups)
            yield cells.row(f"Nodes without the model's score of {words}", *counts)


def _excluded(entries: Sequence[Result] | None, code: str) -> Result | None:
    """Return who was excluded under a code: nobody, where a cohort's list does not name it."""
    if entries is None:
        return None
    return {entry["code"]: entry for entry in entries}.get(code, NOBODY)


def _pair(counts: Result | None) -> str:
    return UNDEFINED if counts is None else f"{counts['patients']} / {counts['nodes']}"


def _baseline(baseline: Result) -> Iterator[Block]:
    groups = groups_of(baseline["groups"])
    known = [variable for variable in baseline["variables"] if _is_known(variable)]
    unknown = [variable["name"] for variable in baseline["variables"] if not _is_known(variable)]
    compared = len(groups) > 1
    rows = [cells.row("Patients", *(str(group["patients"]) for group in groups))]
    rows += [row for variable in known for row in _variable_rows(variable, compared=compared)]
    tested = ("P", "Test") if compared else ()
    width = 1 + len(groups) + len(tested)
    note = f"Not recorded: {listed(unknown)}. " if unknown else ""
    yield Table(
        key="table-1",
        title="Table 1. Patients",
        columns=_group_columns("", groups, *tested),
        rows=tuple(row if row.heading else cells.padded(row.cells, width) for row in rows),
        notes=(
            f"{note}Percentages are of the patients whose value is known. "
            + ("Tests are two-sided, between all cohorts, not adjusted." if compared else ""),
            abbreviations(("SD", "IQR")),
        ),
    )
    if any(variable["against_first"] for variable in known):
        yield _against_first(known)


def _is_known(variable: Result) -> bool:
    return any(group["n"] for group in variable["groups"])


def _named(variable: Result) -> str:
    return f"{variable['name']}, {variable['unit']}" if variable["unit"] else variable["name"]


def _variable_rows(variable: Result, *, compared: bool) -> Iterator[Row]:
    groups, tests = groups_of(variable["groups"]), variable["overall"] if compared else ()
    if variable["kind"] == "quantity":
        means = (
            display.mean_and_sd(group["mean"], group["standard_deviation"]) for group in groups
        )
        yield cells.row(f"{_named(variable)}: mean ± SD", *means, *_tested(tests[:1]))
        yield cells.row(
            f"{_named(variable)}: median [IQR]", *map(quartiles, groups), *_tested(tests[-1:])
        )
    else:
        blank = [""] * len(groups)
        yield cells.row(f"{_named(variable)}, % (n/d)", *blank, *_tested(tests[:1]))
        for at, value in enumerate(variable["values"]):
            shares = (cells.share(group["counts"][at]) for group in groups)
            yield cells.row(f"{INDENT}{value}", *shares)
    if any(group["unknown"] for group in groups):
        yield cells.row(f"{INDENT}not known", *(str(group["unknown"]) for group in groups))


def quartiles(found: Result) -> str:
    """Return median and quartiles of a quantity."""
    return display.median_and_quartiles(
        found["median"], found["lower_quartile"], found["upper_quartile"]
    )


def _tested(tests: Sequence[Result]) -> tuple[str, ...]:
    return tuple(
        cell for test in tests for cell in (display.p_value(test["p_two_sided"]), test["name"])
    )


def _against_first(variables: Sequence[Result]) -> Table:
    first = next(iter(variables[0]["against_first"]))["against"]
    rows = []
    for variable in variables:
        rows.append(cells.heading(_named(variable)))
        rows += [
            cells.row(entry["cohort"], *_tested([test]))
            for entry in variable["against_first"]
            for test in entry["tests"]
            if test["test"] != "welch_t"
        ]
    return Table(
        key="table-1b",
        title=f"Table 1b. Patients: each cohort against {first}",
        columns=cells.columns("Cohort", "P", "Test"),
        rows=tuple(rows),
        notes=("Two-sided, not adjusted.",),
    )


def _node_table(nodes: Result) -> Table:
    groups = groups_of(nodes["groups"])
    return Table(
        key="table-2",
        title="Table 2. Nodes by the reference standard",
        columns=_group_columns("", groups),
        rows=tuple(_node_rows(groups)),
        notes=(
            "Patients with metastasis or ENE: with at least one such node; patients whose other "
            "nodes are not determinable count as without.",
            abbreviations(("ENE", "SAD", "SD", "IQR")),
        ),
    )


def _node_rows(groups: Sequence[Result]) -> Iterator[Row]:
    yield cells.row("Nodes", *(str(group["n_nodes"]) for group in groups))
    for at, first in enumerate(groups[0]["by_category"] if groups else ()):
        shares = (_share(group["by_category"][at]["n"], group["n_nodes"]) for group in groups)
        yield cells.row(f"{first['label']}, % (n/d)", *shares)
    undetermined = (_share(group["undetermined"], group["n_nodes"]) for group in groups)
    yield cells.row("Not determinable, % (n/d)", *undetermined)
    yield cells.row("Patients with a node", *(str(group["n_patients"]) for group in groups))
    without = (str(group["patients_without_nodes"]) for group in groups)
    yield cells.row("Patients without a node", *without)
    per_patient = (quartiles(group["nodes_per_patient"]) for group in groups)
    yield cells.row("Nodes per patient: median [IQR]", *per_patient)
    for key, name in (
        ("patients_with_metastasis", "Patients with metastasis, % (n/d)"),
        ("patients_with_ene", "Patients with ENE, % (n/d)"),
    ):
        yield cells.row(name, *(cells.share(group[key]) for group in groups))
    for at, first in enumerate(groups[0]["short_axis_mm"] if groups else ()):
        sizes = (_size(group["short_axis_mm"][at]) for group in groups)
        yield cells.row(f"SAD, mm: {first['label']}, mean ± SD (n)", *sizes)


def _share(numerator: int, denominator: int) -> str:
    return cells.share({"numerator": numerator, "denominator": denominator})


def _size(found: Result) -> str:
    mean = display.mean_and_sd(found["mean"], found["standard_deviation"])
    return mean if mean == UNDEFINED else f"{mean} ({found['n']})"
