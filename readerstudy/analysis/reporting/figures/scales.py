"""Figures: linear scales with round ticks, and text measured well enough to be cut (pure)."""

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

EM_SHARE = 0.49
"""Mean width of a letter of Source Sans Pro in ems, on the generous side."""
FOREIGN_EM_SHARE = 0.72
LAST_CYRILLIC, FIRST_SIGN, LAST_SIGN = 0x52F, 0x1E00, 0x22FF


@dataclass(frozen=True)
class Scale:
    """Data from ``low`` to ``high`` onto pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value, held within the axis."""
        held = min(max(value, self.low), self.high)
        return self.start + (self.end - self.start) * (held - self.low) / (self.high - self.low)

    def ticks(self, wanted: int = 5) -> tuple[float, ...]:
        """Return round values within the axis."""
        step = round_step((self.high - self.low) / wanted)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return tuple(round(number * step, 10) for number in range(first, last + 1))


def round_step(rough: float) -> float:
    """Return the next of 1, 2, 2.5, 5 times a power of ten that is not below ``rough``."""
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 2.5, 5):
        if factor * power >= rough * (1 - 1e-9):
            return factor * power
    return 10 * power


def finite(values: Iterable[float | None]) -> list[float]:
    """Return the values that can be drawn."""
    return [float(value) for value in values if value is not None and math.isfinite(value)]


def padded(values: Iterable[float | None], *, start: float, end: float) -> Scale:
    """Return a scale around the values that can be drawn, with ends at round values."""
    known = finite(values) or [0.0, 1.0]
    low, high = min(known), max(known)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    step = round_step((high - low) / 5)
    return Scale(math.floor(low / step) * step, math.ceil(high / step) * step, start, end)


def text_width(text: str, size: float) -> float:
    """Estimate the width of a line in pixels.

    A letter that the font lacks has the whole line set in another, wider one.
    """
    other = any(_is_foreign(letter) for letter in text)
    em = FOREIGN_EM_SHARE if other else EM_SHARE
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return size * (em * (len(text) - wide) + wide)


def _is_foreign(letter: str) -> bool:
    return ord(letter) > LAST_CYRILLIC and not FIRST_SIGN <= ord(letter) <= LAST_SIGN


def shortened(text: str, width: float, size: float) -> str:
    """Return the text, its end cut to an ellipsis when it is wider than ``width``."""
    if text_width(text, size) <= width:
        return text
    shown = text[: max(int(width / (size * EM_SHARE)), 1)]
    while len(shown) > 1 and text_width(shown + "…", size) > width:
        shown = shown[:-1]
    return shown.rstrip() + "…"
