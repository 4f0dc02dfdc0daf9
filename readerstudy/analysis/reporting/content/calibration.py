"""Content: whether the model's probabilities are what they say (pure)."""

from readerstudy.analysis.reporting import display
from readerstudy.analysis.reporting.content import cells
from readerstudy.analysis.reporting.content.cells import Result
from readerstudy.analysis.reporting.content.material import ENDPOINT_TITLES, Material
from readerstudy.analysis.reporting.document import Block, Note, Row, Table


def calibration_blocks(material: Material) -> list[Block]:
    """Return the table of calibration, the figures, and why there is none where there is none."""
    rows: list[Row] = []
    reasons: dict[str, None] = {}
    for endpoint in material.endpoints:
        found = []
        for part in material.printed:
            block = (part["endpoints"][endpoint]["model"] or {}).get("calibration")
            if block is None:
                continue
            if block["result"] is None:
                reasons[block["reason"]] = None
            else:
                found.append(_row(part["name"], block["result"]))
        rows += [cells.heading(ENDPOINT_TITLES[endpoint]), *found] if found else []
    tables = [_table(material, rows)] if rows else []
    pictures = material.shown(
        *(
            f"calibration-{part['key']}-{endpoint}"
            for endpoint in material.endpoints
            for part in material.printed
        )
    )
    return [*tables, *(Note(text=f"Calibration: {reason}") for reason in reasons), *pictures]


def _table(material: Material, rows: list[Row]) -> Table:
    return Table(
        key="table-s3",
        title="Table S3. Calibration of the model's probabilities",
        columns=cells.columns(
            "Cohort",
            "Nodes (positive)",
            "Brier score",
            "Expected calibration error",
            f"Slope ({material.ci})",
            f"Intercept ({material.ci})",
            f"In the large ({material.ci})",
            "P, Spiegelhalter",
        ),
        rows=tuple(rows),
        notes=(
            "Perfect: slope 1, intercept 0. Slope and intercept: logistic regression on the logit "
            "of the probability; in the large: intercept with the slope held at 1. The expected "
            "calibration error depends on its bins (ten of equal width).",
        ),
    )


def _row(name: str, result: Result) -> Row:
    brier = result["brier"] or {}
    return cells.row(
        name,
        cells.counted(result),
        display.decimals(brier.get("score"), 3),
        display.decimals(result["expected_error"], 3),
        cells.estimate(result["slope"]),
        cells.estimate(result["intercept"]),
        cells.estimate(result["in_the_large"]),
        display.p_value((result["spiegelhalter"] or {}).get("p_two_sided")),
    )
