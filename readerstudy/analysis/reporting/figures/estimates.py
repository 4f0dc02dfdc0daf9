"""Figures: an estimate with its interval, in data and in words (pure)."""

from dataclasses import dataclass

from readerstudy.analysis.reporting.display import UNDEFINED, interval, percent, two_decimals


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its confidence limits; None where undefined."""

    value: float | None
    lower: float | None = None
    upper: float | None = None

    @property
    def words(self) -> str:
        """For example ``0.81 (0.75, 0.90)``; a dash when undefined."""
        if self.value is None:
            return UNDEFINED
        return f"{two_decimals(self.value)} ({interval(self.lower, self.upper)})".replace("-", "−")


@dataclass(frozen=True, kw_only=True)
class Share:
    """A proportion as its counts."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """The proportion; None when nothing was counted."""
        return self.numerator / self.denominator if self.denominator else None

    @property
    def words(self) -> str:
        """For example ``79% (26/33)``."""
        whole = percent(self.numerator, self.denominator)
        sign = "%" if self.denominator else ""
        return f"{whole}{sign} ({self.numerator}/{self.denominator})"


NOTHING = Estimate(value=None)
