"""Pages of coordinators: create, describe, open, watch, reopen, close."""

import re

import pytest
from django.urls import reverse

from cohorts.models import Cohort
from cohorts.vocabulary import CohortRole
from readerstudy.reading.models import AssignmentState, Invitation, Study, StudyState
from readerstudy.reading.services import add_reader, create_study
from tests.cases import store_case
from tests.people import join, person
from tests.readerstudy.reading.conftest import case_at, read_case


def page(name, *args):
    return reverse(f"studies:{name}", args=args)


@pytest.fixture
def mine(client, people):
    client.force_login(people.coordinator)
    return client


# create and describe


def test_a_study_is_created_from_the_list(mine, cohort):
    answer = mine.post(page("home"), {"title": "Neck nodes", "cohorts": [cohort.pk]})
    study = Study.objects.get()
    assert answer.url == page("study", study.public_id)
    assert list(study.cohorts.all()) == [cohort]
    assert "Neck nodes" in mine.get(page("home")).content.decode()


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"title": "", "cohorts": []}, "Choose at least one cohort"),
        ({"title": "Taken"}, "already exists"),
    ],
)
def test_a_bad_study_is_refused_on_the_page(mine, people, cohort, form, said):
    create_study(by=people.coordinator, title="Taken", cohorts=[cohort])
    answer = mine.post(page("home"), {"cohorts": [cohort.pk]} | form)
    assert said in answer.content.decode()
    assert Study.objects.count() == 1


def test_another_hospitals_cohort_cannot_be_chosen(mine):
    other = Cohort.objects.create(name="Another hospital")
    assert "Another hospital" not in mine.get(page("home")).content.decode()
    mine.post(page("home"), {"title": "Neck nodes", "cohorts": [other.pk]})
    assert not Study.objects.exists()


def test_who_coordinates_nothing_sees_no_form(client, people, study):
    client.force_login(people.annotator_one)
    text = client.get(page("home")).content.decode()
    assert "Neck nodes" not in text
    assert "Create draft" not in text


def test_the_protocol_is_saved(mine, draft):
    body = {"title": "Renamed", "protocol": "Look closely."}
    assert mine.post(page("protocol", draft.public_id), body).status_code == 302
    text = mine.get(page("study", draft.public_id)).content.decode()
    assert "Look closely." in text
    assert "Renamed" in text


def test_a_locked_protocol_is_refused_on_the_page(mine, study):
    answer = mine.post(page("protocol", study.public_id), {"title": "X", "protocol": "Y"})
    assert answer.status_code == 422
    study.refresh_from_db()
    assert study.title == "Neck nodes"


# readers


def test_a_reader_is_added_by_name_or_address(mine, draft):
    person("third")
    person("fourth")
    for wanted in ("third", "FOURTH@example.org"):
        mine.post(page("add-reader", draft.public_id), {"username": wanted})
    assert [reader.user.username for reader in draft.readers.all()][2:] == ["third", "fourth"]


@pytest.mark.parametrize(
    ("username", "said"),
    [
        ("nobody", "no account with this name"),
        ("annotator_one", "would not read it blinded"),
        ("reader_one", "a reader of this study already"),
    ],
)
def test_a_wrong_reader_is_refused_on_the_page(mine, draft, username, said):
    answer = mine.post(page("add-reader", draft.public_id), {"username": username})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert draft.readers.count() == 2


def test_a_reader_is_removed(mine, draft):
    mine.post(page("remove-reader", draft.readers.get(number=2).public_id))
    assert draft.readers.count() == 1


def test_a_link_is_shown_once_and_can_be_withdrawn(mine, draft):
    answer = mine.post(page("invite", draft.public_id), {"email": "new@example.org"})
    link = re.search(
        r'value="http://testserver(/reading/invitations/[^"]+)"', answer.content.decode()
    )
    assert "no-store" in answer["Cache-Control"]
    assert mine.get(link[1]).status_code == 200
    text = mine.get(page("study", draft.public_id)).content.decode()
    assert "new@example.org" in text
    assert link[1] not in text
    mine.post(page("revoke", draft.public_id, Invitation.objects.get().pk))
    assert Invitation.objects.get().revoked_at is not None


# open and close


def test_opening_asks_first(mine, draft):
    text = mine.get(page("open", draft.public_id)).content.decode()
    assert "cannot be taken back" in text
    refused = mine.post(page("open", draft.public_id), {})
    assert "Tick the box" in refused.content.decode()
    mine.post(page("open", draft.public_id), {"confirm": "on"})
    draft.refresh_from_db()
    assert draft.state == StudyState.OPEN
    text = mine.get(page("study", draft.public_id)).content.decode()
    assert draft.protocol_digest in text


