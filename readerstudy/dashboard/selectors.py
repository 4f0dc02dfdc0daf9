"""What each person finds in the lobby: only rooms they have a role in."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.urls import reverse

from accounts.models import User
from cohorts.selectors import cohorts_with_counts, roles_of
from cohorts.vocabulary import CohortRole
from readerstudy.analysis.planning.selectors import PLANNERS
from readerstudy.analysis.selectors import studies_for
from readerstudy.reading.selectors import is_reader, studies_of, study_readers_of

ROOMS = (
    ("reading:home", "Reading", "Score the nodes of your next case."),
    ("cohorts:home", "Cohorts", "Take in CT series and node masks; give people their roles."),
    ("studies:home", "Studies", "Write the protocol, invite readers, follow their progress."),
    ("annotation:home", "Labelling", "Label nodes from pathology, alone."),
    ("annotation:adjudication", "Adjudication", "Decide where the two annotators disagree."),
    (
        "annotation:releases",
        "Reference standards",
        "Follow the annotators; release what is agreed and decided.",
    ),
    ("inference:home", "Models", "Register, train, predict, explain; import other scores."),
    ("analysis:home", "Analysis", "Freeze data, run the analysis, read the report."),
    ("analysis:planning", "Planning", "Sample size and power of a study to come."),
)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One room a person may enter and what they do there."""

    room: str
    label: str
    url: str
    sentence: str
    waiting: str = ""


def tasks_of(user: User) -> list[Task]:
    """Return the rooms open to this person, in the order of the data's way."""
    roles = roles_of(user)
    coordinates = CohortRole.COORDINATOR in roles or user.may_create_cohorts
    is_open = {
        "reading:home": is_reader(user),
        "cohorts:home": coordinates,
        "studies:home": coordinates,
        "annotation:home": CohortRole.ANNOTATOR in roles,
        "annotation:adjudication": CohortRole.ADJUDICATOR in roles,
        "annotation:releases": coordinates,
        "inference:home": coordinates or CohortRole.STATISTICIAN in roles,
        "analysis:home": CohortRole.STATISTICIAN in roles,
        "analysis:planning": not PLANNERS.isdisjoint(roles),
    }
    return [
        Task(room=room, label=label, url=reverse(room), sentence=sentence)
        for room, label, sentence in ROOMS
        if is_open[room]
    ]


def with_waiting(user: User, tasks: list[Task]) -> list[Task]:
    """Return the tasks with what waits in each room: one query a room, whatever its size."""
    return [
        replace(task, waiting=_WAITING[task.room](user)) if task.room in _WAITING else task
        for task in tasks
    ]


def _cases_to_read(user: User) -> str:
    left = sum(reader.total - reader.submitted for reader in study_readers_of(user, only_open=True))
    return f"{_counted(left, 'case')} left to read" if left else "No case is waiting"


def _cohorts_held(user: User) -> str:
    cohorts = list(cohorts_with_counts(user))
    patients = sum(cohort.patient_count for cohort in cohorts)
    if not cohorts:
        return "No cohort yet: create the first"
    return f"{_counted(len(cohorts), 'cohort')}, {_counted(patients, 'patient')}"


def _studies_under_way(user: User) -> str:
    studies = list(studies_of(user))
    running = [study for study in studies if study.state == "open"]
    drafts = sum(study.state == "draft" for study in studies)
    parts = []
    if running:
        done = sum(study.submitted_count or 0 for study in running)
        total = sum(study.case_count or 0 for study in running)
        parts.append(f"{len(running)} open: {done} of {_counted(total, 'case')} submitted")
    if drafts:
        parts.append(_counted(drafts, "draft"))
    return "; ".join(parts) or ("None is open" if studies else "No study yet")


def _studies_to_analyse(user: User) -> str:
    closed = sum(study.state == "closed" for study in studies_for(user))
    return _counted(closed, "closed study", "closed studies") if closed else "None closed yet"


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


_WAITING: dict[str, Callable[[User], str]] = {
    "reading:home": _cases_to_read,
    "cohorts:home": _cohorts_held,
    "studies:home": _studies_under_way,
    "analysis:home": _studies_to_analyse,
}
