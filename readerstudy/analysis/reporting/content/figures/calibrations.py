"""Content: calibration of the model's probabilities (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.reporting.content.figures.reading import (
    Result,
    blocks,
    estimate_of,
    share_of,
    titled,
)
from readerstudy.analysis.reporting.content.material import Material
from readerstudy.analysis.reporting.display import decimals
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures import calibration_figure
from readerstudy.analysis.reporting.figures.calibration import ReliabilityBin


def calibrations(material: Material) -> Iterator[Figure]:
    """Yield one figure per part and endpoint whose scores are probabilities."""
    for part, endpoint, block in blocks(material):
        result = None if block["model"] is None else block["model"]["calibration"]["result"]
        if result is None or not result["bins"]:
            continue
        yield calibration_figure(
            key=f"calibration-{part['key']}-{endpoint}",
            title=titled(material, "Calibration", endpoint, part),
            bins=[_bin(entry) for entry in result["bins"]],
            facts=_facts(material, result),
            caption=(
                f"Observed share with disease by mean score, Wilson {material.ci}; below, the "
                "number of nodes. Dashed: perfect calibration."
            ),
            level=material.tables["level"],
        )


def _bin(entry: Result) -> ReliabilityBin:
    return ReliabilityBin(
        lower=entry["lower"],
        upper=entry["upper"],
        mean_prediction=entry["mean_prediction"],
        observed=share_of(entry["observed"]),
    )


def _facts(material: Material, result: Result) -> list[tuple[str, str]]:
    brier = result["brier"]
    return [
        ("Nodes (with disease)", f"{result['n']} ({result['n_positive']})"),
        ("Brier score", decimals(None if brier is None else brier["score"], 3)),
        ("Expected calibration error", decimals(result["expected_error"], 3)),
        (f"Slope ({material.ci})", estimate_of(result["slope"]).words),
        (f"Intercept ({material.ci})", estimate_of(result["intercept"]).words),
        (f"Calibration in the large ({material.ci})", estimate_of(result["in_the_large"]).words),
    ]