def test_an_unready_study_says_why_on_the_page(mine, cohort, draft):
    store_case(cohort, "P009", nodes=0)
    answer = mine.post(page("open", draft.public_id), {"confirm": "on"})
    assert "No node to read" in answer.content.decode()
    assert "P009" in answer.content.decode()


def test_closing_asks_for_a_reason_while_cases_are_left(mine, study):
    assert "6 cases are not submitted" in mine.get(page("close", study.public_id)).content.decode()
    refused = mine.post(page("close", study.public_id), {"reason": "Over."})
    assert "confirm" in refused.content.decode()
    mine.post(page("close", study.public_id), {"reason": "Over.", "confirm_incomplete": "on"})
    study.refresh_from_db()
    assert study.state == StudyState.CLOSED


# progress and reopening


def test_progress_counts_submitted_cases_and_asks_again_while_open(mine, people, study, reader):
    read_case(people.reader_one, case_at(reader, 1))
    text = mine.get(page("progress", study.public_id)).content.decode()
    assert "1 of 3" in text
    assert "every 2s" in text
    mine.post(page("close", study.public_id), {"reason": "Over.", "confirm_incomplete": "on"})
    assert "every 2s" not in mine.get(page("progress", study.public_id)).content.decode()


def test_a_case_is_reopened_from_its_readers_page(mine, people, reader, case):
    read_case(people.reader_one, case)
    text = mine.get(page("reader", reader.public_id)).content.decode()
    assert page("reopen", case.public_id) in text
    mine.post(page("reopen", case.public_id), {"reason": "Wrong side."})
    case.refresh_from_db()
    assert case.state == AssignmentState.REOPENED


def test_reopening_without_a_reason_is_refused(mine, people, reader, case):
    read_case(people.reader_one, case)
    answer = mine.post(page("reopen", case.public_id), {"reason": " "}, follow=True)
    assert "Give the reason" in answer.content.decode()
    case.refresh_from_db()
    assert case.state == AssignmentState.SUBMITTED


# access and cost


def routes(study, reader, case):
    return [
        ("get", page("study", study.public_id)),
        ("get", page("progress", study.public_id)),
        ("post", page("protocol", study.public_id)),
        ("post", page("add-reader", study.public_id)),
        ("post", page("invite", study.public_id)),
        ("post", page("revoke", study.public_id, 1)),
        ("get", page("open", study.public_id)),
        ("post", page("open", study.public_id)),
        ("get", page("close", study.public_id)),
        ("post", page("close", study.public_id)),
        ("get", page("reader", reader.public_id)),
        ("post", page("remove-reader", reader.public_id)),
        ("post", page("reopen", case.public_id)),
    ]


@pytest.mark.parametrize(
    "name",
    ["reader_one", "annotator_one", "adjudicator", "statistician", "outsider", "half_coordinator"],
)
def test_a_study_exists_for_coordinators_of_all_its_cohorts_only(
    client, people, study, reader, case, name
):
    other = Cohort.objects.create(name="Another hospital")
    half = person("half_coordinator")
    join(other, half, CohortRole.COORDINATOR)
    study.cohorts.add(other)
    client.force_login(half if name == "half_coordinator" else getattr(people, name))
    for method, url in routes(study, reader, case):
        answer = getattr(client, method)(
            url, {"confirm": "on", "confirm_incomplete": "on", "reason": "x"}
        )
        assert (url, answer.status_code) == (url, 404)


def test_everybody_signs_in_first(client, study, reader, case):
    for method, url in [*routes(study, reader, case), ("get", page("home"))]:
        assert (url, getattr(client, method)(url).status_code) == (url, 302)


def test_pages_cost_the_same_whatever_is_on_them(
    mine, people, cohort, draft, django_assert_max_num_queries
):
    for number in range(5):
        add_reader(by=people.coordinator, study=draft, user=person(f"more_{number}"))
        create_study(by=people.coordinator, title=f"More {number}", cohorts=[cohort])
    mine.post(page("open", draft.public_id), {"confirm": "on"})
    reader = draft.readers.get(user=people.reader_one)
    for position in (1, 2, 3):
        read_case(people.reader_one, case_at(reader, position))
    for url, queries in (
        (page("home"), 8),
        (page("study", draft.public_id), 14),
        (page("progress", draft.public_id), 4),
        (page("reader", reader.public_id), 7),
    ):
        with django_assert_max_num_queries(queries):
            assert mine.get(url).status_code == 200
