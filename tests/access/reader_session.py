"""A reader's whole session: every route of the reading room, with every way to be refused."""

from typing import Any

from cohorts.serving import frames_signature
from readerstudy.reading import services as reading
from readerstudy.reading.models import Assignment, Study, StudyReader
from tests.access.transcript import Transcript, fixed_id
from tests.people import People

LISTS = ("/reading/", "/api/v1/reading/studies/", "/", "/studies/", "/annotation/", "/analysis/")


class ReaderSession:
    """Reads a study as its first reader and keeps whatever is answered."""

    def __init__(self, transcript: Transcript, people: People, study: Study) -> None:
        self.transcript, self.people, self.study = transcript, people, study
        self.seat = StudyReader.objects.get(study=study, user=people.reader_one)
        self.cases = list(Assignment.objects.filter(reader=self.seat).order_by("position"))
        self.foreign = Assignment.objects.exclude(reader=self.seat).order_by("pk").first()

    def run(self, *, category: int = 1) -> Transcript:
        """Read every case, see one reopened, and look at everything after the study closed."""
        for position, case in enumerate(self.cases):
            self.overview()
            self.look(case)
            self.call(case, category)
            for ahead in self.cases[position + 1 : position + 3]:
                self.look(ahead)
        self.reopened(self.cases[0])
        self.overview()
        self.closed(self.cases[1])
        return self.transcript

    def overview(self) -> None:
        """Everything that is not about one case."""
        ask = self.transcript
        for url in LISTS:
            ask.get(url)
        for url in ("/reading/studies/{}/", "/reading/studies/{}/done/"):
            ask.get(url.format(self.seat.public_id))
        ask.get(f"/api/v1/reading/studies/{self.seat.public_id}/next/")
        self.doors_that_are_shut()

    def doors_that_are_shut(self) -> None:
        """Ask for what may or may not exist elsewhere: the refusal must not tell."""
        cohort = self.study.cohorts.get()
        patient = cohort.patients.first()
        for url in (
            f"/annotation/cohorts/{cohort.public_id}/reference-standard/1.json",
            f"/api/v1/annotation/cohorts/{cohort.public_id}/reference-standards/",
            f"/api/v1/annotation/cohorts/{cohort.public_id}/disagreements/",
            f"/annotation/adjudication/{patient.nodes.first().public_id}/",
            f"/annotation/patients/{patient.public_id}/",
            f"/annotation/patients/{patient.public_id}/pathology/",
            f"/annotation/cohorts/{cohort.public_id}/pathology/template.csv",
            f"/api/v1/annotation/patients/{patient.public_id}/pathology/",
            f"/api/v1/annotation/cohorts/{cohort.public_id}/pathology/",
            "/inference/",
            "/api/v1/inference/models/",
            f"/inference/cohorts/{cohort.public_id}/",
            f"/analysis/studies/{self.study.public_id}/",
            f"/studies/{self.study.public_id}/progress/",
            f"/api/v1/reading/cases/{self.foreign.public_id}/",
            f"/api/v1/reading/studies/{self.foreign.reader.public_id}/next/",
            f"/reading/cases/{self.foreign.public_id}/",
        ):
            self.transcript.get(url)

    def look(self, case: Assignment) -> None:
        """The page, the case, its pictures, and one frame too many."""
        url = self.url(case)
        self.transcript.get(f"/reading/cases/{case.public_id}/")
        self.transcript.get(url)
        self.transcript.get(f"{url}pictures/")
        signature = frames_signature(self.seat.user_id, case.public_id, case.series)
        for index in range(len(case.series.frames) + 1):
            self.transcript.get(f"{url}{signature}/frames/{index}/")

    def url(self, case: Assignment) -> str:
        return f"/api/v1/reading/cases/{case.public_id}/"

    def call(self, case: Assignment, category: int) -> None:
        """Call every node in each way that is refused and the one that is not; then submit."""
        url, ask = self.url(case), self.transcript
        ask.post(f"{url}submit/", {"base_version": 0})
        for version, node in enumerate(case.nodes.select_related("mask").order_by("number")):
            given = self.given(case, node, version, category)
            ask.post(f"{url}calls/", {})
            ask.post(f"{url}calls/", given | {"category": 7})
            ask.post(f"{url}calls/", given | {"shown_case": fixed_id("other")})
            ask.post(f"{url}calls/", given | {"shown_slice": 11})
            ask.post(f"{url}calls/", given | {"node": fixed_id("unknown")})
            ask.post(f"{url}calls/", given)
            ask.post(f"{url}calls/", given)
            ask.post(f"{url}calls/", given | {"category": (category + 1) % 3})
            ask.post(f"{url}calls/", given | {"call": fixed_id("stale", node.public_id)})
            ask.get(url)
        self.events(case)
        ask.post(f"{url}submit/", {"base_version": 0})
        for _ in range(2):
            ask.post(f"{url}submit/", {"base_version": case.nodes.count()})
        ask.post(f"{url}calls/", self.given(case, node, case.nodes.count(), 2, "late"))
        self.look(case)

    def given(self, case, node, version: int, category: int, name: str = "call") -> dict[str, Any]:
        return {
            "call": fixed_id(name, node.public_id),
            "node": str(node.public_id),
            "category": category,
            "base_version": version,
            "shown_case": str(case.public_id),
            "shown_slice": node.mask.bounding_box[0][0],
        }

    def events(self, case: Assignment) -> None:
        """Reports of the page, good and bad."""
        url, node = f"{self.url(case)}events/", str(case.nodes.first().public_id)
        for event in (
            {"kind": "slice", "slice": 1, "node": node, "at_ms": 5},
            {"kind": "slice", "slice": 99, "at_ms": 5},
            {"kind": "slice", "slice": 1, "node": fixed_id("unknown"), "at_ms": 5},
            {"kind": "guessed", "at_ms": 5},
        ):
            self.transcript.post(url, {"events": [event]})

    def reopened(self, case: Assignment) -> None:
        """A coordinator gives a case back."""
        reading.reopen_case(by=self.people.coordinator, assignment=case, reason="Look again.")
        self.look(case)
        case.refresh_from_db()
        self.transcript.post(f"{self.url(case)}submit/", {"base_version": case.version})

    def closed(self, case: Assignment) -> None:
        """After the end."""
        reading.close_study(
            by=self.people.coordinator,
            study=self.study,
            confirm_incomplete=True,
            reason="The end.",
        )
        self.overview()
        self.look(case)
        self.transcript.post(f"{self.url(case)}submit/", {"base_version": 0})
        node = case.nodes.select_related("mask").first()
        self.transcript.post(f"{self.url(case)}calls/", self.given(case, node, 0, 0, "closed"))
        self.events(case)
