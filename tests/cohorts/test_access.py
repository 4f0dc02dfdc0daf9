"""Who gets what: a table of (person, address, answer) over two cohorts."""

import uuid

import pytest

from cohorts.models import Cohort, IntakeUpload
from cohorts.serving import frames_signature
from cohorts.vocabulary import CohortRole
from tests.cases import store_case
from tests.people import join, person

PAGES = {
    "/cohorts/": "get",
    "/cohorts/{cohort}/": "get",
    "/cohorts/{cohort}/uploads/": "get",
    "/cohorts/uploads/{upload}/": "get",
    "/cohorts/uploads/{upload}/progress/": "get",
    "/cohorts/patients/{patient}/": "get",
    "/cohorts/{cohort}/members/add/": "post",
    "/cohorts/{cohort}/members/remove/": "post",
    "/cohorts/{cohort}/uploads/start/": "post",
    "/cohorts/uploads/{upload}/cancel/": "post",
    "/cohorts/patients/{patient}/exclude/": "post",
    "/cohorts/patients/{patient}/include/": "post",
}
COORDINATORS_API = [
    "/api/v1/cohorts/{cohort}/",
    "/api/v1/cohorts/{cohort}/uploads/",
    "/api/v1/cohorts/uploads/{upload}/",
]
PIXELS_API = [
    "/api/v1/cohorts/patients/{patient}/case/",
    "/api/v1/cohorts/patients/{patient}/{signature}/frames/0/",
]
NO_COORDINATOR = [
    "annotator_one",
    "adjudicator",
    "statistician",
    "reader_one",
    "outsider",
    "neighbour",
]
SEE_PIXELS = ["coordinator", "annotator_one", "adjudicator"]
SEE_NO_PIXELS = ["statistician", "reader_one", "outsider", "neighbour"]


@pytest.fixture
def here(people, cohort):
    """Addresses of the first cohort; 'neighbour' coordinates, annotates and decides in another."""
    other = Cohort.objects.create(name="Other")
    neighbour = person("neighbour", may_create_cohorts=True)
    join(other, neighbour, CohortRole.COORDINATOR)
    join(other, neighbour, CohortRole.ADJUDICATOR)
    patient = store_case(cohort, "P001")
    upload = IntakeUpload.objects.create(cohort=cohort, shown_name="first.zip")
    ids = {
        "cohort": cohort.public_id,
        "upload": upload.public_id,
        "patient": patient.public_id,
    }

    def user(name):
        found = neighbour if name == "neighbour" else getattr(people, name)
        # Addresses of frames are signed for one person.
        ids["signature"] = frames_signature(found.pk, patient.public_id, patient.series)
        return found

    user("coordinator")
    return ids, user


@pytest.mark.parametrize(("address", "method"), PAGES.items())
def test_pages_lead_the_signed_out_to_the_login(client, here, address, method):
    answer = getattr(client, method)(address.format(**here[0]))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")


@pytest.mark.parametrize("who", NO_COORDINATOR)
@pytest.mark.parametrize(("address", "method"), PAGES.items())
def test_pages_are_not_there_for_others(client, here, who, address, method):
    ids, user = here
    client.force_login(user(who))
    answer = getattr(client, method)(address.format(**ids))
    # A neighbour has a list of their own cohorts.
    own_list = address == "/cohorts/" and who == "neighbour"
    assert answer.status_code == (200 if own_list else 404)


@pytest.mark.parametrize(("address", "method"), PAGES.items())
def test_pages_open_for_the_coordinator(client, here, address, method):
    ids, user = here
    client.force_login(user("coordinator"))
    answer = getattr(client, method)(address.format(**ids))
    # An empty form is answered with what is missing.
    expected = 200 if method == "get" else 302 if "cancel" in address else 422
    assert answer.status_code == expected


@pytest.mark.parametrize("address", COORDINATORS_API + PIXELS_API + ["/api/v1/cohorts/"])
def test_the_api_answers_401_and_never_redirects(client, here, address):
    answer = client.get(address.format(**here[0]))
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("who", NO_COORDINATOR)
@pytest.mark.parametrize("address", COORDINATORS_API)
def test_the_coordinators_api_is_not_there_for_others(client, here, who, address):
    ids, user = here
    client.force_login(user(who))
    assert client.get(address.format(**ids)).status_code == 404
    assert client.post("/api/v1/cohorts/{cohort}/uploads/".format(**ids)).status_code == 404


@pytest.mark.parametrize("address", COORDINATORS_API)
def test_the_coordinators_api_opens_for_the_coordinator(client, here, address):
    ids, user = here
    client.force_login(user("coordinator"))
    assert client.get(address.format(**ids)).status_code == 200


@pytest.mark.parametrize("who", SEE_PIXELS)
@pytest.mark.parametrize("address", PIXELS_API)
def test_pixels_open_for_those_who_work_on_the_truth(client, here, who, address):
    ids, user = here
    client.force_login(user(who))
    assert client.get(address.format(**ids)).status_code == 200


@pytest.mark.parametrize("who", SEE_NO_PIXELS)
@pytest.mark.parametrize("address", PIXELS_API)
def test_pixels_are_not_there_for_others(client, here, who, address):
    ids, user = here
    client.force_login(user(who))
    answer = client.get(address.format(**ids))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_list_holds_own_cohorts_only(client, here):
    _, user = here
    client.force_login(user("neighbour"))
    assert [one["name"] for one in client.get("/api/v1/cohorts/").json()] == ["Other"]
    page = client.get("/cohorts/").text
    assert "External test 1" not in page
    client.force_login(user("annotator_one"))
    assert client.get("/api/v1/cohorts/").json() == []


@pytest.mark.parametrize("address", [*PAGES, *COORDINATORS_API, *PIXELS_API])
def test_what_does_not_exist_is_not_found(client, here, address):
    if address == "/cohorts/":
        return
    client.force_login(here[1]("coordinator"))
    unknown = dict.fromkeys(here[0], uuid.uuid4())
    method = PAGES.get(address, "get")
    assert getattr(client, method)(address.format(**unknown)).status_code == 404
