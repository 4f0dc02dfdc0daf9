"""The people and the expectations of the walk through the whole application."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.conftest import Arrive
from tests.e2e.inputs import CaseFiles
from tests.e2e.installation import Installation
from tests.e2e.person import Person

COHORT, STUDY = "Neck CT", "Neck readers"
OTHER_MODEL = "A model from elsewhere"
PATIENTS = ("P001", "P002")
DISPUTED = ("P001", 1)

# Calls by number as each reader sees it; the readers disagree on every third node.
HABITS = {"R1": (0, 1, 2), "R2": (0, 2, 2)}


def truth_of(node: int) -> int:
    return node % 3


@dataclass
class Story:
    """What has happened so far, for the chapters that follow."""

    house: Installation
    arrive: Arrive
    folder: Path
    archive: Path
    cases: list[CaseFiles]
    told: set[str] = field(default_factory=set)
    changed: dict[tuple[str, int], int] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    study_page: str = ""
    invitation: str = ""

    def after(self, *chapters: str) -> None:
        """Skip a chapter whose beginning is missing; the one that failed says why."""
        if missing := set(chapters) - self.told:
            pytest.skip(f"comes after {sorted(missing)}")

    def person(self, name: str) -> Person:
        """Let them come when they are first needed, and stay."""
        if name not in self.people:
            self.people[name] = self.arrive(name)
        return self.people[name]

    @property
    def coordinator(self) -> Person:
        return self.person("coordinator")

    @property
    def nodes(self) -> list[tuple[str, int]]:
        """Every node of the cohort as patient and number."""
        return [
            (patient, node)
            for patient, case in zip(PATIENTS, self.cases, strict=True)
            for node in sorted(case.node_voxels)
        ]

    def case_with(self, nodes: int) -> CaseFiles:
        """The patient on the screen: the two differ in their number of nodes."""
        (found,) = [case for case in self.cases if case.nodes == nodes]
        return found

    def key(self, reader: str, shown: int) -> str:
        habits = HABITS[reader]
        return str(habits[shown % len(habits)] + 1)

    def expected_calls(self, reader: int) -> dict[tuple[str, int], int]:
        """What was pressed, by patient and node; which number was shown only the database knows."""
        shown = self.house.ask(
            "SELECT patient.pseudonym, node.number, seen.number FROM reading_assignmentnode seen"
            " JOIN cohorts_node node ON node.id = seen.node_id"
            " JOIN cohorts_patient patient ON patient.id = node.patient_id"
            " JOIN reading_assignment assignment ON assignment.id = seen.assignment_id"
            " JOIN reading_studyreader reader ON reader.id = assignment.reader_id"
            " JOIN reading_study study ON study.id = reader.study_id"
            " WHERE reader.number = ? AND study.title = ?",
            reader,
            STUDY,
        )
        pressed = {
            (patient, node): int(self.key(f"R{reader}", number)) - 1
            for patient, node, number in shown
        }
        return pressed | (self.changed if reader == 1 else {})

    def calls_of_submitted_cases(self) -> int:
        ((count,),) = self.house.ask(
            "SELECT count(*) FROM reading_nodecall"
            " JOIN reading_assignment assignment ON assignment.id = assignment_id"
            " JOIN reading_studyreader reader ON reader.id = assignment.reader_id"
            " JOIN reading_study study ON study.id = reader.study_id"
            " WHERE assignment.state = 'submitted' AND study.title = ?",
            STUDY,
        )
        return count

    def reopened_node(self, shown: int) -> int:
        """The cohort's number of a node of the reopened case."""
        ((node,),) = self.house.ask(
            "SELECT node.number FROM reading_assignmentnode seen"
            " JOIN cohorts_node node ON node.id = seen.node_id"
            " JOIN reading_assignment assignment ON assignment.id = seen.assignment_id"
            " WHERE assignment.state = 'reopened' AND seen.number = ?",
            shown,
        )
        return node

    def labels_csv(self, *, spoilt: bool = False) -> str:
        """The second annotator's table: one disagreement, and an error in row 3 if spoilt."""
        lines = ["patient,node,label,comment"]
        for row, (patient, node) in enumerate(self.nodes, start=2):
            label = (truth_of(node) + ((patient, node) == DISPUTED)) % 3
            lines.append(f"{patient},{node},{'maybe' if spoilt and row == 3 else label},")
        return "\n".join(lines)

    def scores_csv(self) -> str:
        """Scores that follow the truth with some noise."""
        lines = ["patient,node,score_metastasis,score_ene"]
        for position, (patient, node) in enumerate(self.nodes):
            noise = (position * 37 % 11) / 11
            metastasis, ene = truth_of(node) + noise, (truth_of(node) == 2) + noise
            lines.append(f"{patient},{node},{metastasis},{ene}")
        return "\n".join(lines)
