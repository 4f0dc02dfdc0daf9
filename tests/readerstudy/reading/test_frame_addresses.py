"""The address of a frame is good for one reader and one case, and is the same at each opening."""

import re

import pytest
from django.urls import reverse

from cohorts.models import CTSeries
from cohorts.serving import frames_signature
from readerstudy.reading.models import Assignment, StudyReader
from tests.readerstudy.reading.conftest import case_at, frame_url

SIGNATURE = re.compile(r"/api/v1/reading/cases/([0-9a-f-]{36})/([0-9a-f]{64})/frames/")


@pytest.fixture
def mine(client, people):
    client.force_login(people.reader_one)
    return client


def told(client, case):
    return client.get(reverse("reading_api:case", args=[case.public_id])).json()


def test_the_address_told_opens_every_frame(mine, case):
    payload = told(mine, case)
    for frame in payload["frames"]:
        answer = mine.get(f"{payload['frames_url']}{frame['index']}/")
        assert (answer.status_code, len(answer.content)) == (200, frame["bytes"])


def test_it_is_the_same_at_each_opening_and_for_fetching_ahead(mine, reader, case):
    """So that a browser finds the frames it has."""
    ahead = reverse("reading_api:pictures", args=[case.public_id])
    assert told(mine, case)["frames_url"] == told(mine, case)["frames_url"]
    assert told(mine, case)["frames_url"] == mine.get(ahead).json()["frames_url"]


def test_no_two_readers_cases_or_periods_share_one(study):
    signatures = {
        frames_signature(case.reader.user_id, case.public_id, case.series)
        for case in Assignment.objects.select_related("reader", "series")
    }
    assert len(signatures) == Assignment.objects.count() == 6


def test_it_says_nothing(mine, case):
    """The case's own random id and a digest under the server's key, nothing else."""
    case_id, signature = SIGNATURE.fullmatch(told(mine, case)["frames_url"]).groups()
    assert case_id == str(case.public_id)
    assert signature not in {frame["sha256"] for frame in case.series.frames}


def test_a_colleague_can_do_nothing_with_it(client, people, study, case):
    client.force_login(people.reader_two)
    assert client.get(frame_url(case, 0)).status_code == 404


def test_a_colleagues_signature_opens_nothing_in_the_own_case(mine, people, study, case):
    other = Assignment.objects.get(
        reader=StudyReader.objects.get(study=study, user=people.reader_two), patient=case.patient
    )
    url = frame_url(case, 0).replace(signature_of(case), signature_of(other))
    assert mine.get(url).status_code == 404


def test_the_signature_of_another_case_opens_nothing(mine, reader, case):
    url = frame_url(case, 0).replace(signature_of(case), signature_of(case_at(reader, 2)))
    assert mine.get(url).status_code == 404


@pytest.mark.parametrize("wrong", ["0" * 64, "f" * 63, "ä", "-"])
def test_a_made_up_signature_opens_nothing(mine, case, wrong):
    url = frame_url(case, 0).replace(signature_of(case), wrong)
    assert mine.get(url).status_code == 404


def test_it_does_not_lead_to_other_pixels(mine, case):
    url, frames = frame_url(case, 0), case.series.frames
    CTSeries.objects.filter(pk=case.series.pk).update(frames=[*frames[1:], frames[0]])
    assert mine.get(url).status_code == 404


def test_it_is_not_enough_without_the_session(client, case):
    assert client.get(frame_url(case, 0)).status_code == 401


def test_another_key_makes_another_address(mine, case, settings):
    before = frame_url(case, 0)
    settings.SECRET_KEY = "another-key-of-at-least-thirty-two-characters"
    assert frame_url(case, 0) != before


def signature_of(case):
    return frames_signature(case.reader.user_id, case.public_id, case.series)
