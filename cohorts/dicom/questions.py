"""cohorts.dicom: what intake asks instead of guessing.

A patient whose input leaves a question open is neither accepted nor refused: reading stops with
`QuestionsOpen`, the coordinator answers on the page of the upload or in a file, and the upload is
read again with the answers in `IntakeOptions.answers`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class QuestionCode(StrEnum):
    """Stable codes of questions; a code is never renamed."""

    WHICH_SERIES = "which_series"
    WHICH_STRUCTURES = "which_structures"
    MULTI_PART = "multi_part"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One possible answer: `value` is stored, `label` is shown."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """One open question.

    Attributes
    ----------
    id : str
        Made by `question_id`: equal in every reading of the same upload, and not to be read back.
    code : QuestionCode
    sentence : str
        What is asked, and what depends on it.
    file : str
        The file concerned, by the relative name under which it was given.
    choices : tuple of Choice
    several : bool
        Whether more than one choice may be taken; the answer then joins them with line feeds.
    suggested : tuple of str
        Values that are ticked when the question is shown first.
    """

    id: str
    code: QuestionCode
    sentence: str
    file: str
    choices: tuple[Choice, ...]
    several: bool = False
    suggested: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the question as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Question":
        """Build the question that `as_dict` described."""
        told = dict(record)
        told["code"] = QuestionCode(told["code"])
        told["choices"] = tuple(Choice(**choice) for choice in told["choices"])
        told["suggested"] = tuple(told["suggested"])
        return cls(**told)


class QuestionsOpen(Exception):
    """A patient cannot be read before these questions are answered."""

    def __init__(self, questions: Sequence[Question]) -> None:
        super().__init__(f"{len(questions)} open questions")
        self.questions = tuple(questions)


def question_id(code: QuestionCode, *words: str) -> str:
    """Return the name of a question: 16 hexadecimal digits that depend on code and words."""
    text = "\x1f".join([str(code), *words])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
