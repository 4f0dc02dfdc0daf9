"""Planning: results of a simulation as rows of text and as a file (pure)."""

import csv
import io
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from readerstudy.analysis.planning.simulation_inputs import CHOICES, SIMULATION
from readerstudy.analysis.reporting.display import UNDEFINED, percent, two_decimals

Results = Mapping[str, Any]
TITLES = {"planned": "As planned", "null": "Without an effect"}
OVER_MEAN = {
    "mean_delong": "Reader mean, DeLong",
    "mean_clustered": "Reader mean, by patient",
    "mean_random_readers": "Reader mean, random readers",
    "mean_random_readers_clustered": "Reader mean, random readers, by patient",
}
COLUMNS = (
    "scenario",
    "kind",
    "name",
    "quantity",
    "value",
    "lower",
    "upper",
    "numerator",
    "denominator",
)


class Comparison(NamedTuple):
    """One row of the table of tests."""

    name: str
    expected: str
    significant: str
    monte_carlo: str
    coverage: str
    bias: str
    undefined: int


class Area(NamedTuple):
    """One row of the table of areas."""

    name: str
    expected: str
    mean: str
    bias: str
    delong: str
    clustered: str


class Scenario(NamedTuple):
    """One simulated plan, ready to be shown."""

    key: str
    title: str
    measure: str
    sizes: str
    undefined: str
    tests: list[Comparison]
    areas: list[Area]


def scenarios(results: Results) -> list[Scenario]:
    """Return what was simulated, the plan first."""
    return [_scenario(found) for found in results["scenarios"]]


def _scenario(found: Mapping[str, Any]) -> Scenario:
    size = found["sizes"]
    missing = size["class_missing"]
    return Scenario(
        key=found["name"],
        title=TITLES[found["name"]],
        measure="Power" if found["name"] == "planned" else "Error",
        sizes=f"On average {_one(size['nodes'])} nodes, {_one(size['positive_nodes'])} of them "
        f"positive, in {_one(size['positive_patients'])} patients.",
        undefined=f"{missing} studies lacked a class." if missing else "",
        tests=[_comparison(row) for row in found["tests"]],
        areas=[_area(row) for row in found["areas"]],
    )


def _comparison(row: Mapping[str, Any]) -> Comparison:
    share = row["significant"]
    return Comparison(
        name=name_of(row["name"]),
        expected=two_decimals(row["expected"]),
        significant=_percent(share),
        monte_carlo=_interval(share),
        coverage=_percent(row["coverage"]),
        bias=_three(row["bias"]),
        undefined=row["undefined"],
    )


def _area(row: Mapping[str, Any]) -> Area:
    return Area(
        name=name_of(row["name"]),
        expected=two_decimals(row["expected"]),
        mean=two_decimals(row["mean"]),
        bias=_three(row["bias"]),
        delong=_percent(row["delong_coverage"]),
        clustered=_percent(row["clustered_coverage"]),
    )


def name_of(key: str) -> str:
    """Return the words for a test or a curve."""
    return OVER_MEAN.get(key, key.replace("_", " ").capitalize())


def _percent(share: Mapping[str, Any]) -> str:
    found = percent(share["numerator"], share["denominator"])
    return found if found == UNDEFINED else f"{found}%"


def _interval(share: Mapping[str, Any]) -> str:
    if share["lower"] is None:
        return UNDEFINED
    return f"{_one(100 * share['lower'])}, {_one(100 * share['upper'])}"


def _one(value: float) -> str:
    return str(Decimal(repr(value)).quantize(Decimal("0.1"), ROUND_HALF_UP))


def _three(value: float | None) -> str:
    if value is None:
        return UNDEFINED
    return str(Decimal(repr(value)).quantize(Decimal("0.001"), ROUND_HALF_UP) + 0)


def input_rows(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return label and value of each input that was used."""
    return [
        (field.label, _shown(field.name, inputs[field.name]))
        for field in SIMULATION
        if field.name in inputs and inputs[field.name] is not None
    ]


def _shown(name: str, value: Any) -> str:
    if name in CHOICES:
        return dict(CHOICES[name])[value]
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def to_csv(results: Results) -> str:
    """Return every number in one tidy table, unrounded; a share has its counts and interval."""
    target = io.StringIO()
    writer = csv.DictWriter(target, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for found in results["scenarios"]:
        for row in _rows(found):
            writer.writerow({"scenario": found["name"], **row})
    return target.getvalue()


def _rows(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for quantity, value in found["sizes"].items():
        yield {"kind": "sizes", "name": "all", "quantity": quantity, "value": value}
    for kind in ("tests", "areas"):
        for row in found[kind]:
            for quantity, value in row.items():
                if quantity != "name":
                    counts = value if isinstance(value, dict) else {"value": value}
                    yield {"kind": kind, "name": row["name"], "quantity": quantity, **counts}
