"""What each person finds in the lobby: only rooms they have a role in."""

from dataclasses import dataclass

from django.urls import reverse

from accounts.models import User
from cohorts.selectors import roles_of
from cohorts.vocabulary import CohortRole
from readerstudy.reading.selectors import is_reader


@dataclass(frozen=True, kw_only=True)
class Task:
    """One room a person may enter and what they do there."""

    label: str
    url: str
    sentence: str


def tasks_of(user: User) -> list[Task]:
    """Return the rooms open to this person, in the order of the data's way."""
    roles = roles_of(user)
    coordinates = CohortRole.COORDINATOR in roles or user.may_create_cohorts
    rooms = [
        (is_reader(user), "Reading", "reading:home", "Score the nodes of your next case."),
        (coordinates, "Cohorts", "cohorts:home", "Take in CT series and masks; members."),
        (coordinates, "Studies", "studies:home", "Protocol, readers, progress."),
        (
            CohortRole.ANNOTATOR in roles,
            "Labelling",
            "annotation:home",
            "Label nodes from pathology, alone.",
        ),
        (
            CohortRole.ADJUDICATOR in roles,
            "Adjudication",
            "annotation:adjudication",
            "Decide where the two annotators disagree.",
        ),
        (
            CohortRole.COORDINATOR in roles,
            "Reference standards",
            "annotation:releases",
            "Follow the annotators; release what is agreed and decided.",
        ),
        (
            coordinates,
            "Reference standard",
            "annotation:releases",
            "Progress of the labels, release of versions.",
        ),
        (coordinates, "Models", "inference:home", "Model versions and predictions."),
        (
            CohortRole.STATISTICIAN in roles,
            "Analysis",
            "analysis:home",
            "Freeze data, run the analysis, read the report.",
        ),
    ]
    return [
        Task(label=label, url=reverse(name), sentence=sentence)
        for is_open, label, name, sentence in rooms
        if is_open
    ]
