"""Nothing a reader receives names, or depends on, what a reader must not know."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cohorts.models import CTSeries, Node, NodeMask, Patient
from readerstudy.reading.models import Assignment, StudyReader
from readerstudy.reading.services import open_study
from tests.readerstudy.reading.conftest import SEED, case_at, frame_url, read_case

SECRET = "SECRET-WORD"


@pytest.fixture
def mine(client, people):
    client.force_login(people.reader_one)
    return client


def pages(reader, case):
    return [
        reverse("reading:home"),
        reverse("reading:study", args=[reader.public_id]),
        reverse("reading:done", args=[reader.public_id]),
        reverse("reading:case", args=[case.public_id]),
        reverse("reading_api:studies"),
        reverse("reading_api:next", args=[reader.public_id]),
        reverse("reading_api:case", args=[case.public_id]),
        reverse("reading_api:pictures", args=[case.public_id]),
        frame_url(case, 0),
    ]


def received(client, url):
    """Everything of an answer: status, headers and bytes, without the session's own tokens."""
    answer = client.get(url)
    body = re.sub(rb'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+', rb"\1", answer.content)
    headers = {name: value for name, value in answer.headers.items() if name != "Set-Cookie"}
    return answer.status_code, headers, body


def test_no_name_number_or_uid_of_the_source_is_sent(mine, cohort, reader, case):
    patient = case.patient
    Patient.objects.filter(pk=patient.pk).update(pseudonym=SECRET, pn="pN3b", primary_site=SECRET)
    Node.objects.filter(patient=patient).update(name=SECRET)
    CTSeries.objects.filter(patient=patient).update(
        attributes={"StationName": SECRET}, notes=[SECRET]
    )
    forbidden = [SECRET, "pN3b", cohort.name, "2.25.1", str(cohort.public_id)]
    forbidden += [str(patient.public_id), patient.source_key, case.series.hu_sha256]
    for node in case.nodes.select_related("node", "mask"):
        forbidden += [str(node.node.public_id), node.mask.digest, node.mask.runs_key]
    for url in pages(reader, case):
        status, headers, body = received(mine, url)
        assert status == 200, url
        text = body.decode("latin-1") + json.dumps(headers)
        assert [word for word in forbidden if word in text] == [], url


def test_no_database_key_is_sent(mine, reader, case):
    """Every whole number of the case's answer is one that the reader's own view explains."""
    body = mine.get(reverse("reading_api:case", args=[case.public_id])).json()
    del body["frames"], body["geometry"], body["categories"]
    for node in body["nodes"]:
        del node["runs"], node["centroid_zyx"], node["slices"]
    assert re.findall(r"(?<![\w-])\d+(?![\w-])", json.dumps(body)) == [
        *("1", "3", "0"),  # position, total, version
        *("1", "2", "3"),  # node numbers
    ]


def test_the_case_page_holds_ids_only(mine, reader, case):
    _, _, body = received(mine, reverse("reading:case", args=[case.public_id]))
    ids = set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", body.decode()))
    assert ids == {str(case.public_id), str(reader.public_id)}


def test_another_readers_work_changes_no_byte(mine, people, study, reader, case):
    mine.get(reverse("reading_api:case", args=[case.public_id]))
    before = [received(mine, url) for url in pages(reader, case)]
    other = StudyReader.objects.get(study=study, user=people.reader_two)
    for position in (1, 2, 3):
        read_case(people.reader_two, case_at(other, position), category=2)
    assert [received(mine, url) for url in pages(reader, case)] == before


def test_the_labels_of_the_imported_masks_move_no_number(people, draft):
    """The same masks under other label values are shown in the same order."""
    patient = Patient.objects.get(pseudonym="P001")
    masks = list(NodeMask.objects.filter(node__patient=patient).order_by("pk"))
    for mask, label in zip(masks, (203, 101, 302), strict=True):
        Node.objects.filter(pk=mask.node_id).update(number=label)
    open_study(by=people.coordinator, study=draft, seed=SEED)
    for case in Assignment.objects.filter(patient=patient):
        heights = [node.mask.centroid_zyx[0] for node in case.nodes.order_by("number")]
        assert heights == sorted(heights, reverse=True)


def test_a_coordinator_sees_progress_and_no_call(client, people, study, reader):
    for position, category in ((1, 2), (2, 0)):
        read_case(people.reader_one, case_at(reader, position), category=category)
    client.force_login(people.coordinator)
    urls = [
        reverse("studies:home"),
        reverse("studies:study", args=[study.public_id]),
        reverse("studies:progress", args=[study.public_id]),
        reverse("studies:reader", args=[reader.public_id]),
        reverse("studies:close", args=[study.public_id]),
    ]
    for url in urls:
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(url)
        assert answer.status_code == 200, url
        assert [query for query in asked if '"category"' in query["sql"]] == [], url
        for word in ("Benign", "Metastasis with", "category"):
            assert word not in answer.content.decode(), (url, word)
