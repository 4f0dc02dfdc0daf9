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
