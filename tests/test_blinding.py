"""Non-interference: what somebody must not know changes no byte of what they are answered."""

import re
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from cohorts.models import Cohort, CTSeries, IntakeUpload, Node, Patient
from cohorts.vocabulary import CohortKind
from readerstudy.reading.models import NodeCall
from tests import walk
from tests.access import worlds
from tests.access.annotator_session import AnnotatorSession, adjudicator_session
from tests.access.reader_session import ReaderSession
from tests.access.scene import undone
from tests.access.transcript import Transcript, browser_of, first_difference
from tests.cases import store_case
from tests.discussion import keep_all

ROOT = Path(__file__).resolve().parent.parent
BLIND_FOLDERS = ("templates/reading", "templates/viewer", "static/reading", "static/viewer")
UNSPEAKABLE = re.compile(
    r"truth|reference.?standard|predict|patholog|adjudicat|annotator|histolog|deepene|\bmodel\b",
    re.IGNORECASE,
)
FIRST_KEY = 7_700_000
WORDS = {
    "pseudonym": "SECRETPSEUDONYM",
    "cohort": "SECRETCOHORT",
    "node": "SECRETNODE",
    "file": "SECRETFILE",
    "station": "SECRETSTATION",
    "neighbour": "SECRETNEIGHBOUR",
    "site": "SECRETSITE",
    "date": "19991231",
    "uid": "2.25.424242",
    "comment": worlds.SAID,
}


def session_key(user):
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def opened(people, cohort):
    """Five patients, a study that was opened before anything else happened."""
    for number in range(1, 6):
        store_case(cohort, f"P00{number}", nodes=4)
    return walk.open_study(people, cohort)


def read_in(world, people, cohort, study, key, **changes):
    """Grow the world, let reader one read in it, and take it back."""
    with undone():
        world(people, cohort, study)
        session = ReaderSession(Transcript(browser_of(key)), people, study)
        return session.run(**changes)


def test_a_reader_cannot_tell_the_worlds_apart(people, cohort, opened):
    key = session_key(people.reader_one)
    told = {
        world.__name__: read_in(world, people, cohort, opened, key)
        for world in (worlds.empty, worlds.benign, worlds.malignant, worlds.unfinished)
    }
    reference = told.pop("empty")
    assert len(reference.answers) >= 500
    statuses = {status for _, status, _, _ in reference.answers}
    assert statuses == {200, 201, 202, 302, 400, 404, 409, 422}
    for name, transcript in told.items():
        assert first_difference(reference, transcript) == "", name


def test_the_comparison_sees_one_other_call_of_the_readers_own(people, cohort, opened):
    key = session_key(people.reader_one)
    ones = read_in(worlds.empty, people, cohort, opened, key, category=1)
    twos = read_in(worlds.empty, people, cohort, opened, key, category=2)
    assert "category" in first_difference(ones, twos)


def test_the_worlds_do_differ(people, cohort, opened):
    """To those who may see it: otherwise equal answers would prove nothing."""
    seen = set()
    for world in (worlds.empty, worlds.benign, worlds.malignant):
        with undone():
            world(people, cohort, opened)
            client = Client()
            client.force_login(people.statistician)
            standards = client.get(
                f"/api/v1/annotation/cohorts/{cohort.public_id}/reference-standards/1/"
            )
            models = client.get("/api/v1/inference/models/")
            calls = NodeCall.objects.count()
            seen.add((standards.content, len(models.json()), calls))
    assert len(seen) == 3


@pytest.mark.parametrize("finished", [False, True])
def test_an_annotator_cannot_tell_what_the_other_did(people, cohort, opened, finished):
    key = session_key(people.annotator_one)
    worlds.locked_report(people, cohort.patients.get(pseudonym="P001"))
    told = []
    for rule in (None, lambda node: 0, lambda node: 2):
        with undone():
            session = AnnotatorSession(Transcript(browser_of(key)), people, cohort)
            told.append(session.run(other=rule, finished=finished))
    assert len(told[0].answers) > 100
    assert sum("My own reason." in text for text in told[0].texts()) >= 2
    assert first_difference(told[0], told[1]) == ""
    assert first_difference(told[0], told[2]) == ""
    assert not any(worlds.SAID in text for text in told[2].texts())


def test_the_comparison_sees_the_annotators_own_label(people, cohort, opened):
    key = session_key(people.annotator_one)
    told = []
    for label in (0, 1):
        with undone():
            session = AnnotatorSession(Transcript(browser_of(key)), people, cohort)
            told.append(session.run(other=None, finished=False, label=label))
    assert first_difference(*told) != ""


def test_an_adjudicator_cannot_tell_what_models_and_readers_say(people, cohort, opened):
    """Both worlds hold the same labels; only predictions, maps, trainings and calls differ."""
    for patient in cohort.patients.all():
        worlds.label_as(people.annotator_one, patient, lambda node: 0)
        worlds.label_as(people.annotator_two, patient, lambda node: node.number % 2)
    keep_all(cohort)
    key, told = session_key(people.adjudicator), []
    for busy in (False, True):
        with undone():
            if busy:
                model = worlds.predictions(people, cohort, positive=True)
                worlds.explanations(people, cohort, model)
                worlds.training(people, cohort, model)
                walk.import_scores(people, cohort)
                walk.read_everything(people, opened)
            told.append(adjudicator_session(Transcript(browser_of(key)), cohort))
    assert len(told[0].answers) >= 30
    assert first_difference(*told) == ""


