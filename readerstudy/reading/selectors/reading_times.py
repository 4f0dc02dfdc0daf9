"""How long each reader had each submitted case in front, from what the browser recorded."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from django.db.models import Count, F, Q

from readerstudy.reading.models import Assignment, AssignmentState, ReadingEvent, Study

LONGEST_PAUSE_MS = 60_000
"""A reader who does nothing for longer is taken to have looked away after this time."""

AWAY, BACK = frozenset({"hidden", "closed"}), frozenset({"opened", "visible"})

SENT_WITHIN = timedelta(seconds=10)
"""What the browser recorded reaches the server after 5 s, or when the reader leaves the case.

Whatever comes later than this after the submission is from looking at a case that is locked.
"""


@dataclass(frozen=True, kw_only=True)
class ReadingTime:
    """One submitted case of one reader.

    Attributes
    ----------
    reader_number : int
    cohort_name, patient_pseudonym : str
    nodes : int
    active_seconds : float or None
        Sum of the times between one event of the browser (opened, slice shown, visible again) and
        the next, by the browser's clock, each cut at 60 s. The time from hiding or closing the
        page to seeing it again does not count, nor that from the last event to the submission, nor
        a look at the case after it was submitted for good. None where the browser recorded fewer
        than two events.
    total_seconds : float or None
        From the first opening to the last submission, by the server's clock.
    changed_calls : int
        Calls that superseded an earlier one.
    """

    reader_number: int
    cohort_name: str
    patient_pseudonym: str
    nodes: int
    active_seconds: float | None
    total_seconds: float | None
    changed_calls: int


def reading_times_of(study: Study) -> tuple[ReadingTime, ...]:
    """Return one row per submitted case, by reader, cohort and patient; two queries."""
    cases = (
        Assignment.objects.filter(reader__study=study, state=AssignmentState.SUBMITTED)
        .select_related("reader", "patient__cohort")
        .annotate(
            node_count=Count("nodes", distinct=True),
            changes=Count("calls", filter=Q(calls__supersedes__isnull=False), distinct=True),
        )
        .order_by("reader__number", "patient__cohort__name", "patient__pseudonym", "period_id")
    )
    events = _events(study)
    return tuple(_row(case, events.get(case.pk, ())) for case in cases)


def _events(study: Study) -> dict[int, list[tuple[int, str]]]:
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    rows = ReadingEvent.objects.filter(
        assignment__reader__study=study,
        assignment__state=AssignmentState.SUBMITTED,
        client_ms__isnull=False,
        created_at__lte=F("assignment__submitted_at") + SENT_WITHIN,
    ).order_by("client_ms", "pk")
    for assignment, at, kind in rows.values_list("assignment_id", "client_ms", "kind").iterator():
        found[assignment].append((int(at or 0), kind))
    return found


def _row(case: Assignment, events: Iterable[tuple[int, str]]) -> ReadingTime:
    opened, submitted = case.first_opened_at, case.submitted_at
    return ReadingTime(
        reader_number=case.reader.number,
        cohort_name=case.patient.cohort.name,
        patient_pseudonym=case.patient.pseudonym,
        nodes=case.node_count,  # type: ignore[attr-defined]
        active_seconds=active_seconds(list(events)),
        total_seconds=None
        if opened is None or submitted is None
        else (submitted - opened).total_seconds(),
        changed_calls=case.changes,  # type: ignore[attr-defined]
    )


def active_seconds(events: Sequence[tuple[int, str]]) -> float | None:
    """Return the time spent on a case, from its events in order of time (see ``ReadingTime``)."""
    if len(events) <= 1:
        return None
    spent, away = 0, False
    for (before, kind), (after, _) in pairwise(events):
        # A slice may settle just after the page was hidden: it brings nobody back.
        away = kind in AWAY or (away and kind not in BACK)
        if not away:
            spent += min(after - before, LONGEST_PAUSE_MS)
    return spent / 1000
