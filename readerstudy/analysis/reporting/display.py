"""Analysis room: how numbers are printed; rounding happens here and nowhere else."""

from decimal import ROUND_HALF_UP, Decimal

UNDEFINED = "–"


def percent(numerator: int, denominator: int) -> str:
    """Return a whole percentage, rounded half up on the exact fraction.

    Parameters
    ----------
    numerator, denominator : int
        Counts, or a mean of proportions as one exact fraction.

    Returns
    -------
    str
        ``"–"`` when the denominator is 0.
    """
    if denominator == 0:
        return UNDEFINED
    return str((200 * numerator + denominator) // (2 * denominator))


def percent_with_counts(numerator: int, denominator: int) -> str:
    """Return for example ``"79 (26/33)"``."""
    return f"{percent(numerator, denominator)} ({numerator}/{denominator})"


def two_decimals(value: float | None) -> str:
    """Return an AUC, limit or kappa with two decimals, halves away from zero."""
    if value is None:
        return UNDEFINED
    # repr is the shortest decimal that is this float, so 0.625 is a half and rounds up.
    return str(Decimal(repr(float(value))).quantize(Decimal("0.01"), ROUND_HALF_UP) + 0)


def interval(lower: float | None, upper: float | None) -> str:
    """Return for example ``"0.75, 0.90"``, or a dash when undefined."""
    if lower is None or upper is None:
        return UNDEFINED
    return f"{two_decimals(lower)}, {two_decimals(upper)}"


def p_value(p: float | None) -> str:
    """Return a P value: ``<.001``, three decimals below .01, else two, ``>.99``."""
    if p is None:
        return UNDEFINED
    if p < 0.001:
        return "<.001"
    if p > 0.99:
        return ">.99"
    digits = Decimal("0.001") if p < 0.01 else Decimal("0.01")
    return str(Decimal(repr(float(p))).quantize(digits, ROUND_HALF_UP)).removeprefix("0")


def p_value_beside(p: float | None, border: float) -> str:
    """Return a P value with as many decimals as it takes to tell it from the level beside it.

    ``.05`` beside a level of .05 does not say on which side it lies: ``.0496`` and ``.052`` do.
    """
    found = p_value(p)
    if p is None or p == border or p < 0.001 or found != p_value(border):
        return found
    for places in range(3, 17):
        step = Decimal(1).scaleb(-places)
        shown = Decimal(repr(float(p))).quantize(step, ROUND_HALF_UP)
        if shown != Decimal(repr(float(border))).quantize(step, ROUND_HALF_UP):
            return f"{shown:f}".removeprefix("0")
    return found


def decimals(value: float | None, places: int) -> str:
    """Return a measurement with so many decimals, halves away from zero, a true minus sign."""
    if value is None:
        return UNDEFINED
    step = Decimal(1).scaleb(-places)
    # A hyphen in front would make a spreadsheet take the cell for a formula. Adding 0 to minus
    # zero gives zero.
    return f"{Decimal(repr(float(value))).quantize(step, ROUND_HALF_UP) + 0:f}".replace("-", "−")


def signed(value: float | None) -> str:
    """Return a difference of areas with two decimals and a true minus sign."""
    return decimals(value, 2)


def with_limits(
    value: float | None, lower: float | None, upper: float | None, *, places: int = 2
) -> str:
    """Return for example ``"−0.03 (−0.10, 0.04)"``; a dash for what is undefined."""
    if value is None:
        return UNDEFINED
    return f"{decimals(value, places)} ({limits(lower, upper, places=places)})"


def limits(lower: float | None, upper: float | None, *, places: int = 2) -> str:
    """Return for example ``"−0.10, 0.04"``, or a dash when undefined."""
    if lower is None or upper is None:
        return UNDEFINED
    return f"{decimals(lower, places)}, {decimals(upper, places)}"


def whole_percent(share: float | None) -> str:
    """Return a share that has no counts, or a difference of shares, in whole percent."""
    if share is None:
        return UNDEFINED
    # Shifting the shortest decimal of the float keeps halves that a product would lose.
    shifted = Decimal(repr(float(share))).scaleb(2)
    return f"{shifted.quantize(Decimal(1), ROUND_HALF_UP) + 0:f}".replace("-", "−")


def points_with_limits(value: float | None, lower: float | None, upper: float | None) -> str:
    """Return for example ``"16 (−4, 36)"``: percentage points."""
    if value is None:
        return UNDEFINED
    found = (whole_percent(lower), whole_percent(upper))
    return f"{whole_percent(value)} ({UNDEFINED if UNDEFINED in found else ', '.join(found)})"


def mean_and_sd(mean: float | None, sd: float | None, *, places: int = 1) -> str:
    """Return for example ``"61.3 ± 9.8"``; the mean alone where there is no SD."""
    if mean is None or sd is None:
        return decimals(mean, places)
    return f"{decimals(mean, places)} ± {decimals(sd, places)}"


def median_and_quartiles(
    median: float | None, lower: float | None, upper: float | None, *, places: int = 1
) -> str:
    """Return for example ``"8.0 [6.0, 11.0]"``; the median alone where there are no quartiles."""
    if median is None or lower is None or upper is None:
        return decimals(median, places)
    return f"{decimals(median, places)} [{limits(lower, upper, places=places)}]"


def minutes(seconds: float | None) -> str:
    """Return seconds as minutes and seconds, for example ``"3:05"``; whole seconds, halves up."""
    if seconds is None:
        return UNDEFINED
    whole = int(Decimal(repr(float(seconds))).quantize(Decimal(1), ROUND_HALF_UP))
    return f"{whole // 60}:{whole % 60:02d}"


def significant(value: float | None) -> str:
    """Return a threshold with four significant digits and a true minus sign."""
    return UNDEFINED if value is None else f"{value:.4g}".replace("-", "−")
