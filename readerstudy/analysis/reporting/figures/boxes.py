"""Figures: five numbers of a distribution and the box drawn of them (pure)."""

from dataclasses import dataclass

import numpy as np

from readerstudy.analysis.reporting.display import UNDEFINED, decimals
from readerstudy.analysis.reporting.figures.canvas import INK, Canvas
from readerstudy.analysis.reporting.figures.scales import Scale
from readerstudy.statistics.inputs import FloatArray


@dataclass(frozen=True, kw_only=True)
class FiveNumbers:
    """Extremes, quartiles (linear interpolation, type 7) and whisker ends; None without values."""

    n: int
    low: float | None = None
    first_quartile: float | None = None
    median: float | None = None
    third_quartile: float | None = None
    high: float | None = None
    whisker_low: float | None = None
    whisker_high: float | None = None

    def words(self, unit: str) -> str:
        """For example ``median 6.0 mm (quartiles 5.0, 8.0; range 3.0 to 24.0), n = 161``."""
        if self.median is None:
            return f"{UNDEFINED}, n = 0"
        median, first, third, low, high = (
            decimals(value, 1)
            for value in (
                self.median,
                self.first_quartile,
                self.third_quartile,
                self.low,
                self.high,
            )
        )
        return (
            f"median {median} {unit} (quartiles {first}, {third}; range {low} to {high}), "
            f"n = {self.n}"
        )

    def data(self) -> dict[str, str | int | float | None]:
        """Return the numbers by name."""
        return dict(vars(self))


def five_numbers(values: FloatArray, *, n: int | None = None) -> FiveNumbers:
    """Describe finite values, or ``n`` of which these are a sample.

    Whiskers reach the farthest value within 1.5 quartile ranges.
    """
    if not values.size:
        return FiveNumbers(n=0)
    low, first, median, third, high = (
        float(part) for part in np.quantile(values, (0, 0.25, 0.5, 0.75, 1))
    )
    reach = 1.5 * (third - first)
    near = values[(values >= first - reach) & (values <= third + reach)]
    return FiveNumbers(
        n=int(values.size) if n is None else n,
        low=low,
        first_quartile=first,
        median=median,
        third_quartile=third,
        high=high,
        whisker_low=float(near.min()),
        whisker_high=float(near.max()),
    )


def draw_box(
    canvas: Canvas, scale: Scale, numbers: FiveNumbers, y: float, fill: str, title: str
) -> None:
    """Draw a lying box around ``y``, ten pixels thick."""
    if numbers.median is None or numbers.first_quartile is None or numbers.third_quartile is None:
        canvas.text(scale.start + 4, y + 4, UNDEFINED)
        return
    ends = scale(numbers.whisker_low or 0.0), scale(numbers.whisker_high or 0.0)
    canvas.line((ends[0], y), (ends[1], y))
    left, right = scale(numbers.first_quartile), scale(numbers.third_quartile)
    size = (max(right - left, 1.5), 10.0)
    canvas.box((left, y - 5), size, fill=fill, stroke=INK, title=title)
    middle = scale(numbers.median)
    canvas.line((middle, y - 5), (middle, y + 5), width=2.4)
