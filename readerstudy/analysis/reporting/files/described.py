"""Analysis room: the describing tables as lines of the long table (pure).

Values kept for figures alone (diameters, minutes per case) are no lines.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from readerstudy.analysis.reporting.files.numbers import Line, flat

Block = Mapping[str, Any]
NODE, PATIENT = "node", "patient"
STUDY = "study"
ALL_NODES = "All nodes"
BY_PATIENT = "linearised_by_patient"
SUMMARY = (
    "unknown",
    "mean",
    "standard_deviation",
    "median",
    "lower_quartile",
    "upper_quartile",
    "minimum",
    "maximum",
    "total",
)
BASELINE = (
    "age_years",
    "sex",
    "primary_site",
    "pt",
    "pn",
    "staging_edition",
    "scanner",
    "slice_thickness_mm",
)
TIMES = ("active", "total")
READ = ("cases", "nodes", "cases_without_nodes", "changed_calls")


def described_lines(
    description: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]
) -> Iterator[Line]:
    """Yield one line per number of the description.

    Parameters
    ----------
    description : mapping
        ``tables["description"]``; empty where an earlier version left it out.
    parts : sequence of mapping
        The parts of the result: a described cohort stands under the key of its part.
    """
    if not description:
        return
    frames = _Frames(parts)
    yield from _baseline_lines(description["baseline"], frames)
    for key, lines_of in (
        ("nodes", _node_lines),
        ("short_axis", _short_axis_lines),
        ("flow", _flow_lines),
    ):
        for group in description[key]["groups"]:
            yield from _framed(frames.of(group), lines_of(group))
    yield from _reading_lines(description["reading_times"], frames)
    yield from _annotators_lines(description["annotators"], frames)


class _Frames:
    """Which part of the results a described group is."""

    def __init__(self, parts: Sequence[Mapping[str, Any]]) -> None:
        self._cohorts = {part["name"]: part["key"] for part in parts if part["kind"] == "cohort"}

    def of(self, group: Block) -> Line:
        """Return the columns that name a group; a cohort without nodes is no part."""
        name, kind = group["name"], group["kind"]
        key = "pooled" if kind == "pooled" else self._cohorts.get(name, f"cohort: {name}")
        return {"part": key, "part_kind": kind, "cohort": name, "unit": NODE, "subject": "all"}


def _framed(frame: Line, lines: Iterator[Line]) -> Iterator[Line]:
    for line in lines:
        yield frame | line


def _number(measure: str, view: str, method: str, value: float | None) -> Line:
    return {"measure": measure, "view": view, "method": method, "estimate": value}


def _summary(measure: str, view: str, block: Block) -> Iterator[Line]:
    """Yield a quantity's numbers, how many units are known first."""
    yield _number(measure, view, "known", block["n"])
    for name in SUMMARY:
        yield {**_number(measure, view, name, block[name]), "status": block["status"]}


def _share(measure: str, view: str, block: Block) -> Line:
    counts = {key: block[key] for key in ("numerator", "denominator")}
    return {"measure": measure, "view": view, "method": "count", **counts}


def _tests(measure: str, view: str, tests: Sequence[Block]) -> Iterator[Line]:
    columns = ("statistic", "degrees_of_freedom", "p_two_sided", "status")
    for test in tests:
        line = {"measure": measure, "view": view, "method": test["test"], "n": sum(test["n"])}
        yield line | {column: test[column] for column in columns}
        within = test.get("degrees_of_freedom_within")
        if within is not None:
            named = {**line, "method": f"{test['test']}.within"}
            yield {**named, "degrees_of_freedom": within}


def _baseline_lines(block: Block, frames: _Frames) -> Iterator[Line]:
    for group in block["groups"]:
        line = _number("patients", "", "count", group["patients"])
        yield {**frames.of(group), "unit": PATIENT, **line}
    for variable in block["variables"]:
        for group in variable["groups"]:
            frame = {**frames.of(group), "unit": PATIENT}
            yield from _framed(frame, _variable_lines(variable["key"], variable["kind"], group))
        study = {"part": STUDY, "part_kind": STUDY, "unit": PATIENT}
        overall = _tests(variable["key"], "", variable["overall"])
        yield from _framed({**study, "subject": "all cohorts"}, overall)
        for pair in variable["against_first"]:
            subject = f"{pair['cohort']} against {pair['against']}"
            tests = _tests(variable["key"], "", pair["tests"])
            yield from _framed({**study, "subject": subject}, tests)


def _variable_lines(key: str, kind: str, group: Block) -> Iterator[Line]:
    if kind == "quantity":
        yield from _summary(key, "", group)
        return
    yield _number(key, "", "known", group["n"])
    yield _number(key, "", "unknown", group["unknown"])
    for count in group["counts"]:
        yield _share(key, count["value"], count)


