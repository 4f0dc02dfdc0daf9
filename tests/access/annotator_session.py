"""An annotator's whole session, while somebody else labels the same patients; an adjudicator's."""

from django.core.files.uploadedfile import SimpleUploadedFile

from annotation import services as annotation
from annotation.models import Labelling
from cohorts.models import Cohort, Node, Patient
from tests.access import worlds
from tests.access.transcript import Transcript, fixed_id
from tests.people import People

LISTS = ("/annotation/", "/annotation/adjudication/", "/annotation/release/", "/", "/analysis/")


class AnnotatorSession:
    """Labels a cohort as its first annotator and keeps whatever is answered."""

    def __init__(self, transcript: Transcript, people: People, cohort: Cohort) -> None:
        self.transcript, self.people, self.cohort = transcript, people, cohort
        self.patients = list(cohort.patients.order_by("pseudonym"))
        # Started here, under ids that are the same in all of them.
        for patient in self.patients:
            Labelling.objects.get_or_create(
                annotator=people.annotator_one,
                patient=patient,
                defaults={"public_id": fixed_id("labelling", patient.pseudonym)},
            )

    def run(self, *, other: worlds.Rule | None, finished: bool, label: int = 1) -> Transcript:
        """Label all; ``other`` is how the second annotator labels, None when not at all.

        ``finished``: the second annotator is done before the first begins, and everything is
        decided and released afterwards; otherwise the second is in the middle of the work.
        """
        if other is not None:
            for patient in self.patients:
                worlds.label_as(
                    self.people.annotator_two,
                    patient,
                    other,
                    comment=worlds.SAID,
                    submit=finished,
                )
        for patient in self.patients:
            self.overview()
            self.label(patient, label)
        if other is not None and finished:
            worlds.decide(self.people, self.cohort, other)
            annotation.release_reference_standard(by=self.people.coordinator, cohort=self.cohort)
        self.overview()
        self.import_file()
        return self.transcript

    def overview(self) -> None:
        """Everything that is not about one patient, and doors that are shut."""
        for url in LISTS:
            self.transcript.get(url)
        api = f"/api/v1/annotation/cohorts/{self.cohort.public_id}"
        page = f"/annotation/cohorts/{self.cohort.public_id}"
        node = self.patients[0].nodes.first()
        for url in (
            f"{api}/disagreements/",
            f"{api}/reference-standards/",
            f"{api}/reference-standards/1/",
            f"/api/v1/annotation/adjudications/{node.public_id}/",
            f"{page}/reference-standard/1.csv",
            f"{page}/release/",
            f"/inference/cohorts/{self.cohort.public_id}/",
            "/api/v1/inference/models/",
        ):
            self.transcript.get(url)
        for own in ("import/", "labels.csv"):
            self.transcript.get(f"{page}/{own}")

    def label(self, patient: Patient, label: int) -> None:
        """One patient: the page, every answer to a label, and the submission."""
        ask = self.transcript
        ask.send(f"/annotation/patients/{patient.public_id}/start/", {})
        ask.get(f"/annotation/patients/{patient.public_id}/")
        case = ask.get(f"/api/v1/cohorts/patients/{patient.public_id}/case/").json()
        ask.get(f"/cohorts/patients/{patient.public_id}/masks/")
        ask.get(f"{case['nodes'][0]['url']}masks/")
        ask.get(f"{case['frames_url']}0/")
        url = f"/api/v1/annotation/labellings/{fixed_id('labelling', patient.pseudonym)}/"
        ask.post(f"{url}submit/", {"base_version": 0})
        for version, node in enumerate(patient.nodes.order_by("number")):
            given = self.given(patient, node, version, label)
            ask.post(f"{url}labels/", given)
            ask.post(f"{url}labels/", given)
            ask.post(f"{url}labels/", given | {"label": 0 if label else 1})
            ask.post(f"{url}labels/", given | {"client_id": fixed_id("stale", node.number)})
            ask.post(f"{url}labels/", given | {"label": 5, "client_id": fixed_id("five")})
            ask.get(url)
        self.give_reasons(url)
        for _ in range(2):
            ask.post(f"{url}submit/", {"base_version": patient.nodes.count()})
        ask.get(f"/annotation/patients/{patient.public_id}/")

    def give_reasons(self, url: str) -> None:
        """A reason for whatever the rules warn of, sent twice; where no report is locked, none."""
        ask = self.transcript
        report = ask.get(url).json()["report"]
        for found in report["findings"] if report else ():
            given = {
                "client_id": fixed_id("reason", url, found["code"]),
                "code": found["code"],
                "sentence": found["sentence"],
                "reason": "My own reason.",
            }
            for _ in range(2):
                ask.post(f"{url}reasons/", given)

    def given(self, patient: Patient, node: Node, version: int, label: int) -> dict[str, object]:
        return {
            "client_id": fixed_id("label", patient.pseudonym, node.number),
            "node": str(node.public_id),
            "label": label,
            "place": "left IIa",
            "basis": "morphology_and_report",
            "certainty": 2,
            "matted": "A",
            "comment": "My own words.",
            "base_version": version,
            "shown_case": fixed_id("labelling", patient.pseudonym),
            "shown_slice": 1,
        }

    def import_file(self) -> None:
        """A file of labels, checked only: everything is submitted by now."""
        text = f"patient,node,label\n{self.patients[0].pseudonym},1,2\nnobody,1,2\n"
        upload = SimpleUploadedFile("labels.csv", text.encode(), "text/csv")
        self.transcript.send(
            f"/annotation/cohorts/{self.cohort.public_id}/import/", {"csv_file": upload}
        )


def adjudicator_session(ask: Transcript, cohort: Cohort) -> Transcript:
    """Ask as an adjudicator for every disagreement, and decide one."""
    api = f"/api/v1/annotation/cohorts/{cohort.public_id}/disagreements/"
    nodes = [found["node"] for found in ask.get(api).json()]
    for url in ("/annotation/adjudication/", "/", "/annotation/", "/inference/", "/analysis/"):
        ask.get(url)
    for node in nodes:
        ask.get(f"/annotation/adjudication/{node}/")
        ask.get(f"/api/v1/annotation/adjudications/{node}/")
    given = {"label": 2, "reason": "Seen.", "base_version": 0}
    for _ in range(2):
        ask.post(f"/api/v1/annotation/adjudications/{nodes[0]}/", given)
    ask.send(f"/annotation/adjudication/{nodes[1]}/", given)
    ask.get("/annotation/adjudication/")
    return ask
