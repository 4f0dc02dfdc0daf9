"""The report on two annotators' agreement as tables: one line per number, and CSV (pure)."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

from annotation.annotator_agreement import AnnotatorAgreement, CodedAgreement
from annotation.labelling_times import TimePerNode
from cohorts.spreadsheet import harmless
from readerstudy.statistics.agreement_by_patient import FEW_PATIENTS
from readerstudy.statistics.results import Estimate, Interval

ANSWERS = {
    "four_answers": "All four answers",
    "three_categories": "Three categories",
    "metastasis": "Metastasis: yes or no",
    "ene": "ENE: yes or no",
}
MEASURES = {
    "percent_agreement": "Labelled alike",
    "cohen_kappa_unweighted": "Cohen κ",
    "cohen_kappa_linear": "Cohen κ, linear weights",
    "cohen_kappa_quadratic": "Cohen κ, quadratic weights",
    "gwet_ac1": "Gwet AC1",
}
CAUTION = (
    f"Fewer than {FEW_PATIENTS} patients: the interval by patient is too narrow. In simulated "
    "cohorts of 5 to 15 patients, intervals said to cover 95% covered 89% to 92%."
)
TIMES = ("median", "lower_quartile", "upper_quartile")
COUNTS = ("n", "n_without", "n_pauses")
GIVEN = ("label", "place", "matched", "basis", "certainty", "matted")
DISAGREEMENT_COLUMNS = (
    "patient",
    "node",
    *(f"{side}_{name}" for side in ("annotator_a", "annotator_b") for name in GIVEN),
    "outcome",
    "final_label",
    "reason",
)


@dataclass(frozen=True, kw_only=True)
class AgreementLine:
    """One measure of agreement with its interval by patient, and by node second.

    Attributes
    ----------
    answers, measure : str
        Keys of `ANSWERS` and `MEASURES`.
    n_nodes, n_patients : int
    estimate, lower, upper : float or None
        None where undefined; the limits allow for several nodes of one patient.
    lower_by_node, upper_by_node : float or None
        The limits that take nodes as independent.
    status : str
        Why a number is missing or degenerate.
    caution : str
        What keeps the limits from being leaned on; mostly empty.
    """

    answers: str
    measure: str
    n_nodes: int
    n_patients: int
    estimate: float | None
    lower: float | None
    upper: float | None
    lower_by_node: float | None
    upper_by_node: float | None
    status: str
    caution: str

    @property
    def answers_label(self) -> str:
        """What the answers are called."""
        return ANSWERS[self.answers]

    @property
    def measure_label(self) -> str:
        """What the measure is called."""
        return MEASURES[self.measure]


def agreement_lines(found: AnnotatorAgreement) -> list[AgreementLine]:
    """Return one line per measure: of all answers, of the categories, and of both questions."""
    counts = (found.n, found.n_patients)
    by_node = found.agreement.wilson
    lines = [
        _line(("four_answers", "percent_agreement"), counts, found.agreement_by_patient, by_node)
    ]
    lines += _coded_lines("three_categories", found.categories)
    for name, block in found.binary.items():
        lines += _coded_lines(name, block)
    return lines


def _coded_lines(answers: str, block: CodedAgreement) -> Iterator[AgreementLine]:
    by_patient = block.by_patient
    counts = (block.n, by_patient.n_patients)
    yield _line(
        (answers, "percent_agreement"), counts, by_patient.agreement, block.agreement.wilson
    )
    for weighting, kappa in block.cohen_kappa.items():
        names = (answers, f"cohen_kappa_{weighting}")
        yield _line(names, counts, by_patient.cohen_kappa[weighting], kappa.interval)
    yield _line((answers, "gwet_ac1"), counts, by_patient.gwet_ac1, block.gwet_ac1.interval)


def _line(
    names: tuple[str, str], counts: tuple[int, int], found: Estimate, by_node: Interval | None
) -> AgreementLine:
    lower, upper = _limits(found.interval)
    lower_by_node, upper_by_node = _limits(by_node)
    return AgreementLine(
        answers=names[0],
        measure=names[1],
        n_nodes=counts[0],
        n_patients=counts[1],
        estimate=found.estimate,
        lower=lower,
        upper=upper,
        lower_by_node=lower_by_node,
        upper_by_node=upper_by_node,
        status=str(found.status),
        caution=CAUTION if found.interval and counts[1] < FEW_PATIENTS else "",
    )


def _limits(interval: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else (interval.lower, interval.upper)


def agreement_csv(lines: Iterable[AgreementLine], times: Sequence[TimePerNode]) -> str:
    """Return the measures, then each annotator's seconds per node, as CSV."""
    columns = [field.name for field in fields(AgreementLine)]
    rows: list[Sequence[Any]] = [("annotator", *columns)]
    rows += [("", *astuple(line)) for line in lines]
    for who, one in zip(("first", "second"), times, strict=True):
        for name in (*TIMES, *COUNTS):
            told = {
                "answers": "time",
                "measure": f"seconds_per_node_{name}",
                "estimate": vars(one)[name],
            }
            rows.append((who, *(told.get(column) for column in columns)))
    return _written(rows)


def disagreements_csv(states: Iterable[Mapping[str, Any]]) -> str:
    """Return the nodes that both labelled differently, one a line, as CSV without names."""
    rows: list[Sequence[Any]] = [DISAGREEMENT_COLUMNS]
    for state in states:
        sides = [state[side][name] for side in ("annotator_a", "annotator_b") for name in GIVEN]
        ends = (state["outcome"], state["label"], state["reason"])
        rows.append((state["pseudonym"], state["number"], *sides, *ends))
    return _written(rows)


def _written(rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    # repr keeps every bit of a number; numbers may start with a minus sign.
    return harmless(value) if isinstance(value, str) else repr(value)
