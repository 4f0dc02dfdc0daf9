"""Analysis room: frozen results to plain dictionaries that are the same bytes every time."""

import dataclasses
import math
from enum import StrEnum

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None


def plain(value: object) -> Plain:
    """Return a result as dictionaries, lists, strings, numbers and None.

    Raises
    ------
    ValueError
        If a number is not finite: undefined must be None with a status.
    TypeError
        If the value is of another kind.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, StrEnum):
        return str(value.value)
    if isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return _finite(value)
    return _nested(value)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"a result holds {value}; undefined numbers must be None with a status")
    # Minus zero would print differently from zero; float() sheds numpy's subclass.
    return float(value) + 0.0


def _nested(value: object) -> Plain:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"a result holds a {type(value).__name__}, which has no plain form")