def _node_lines(group: Block) -> Iterator[Line]:
    measure = "nodes_by_category"
    for one in group["by_category"]:
        yield _number(measure, one["label"], "count", one["n"])
    yield _number(measure, "Undetermined", "count", group["undetermined"])
    yield _number(measure, ALL_NODES, "count", group["n_nodes"])
    for one in group["short_axis_mm"]:
        yield from _summary("short_axis_mm", one["label"], one)
    patients = {"unit": PATIENT}
    yield patients | _number("patients_with_nodes", "", "count", group["n_patients"])
    yield patients | _number("patients_without_nodes", "", "count", group["patients_without_nodes"])
    yield from _framed(patients, _summary("nodes_per_patient", "", group["nodes_per_patient"]))
    for name in ("patients_with_metastasis", "patients_with_ene"):
        yield patients | _share(name, "", group[name])
        yield patients | _number(name, "", "unknown", group[name]["unknown"])


def _short_axis_lines(group: Block) -> Iterator[Line]:
    # How many diameters are known stands with the nodes already.
    for test in group["tests"]:
        yield from _tests("short_axis_mm", test["compared"], [test])
    for endpoint, area in group["auc"].items():
        frame = {
            "endpoint": endpoint,
            "subject": "short-axis diameter",
            "view": "continuous",
            "measure": "auc",
        }
        yield {**frame, "method": "unknown", "estimate": area["unknown"]}
        for key, method in (("delong", "delong"), ("by_patient", "patient_clustered")):
            yield from _framed(frame, flat(area[key], method))


def _reading_lines(block: Block, frames: _Frames) -> Iterator[Line]:
    readers = block["readers"] if block["recorded"] else ()
    for reader in readers:
        for group in reader["groups"]:
            frame = {**frames.of(group), "subject": reader["reader"]}
            yield from _framed(frame, _time_lines(group))


def _time_lines(group: Block) -> Iterator[Line]:
    for name in READ:
        yield _number(f"read_{name}" if name != "changed_calls" else name, "", "count", group[name])
    for name in TIMES:
        for per in ("per_case", "per_node"):
            yield from _summary(f"{name}_seconds_{per}", "", group[name][per])


def _annotators_lines(block: Block, frames: _Frames) -> Iterator[Line]:
    labels = [label["value"] for label in block["labels"]]
    for group in block["groups"]:
        frame = {**frames.of(group), "subject": "annotators"}
        yield from _framed(frame, _annotator_lines(group, labels))


def _annotator_lines(group: Block, labels: Sequence[int]) -> Iterator[Line]:
    yield _number("annotated_nodes", "four_answers", "count", group["n"])
    measure = "annotated_nodes"
    yield _number(measure, "four_answers", "not_determinable", group["n_not_determinable"])
    yield from _cells("four_answers", group["table"], labels)
    yield from _agreement("four_answers", group["agreement"])
    if (by_patient := group.get("agreement_by_patient")) is not None:
        yield from _by_patient("percent_agreement", "four_answers", by_patient)
    yield from _coded("three_categories", group["categories"])
    for endpoint, block in group["binary"].items():
        yield from _framed({"endpoint": endpoint}, _coded("binary", block))


def _coded(view: str, block: Block) -> Iterator[Line]:
    yield _number("annotated_nodes", view, "count", block["n"])
    yield from _cells(view, block["table"], range(len(block["table"])))
    yield from _agreement(view, block["agreement"])
    for measure, found, method in (
        ("cohen_kappa", block["cohen_kappa"], ""),
        ("gwet_ac1", block["gwet_ac1"], "gwet"),
    ):
        yield from _framed({"measure": measure, "view": view}, flat(found, method))
    by_patient = block.get("by_patient")
    if by_patient is not None:  # results of earlier versions have none
        yield from _by_patient("percent_agreement", view, by_patient["agreement"])
        yield from _by_patient("cohen_kappa", view, by_patient["cohen_kappa"])
        yield from _by_patient("gwet_ac1", view, by_patient["gwet_ac1"])


def _by_patient(measure: str, view: str, found: Block) -> Iterator[Line]:
    frame = {"unit": PATIENT, "measure": measure, "view": view}
    yield from _framed(frame, flat(found, BY_PATIENT))


def _cells(view: str, table: Sequence[Sequence[int]], labels: Sequence[int]) -> Iterator[Line]:
    for first, row in zip(labels, table, strict=True):
        for second, count in zip(labels, row, strict=True):
            yield _number("annotated_nodes", view, f"cells.{first}.{second}", count)


def _agreement(view: str, block: Block) -> Iterator[Line]:
    yield from _framed({"measure": "percent_agreement", "view": view}, flat(block, ""))


def _flow_lines(group: Block) -> Iterator[Line]:
    # Nodes by category stand with the nodes already.
    for step in ("assessed", "included", "read"):
        if group[step] is not None:
            yield from _flow_counts(step, "all", group[step])
    for entry in group["excluded"] or ():
        yield from _flow_counts("excluded", entry["code"], entry)
    for reader, count in group["missing_calls"].items():
        yield {**_number("flow", "missing call", "count", count), "subject": reader}
    for endpoint, count in (group["without_model_score"] or {}).items():
        line = _number("flow", "missing score", "count", count)
        yield {**line, "subject": "model", "endpoint": endpoint}


def _flow_counts(step: str, subject: str, counts: Block) -> Iterator[Line]:
    for unit, key in ((PATIENT, "patients"), (NODE, "nodes")):
        yield {**_number("flow", step, "count", counts[key]), "subject": subject, "unit": unit}
