"""Figures: calibration of the model's scores, with their histogram below (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

from readerstudy.analysis.reporting.display import decimals, significant, two_decimals
from readerstudy.analysis.reporting.document import Figure
from readerstudy.analysis.reporting.figures.canvas import COLOURS, SMALL, SOFT, Canvas, number
from readerstudy.analysis.reporting.figures.estimates import Estimate, Share
from readerstudy.analysis.reporting.figures.scales import Scale
from readerstudy.statistics.inputs import DEFAULT_LEVEL
from readerstudy.statistics.proportions import proportion

LEFT, TOP, SIDE, BARS = 62.0, 14.0, 360.0, 84.0
X, Y = Scale(0, 1, LEFT, LEFT + SIDE), Scale(0, 1, TOP + SIDE, TOP)


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Nodes whose score lies in one bin; ``observed`` are those with disease."""

    lower: float
    upper: float
    mean_prediction: float
    observed: Share


def calibration_figure(
    *,
    key: str,
    title: str,
    bins: Sequence[ReliabilityBin],
    facts: Sequence[tuple[str, str]] = (),
    caption: str = "",
    level: float = DEFAULT_LEVEL,
) -> Figure:
    """Draw observed shares with Wilson intervals over mean scores, and the scores' histogram.

    Parameters
    ----------
    bins : sequence of ReliabilityBin
        Filled bins.
    facts : sequence of (str, str)
        Printed beside the plot, for example ``("Brier score", "0.12")``.
    level : float
        Confidence level of the Wilson intervals.
    """
    canvas = Canvas(key, height=TOP + SIDE + BARS + 62)
    if not bins:
        canvas.empty("There are no scores whose calibration could be described.")
    else:
        _reliability(canvas, bins, level)
        _histogram(canvas, bins)
        for line, (name, words) in enumerate(facts):
            canvas.text(450, TOP + 16 + 36 * line, name, size=SMALL, colour=SOFT, room=260)
            canvas.text(450, TOP + 31 + 36 * line, words, room=260)
    alt = "Observed share by mean score: " + "; ".join(
        f"{two_decimals(part.mean_prediction)}: {part.observed.words}" for part in bins
    )
    svg = canvas.svg(title, alt)
    data = tuple(_datum(part, level) for part in bins)
    return Figure(key=key, title=title, svg=svg, alt=alt, caption=caption, data=data)


def _interval(share: Share, level: float) -> Estimate:
    wilson = proportion(share.numerator, share.denominator, level=level).wilson
    limits = (None, None) if wilson is None else (wilson.lower, wilson.upper)
    return Estimate(value=share.value, lower=limits[0], upper=limits[1])


def _datum(part: ReliabilityBin, level: float) -> dict[str, str | int | float | None]:
    estimate = _interval(part.observed, level)
    return {
        "lower_edge": part.lower,
        "upper_edge": part.upper,
        "mean_prediction": part.mean_prediction,
        "n": part.observed.denominator,
        "n_positive": part.observed.numerator,
        "observed": estimate.value,
        "lower": estimate.lower,
        "upper": estimate.upper,
    }


def _reliability(canvas: Canvas, bins: Sequence[ReliabilityBin], level: float) -> None:
    for tick in X.ticks():
        canvas.line((X(tick), TOP), (X(tick), TOP + SIDE), colour="#d5dde1")
    canvas.y_axis(Y, LEFT, LEFT + SIDE, "Observed share with disease")
    canvas.line((X(0), Y(0)), (X(1), Y(0)))
    canvas.line((X(0), Y(0)), (X(1), Y(1)), colour=SOFT, dash="4 4")
    drawn = [part for part in bins if part.observed.value is not None]
    places = [(X(part.mean_prediction), Y(part.observed.value or 0.0)) for part in drawn]
    if len(places) > 1:
        path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in places)
        canvas.path(path, stroke=COLOURS[0], width=1.2)
    for part, at in zip(drawn, places, strict=True):
        estimate = _interval(part.observed, level)
        if estimate.lower is not None and estimate.upper is not None:
            ends = (at[0], Y(estimate.lower)), (at[0], Y(estimate.upper))
            canvas.line(*ends, colour=COLOURS[0], width=1.6)
        words = f"Mean score {decimals(part.mean_prediction, 3)}: observed {part.observed.words}"
        canvas.mark("circle", at, COLOURS[0], f"{words}, {estimate.words}")


def _histogram(canvas: Canvas, bins: Sequence[ReliabilityBin]) -> None:
    bottom = TOP + SIDE + 14 + BARS
    tallest = max(1, *(part.observed.denominator for part in bins))
    scale = Scale(0, tallest, bottom, bottom - BARS)
    for part in bins:
        n = part.observed.denominator
        left, right = X(part.lower) + 1, X(part.upper) - 1
        top = scale(n)
        title = f"Scores from {significant(part.lower)} to {significant(part.upper)}: n = {n}"
        size = (max(right - left, 1.0), bottom - top)
        canvas.box((left, top), size, fill="#8a979d", stroke="none", title=title)
    canvas.text(LEFT - 6, bottom - BARS + 8, str(tallest), anchor="end", size=SMALL)
    canvas.text(LEFT - 6, bottom, "0", anchor="end", size=SMALL)
    canvas.upright(LEFT - 40, bottom - BARS / 2, "Nodes")
    for tick in X.ticks():
        canvas.text(X(tick), bottom + 14, f"{tick:g}", anchor="middle", size=SMALL)
    canvas.line((X(0), bottom), (X(1), bottom))
    canvas.text(X(0.5), bottom + 32, "Score of the model", anchor="middle")
