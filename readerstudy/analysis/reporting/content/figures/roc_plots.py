"""Content: ROC curves of the model with the readers' points (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.reporting.content.figures.reading import (
    Result,
    blocks,
    estimate_of,
    model_name,
    share_of,
    titled,
)
from readerstudy.analysis.reporting.content.material import Material
from readerstudy.analysis.reporting.display import significant
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures import roc_curves
from readerstudy.analysis.reporting.figures.roc_curves import Curve, MeanPoint, Point, RocPlot

SHOWN_TARGET_PERCENT = 10
MOST_CROSSES = 6


def roc_plots(material: Material) -> Iterator[Figure]:
    """Yield one plot per part and endpoint that has scores or calls of both classes."""
    for part, endpoint, block in blocks(material):
        plot = _plot(material, block)
        if plot is not None:
            yield roc_curves(
                key=f"roc-{part['key']}-{endpoint}",
                title=titled(material, "ROC", endpoint, part),
                plot=plot,
                caption=_caption(material, plot),
            )


def _plot(material: Material, block: Result) -> RocPlot | None:
    readers = tuple(_point(str(row["reader"]), row["counts"]) for row in block["readers"])
    points = () if block["model"] is None else _operating_points(block["model"])
    curve = None if block["model"] is None else _curve(material, block["model"])
    drawn = (*readers, *points)
    placed = any(point.sensitivity.denominator and point.specificity.denominator for point in drawn)
    if not placed and (curve is None or not curve.points):
        return None
    return RocPlot(
        curve=curve,
        readers=readers,
        mean=_mean(block["reader_mean"]),
        operating_points=points,
        intervals=len(readers) <= MOST_CROSSES,
        level=material.tables["level"],
    )


def _curve(material: Material, model: Result) -> Curve:
    return Curve(
        name=model_name(material),
        points=tuple(
            (point["false_positive_rate"], point["true_positive_rate"]) for point in model["roc"]
        ),
        auc=estimate_of(model["auc"]["delong"]),
        n=model["nodes"]["n"],
    )


def _point(name: str, counts: Result, note: str = "") -> Point:
    return Point(
        name=name,
        sensitivity=share_of(counts["sensitivity"]),
        specificity=share_of(counts["specificity"]),
        note=note,
    )


def _operating_points(model: Result) -> tuple[Point, ...]:
    points = model["operating_points"]
    fixed, best = points["fixed"], points["youden"]
    found = []
    if fixed is not None:
        words = f"threshold {significant(fixed['point']['threshold'])}, fixed with the model"
        found.append(_point("Fixed threshold", fixed["point"]["counts"], words))
    chosen = [("Youden index", best, best["point"])]
    chosen += [
        (f"False positives ≤ {target['target_percent']}%", target, target["attainable"])
        for target in points["false_positive_rate"]
        if target["target_percent"] == SHOWN_TARGET_PERCENT
    ]
    for name, entry, point in chosen:
        if point is not None:
            words = f"threshold {significant(point['threshold'])}, {entry['chosen_on']}"
            found.append(_point(name, point["counts"], words))
    return tuple(found)


def _mean(mean: Result | None) -> MeanPoint | None:
    if mean is None or len(mean["readers"]) < 2 or not mean["nodes"]["n"]:
        return None
    rates = mean["proportions"]
    return MeanPoint(
        sensitivity=rates["sensitivity"]["mean"],
        specificity=rates["specificity"]["mean"],
        readers=len(mean["readers"]),
    )


def _caption(material: Material, plot: RocPlot) -> str:
    parts = []
    if plot.curve is not None:
        parts.append(f"AUC with DeLong's {material.ci}, on the nodes the model scored.")
    if plot.readers:
        parts.append("Each reader's point on the nodes that reader called.")
    if plot.readers and plot.intervals:
        parts.append(f"Crosses: Wilson {material.ci}.")
    if plot.mean is not None:
        parts.append("Star: mean of the readers on the nodes all of them have.")
    return " ".join(parts)
