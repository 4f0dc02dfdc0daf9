"""reading: reads the fields of a plan's document, each refusal naming field and remedy (pure)."""

import math
from itertools import pairwise
from typing import Any


class PlanError(ValueError):
    """A plan's document that cannot be followed.

    Attributes
    ----------
    field : str
        Where, as ``primary.margin`` or ``subgroups.2.edges`` (counted from 1).
    sentence : str
        What was found and what to do, without the field's name.
    """

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field, self.sentence = field, sentence


class Fields:
    """One object of the document; ``prefix`` is its own path with a dot, or empty at the top."""

    def __init__(self, document: Any, prefix: str) -> None:
        if not isinstance(document, dict):
            raise PlanError(prefix.rstrip(".") or "plan", "give an object with named fields.")
        self.document, self.prefix = document, prefix

    def only(self, *names: str) -> None:
        """Refuse fields that are not among ``names``: a misspelt one would be ignored silently."""
        for name in self.document:
            if name not in names:
                raise PlanError(
                    f"{self.prefix}{name}",
                    f"is not a field of a plan: leave it out. Known here: {', '.join(names)}.",
                )

    def value(self, name: str) -> Any:
        """Return a field as it stands, or raise PlanError where it is absent."""
        if name not in self.document:
            raise PlanError(f"{self.prefix}{name}", "is missing: give it.")
        return self.document[name]

    def inner(self, name: str) -> "Fields":
        """Return the object in a field."""
        return Fields(self.value(name), f"{self.prefix}{name}.")

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        """Return one of the ``known`` words."""
        return _known(f"{self.prefix}{name}", self.value(name), known)

    def choices(self, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
        """Return a non-empty choice of the ``known`` words, in their order."""
        field, found = f"{self.prefix}{name}", self.value(name)
        if not isinstance(found, list) or not found:
            raise PlanError(field, f"choose at least one of {', '.join(known)}.")
        words = [_known(field, word, known) for word in found]
        if len(set(words)) < len(words):
            raise PlanError(field, "names something twice: name each once.")
        return tuple(word for word in known if word in words)

    def number(self, name: str, *, above: float, most: float) -> float:
        """Return a finite number above ``above`` and at most ``most``."""
        field, found = f"{self.prefix}{name}", self.value(name)
        if not is_number(found) or not above < found <= most:
            raise PlanError(field, f"{found!r}: give a number above {above} and at most {most}.")
        return float(found)

    def whole(self, name: str, *, least: int, most: int) -> int:
        """Return a whole number within both limits."""
        return _whole(f"{self.prefix}{name}", self.value(name), least, most)


def is_number(value: Any) -> bool:
    """Say whether a JSON value is a finite number; true and false are none."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def whole_numbers(
    field: str, found: Any, *, least: int, most: int, at_most: int
) -> tuple[int, ...]:
    """Return one to ``at_most`` ascending whole numbers within both limits."""
    if not isinstance(found, list) or not 0 < len(found) <= at_most:
        raise PlanError(field, f"give 1 to {at_most} whole numbers from {least} to {most}.")
    numbers = tuple(_whole(field, value, least, most) for value in found)
    if any(left >= right for left, right in pairwise(numbers)):
        raise PlanError(field, "give each number once, in ascending order.")
    return numbers


def _whole(field: str, found: Any, least: int, most: int) -> int:
    if not is_number(found) or not least <= found <= most or found != int(found):
        raise PlanError(field, f"{found!r}: give a whole number from {least} to {most}.")
    return int(found)


def _known(field: str, word: Any, known: tuple[str, ...]) -> str:
    if word not in known:
        raise PlanError(field, f"{word!r} is not known: choose one of {', '.join(known)}.")
    return str(word)
