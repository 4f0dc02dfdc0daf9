"""The lobby: one door a room, and what waits behind it, in a number of queries that stays."""

import pytest
from django.urls import reverse

from cohorts.models import Cohort
from cohorts.vocabulary import CohortRole
from readerstudy.dashboard.selectors import tasks_of, with_waiting
from readerstudy.reading.services import add_reader, create_study, open_study, update_protocol
from tests.cases import store_case
from tests.people import join


def waiting(user):
    return {task.room: task.waiting for task in with_waiting(user, tasks_of(user))}


def opened(people, cohort, title):
    study = create_study(by=people.coordinator, title=title, cohorts=[cohort])
    study = update_protocol(by=people.coordinator, study=study, protocol="Call every node.")
    add_reader(by=people.coordinator, study=study, user=people.reader_one)
    return open_study(by=people.coordinator, study=study, seed=7)


@pytest.mark.parametrize(
    ("who", "rooms"),
    [
        (
            "coordinator",
            [
                "cohorts:home",
                "studies:home",
                "annotation:releases",
                "inference:home",
                "analysis:planning",
            ],
        ),
        ("annotator_one", ["annotation:home"]),
        ("adjudicator", ["annotation:adjudication"]),
        ("statistician", ["inference:home", "analysis:home", "analysis:planning"]),
        ("outsider", []),
    ],
)
def test_each_role_has_its_doors_once(people, who, rooms):
    assert [task.room for task in tasks_of(getattr(people, who))] == rooms


def test_a_coordinator_sees_what_is_under_way(people, cohort):
    store_case(cohort, "P001", nodes=2)
    store_case(cohort, "P002", nodes=2)
    assert waiting(people.coordinator)["studies:home"] == "No study yet"
    opened(people, cohort, "One")
    create_study(by=people.coordinator, title="Two", cohorts=[cohort])
    found = waiting(people.coordinator)
    assert found["cohorts:home"] == "1 cohort, 2 patients"
    assert found["studies:home"] == "1 open: 0 of 2 cases submitted; 1 draft"


def test_a_reader_sees_only_the_own_progress(people, cohort):
    store_case(cohort, "P001", nodes=2)
    opened(people, cohort, "One")
    assert waiting(people.reader_one) == {"reading:home": "1 case left to read"}
    assert waiting(people.reader_two) == {}


def test_one_door_is_opened_at_once(people, client):
    client.force_login(people.annotator_one)
    assert client.get("/").url == reverse("annotation:home")


def test_the_page_says_what_waits(people, client):
    client.force_login(people.coordinator)
    text = client.get("/").content.decode()
    assert "1 cohort, 0 patients" in text
    assert text.count("Reference standards</h2>") == 1


def test_more_cohorts_and_studies_cost_no_more_queries(
    people, cohort, client, django_assert_max_num_queries
):
    store_case(cohort, "P001", nodes=2)
    opened(people, cohort, "One")
    client.force_login(people.coordinator)
    with django_assert_max_num_queries(50) as before:
        client.get("/")
    for number in range(4):
        more = Cohort.objects.create(name=f"More {number}")
        join(more, people.coordinator, CohortRole.COORDINATOR)
        store_case(more, "P001", nodes=2)
        opened(people, more, f"More {number}")
    with django_assert_max_num_queries(len(before.captured_queries)):
        client.get("/")