def start_keys_at(number):
    """Let every new row of these tables have a key that cannot be mistaken for anything else."""
    ours = {"accounts", "cohorts", "reading", "annotation", "inference"}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.split("_")[0] not in ours:
                continue
            if connection.vendor == "sqlite":
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
                cursor.execute("INSERT INTO sqlite_sequence VALUES (%s, %s)", [table, number])
                continue
            for sequence in connection.introspection.get_sequences(cursor, table):
                cursor.execute("SELECT setval(%s, %s)", [sequence["name"], number])


@pytest.fixture
def far_keys(db):
    start_keys_at(FIRST_KEY)


@pytest.fixture
def marked(far_keys, people, cohort):
    """A study whose every hidden text is a word of its own."""
    Cohort.objects.filter(pk=cohort.pk).update(
        name=WORDS["cohort"], kind=CohortKind.INTERNAL_TEST.value
    )
    for number in (1, 2):
        patient = store_case(cohort, f"{WORDS['pseudonym']}{number}", nodes=3)
        geometry = patient.series.geometry | {"frame_of_reference_uid": WORDS["uid"]}
        CTSeries.objects.filter(patient=patient).update(
            geometry=geometry,
            attributes={"StationName": WORDS["station"], "AcquisitionDate": WORDS["date"]},
            notes=[f"{WORDS['file']}.dcm was left out"],
        )
    Patient.objects.update(primary_site=WORDS["site"], pn="pN3b")
    beside = {"side": "left", "level": WORDS["neighbour"], "voxel_zyx": [1, 2, 3]}
    Node.objects.update(name=WORDS["node"], auto_level="III", neighbouring_station=beside)
    IntakeUpload.objects.create(
        cohort=cohort, drop_name=WORDS["file"], shown_name=f"{WORDS['file']}.zip"
    )
    cohort.refresh_from_db()
    return walk.open_study(people, cohort)


def hidden_of(cohort):
    """Every stored text and id of the cohort that must not reach a reader."""
    words = [*WORDS.values(), "pN3b", CohortKind.INTERNAL_TEST.value, str(cohort.public_id)]
    for patient in cohort.patients.select_related("series"):
        words += [str(patient.public_id), patient.source_key, patient.series.hu_sha256]
        for node in patient.nodes.all():
            mask = node.masks.get()
            words += [str(node.public_id), mask.digest, mask.runs_key]
    return words


def test_a_reader_gets_no_name_no_key_and_no_date(people, cohort, marked):
    worlds.truth(people, cohort, lambda node: 2, lambda node: 1)
    walk.read_as(people.reader_two, marked)
    session = ReaderSession(Transcript(browser_of(session_key(people.reader_one))), people, marked)
    # What the reader asks for must not be found in what the reader gets.
    session.doors_that_are_shut = lambda: None
    texts = session.run().texts()
    assert len(texts) > 150
    found = {word for word in hidden_of(cohort) for text in texts if word.lower() in text.lower()}
    assert found == set()
    for other in (people.reader_two, people.annotator_one, people.annotator_two):
        assert [text for text in texts if other.username in text] == []
    assert keys_in(texts) == set()


def keys_in(texts):
    """Database keys among the numbers, ids and digests taken out first."""
    random = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")
    near = re.compile(rf"(?<![\d.]){str(FIRST_KEY)[:4]}\d{{3}}(?!\d)")
    return {key for text in texts for key in near.findall(random.sub("", text))}


def test_the_search_for_keys_finds_one(far_keys, people, cohort):
    assert cohort.pk > FIRST_KEY
    assert keys_in([f'{{"cohort": {cohort.pk}}}', "a/7700001/"]) == {str(cohort.pk), "7700001"}
    assert keys_in([str(uuid.UUID(int=7700001)), "7" * 64]) == set()


def test_an_annotator_gets_no_name_of_the_other_and_no_score(people, cohort, marked):
    worlds.predictions(people, cohort, positive=True)
    walk.read_as(people.reader_two, marked)
    session = AnnotatorSession(
        Transcript(browser_of(session_key(people.annotator_one))), people, cohort
    )
    texts = session.run(other=lambda node: 2, finished=True).texts()
    for hidden in (worlds.SAID, people.annotator_two.username, people.reader_two.username, "0.98"):
        assert [text for text in texts if hidden in text] == [], hidden


@pytest.mark.parametrize("folder", BLIND_FOLDERS)
def test_nothing_sent_to_the_reading_page_speaks_of_the_truth(folder):
    spoken = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".js", ".css", ".html"}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if UNSPEAKABLE.search(line)
    ]
    assert spoken == []


def test_the_blind_folders_are_there():
    for folder in BLIND_FOLDERS:
        assert any((ROOT / folder).iterdir()), folder
    assert UNSPEAKABLE.search("<!-- the Reference standard -->")
