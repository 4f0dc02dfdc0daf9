"""Pages of readers: my studies, a study, the end, the way in by invitation."""

import pytest
from django.core.exceptions import NON_FIELD_ERRORS
from django.urls import reverse

from accounts.models import User
from readerstudy.reading.services import (
    add_reader,
    close_study,
    create_study,
    invite_reader,
    open_study,
    revoke_invitation,
    update_protocol,
)
from tests.people import PASSWORD
from tests.readerstudy.reading.conftest import case_at, read_case


def page(name, *args):
    return reverse(f"reading:{name}", args=args)


@pytest.fixture
def mine(client, people):
    client.force_login(people.reader_one)
    return client


# my studies


def test_my_studies_lead_to_the_next_case(mine, reader, case):
    text = mine.get(page("home")).content.decode()
    assert "0 of 3 cases submitted" in text
    assert "Call every node." in text
    assert page("case", case.public_id) in text
    assert "Start reading" in text


def test_my_studies_go_on_where_i_stopped(mine, people, reader, case):
    read_case(people.reader_one, case)
    text = mine.get(page("home")).content.decode()
    assert "Continue" in text
    assert page("case", case_at(reader, 2).public_id) in text


def test_a_draft_waits_and_a_closed_study_thanks(mine, people, draft):
    assert "Not open yet" in mine.get(page("home")).content.decode()
    study = open_study(by=people.coordinator, study=draft)
    close_study(by=people.coordinator, study=study, confirm_incomplete=True, reason="Over.")
    text = mine.get(page("home")).content.decode()
    assert "You submitted 0 of 3 cases" in text
    assert "Start reading" not in text


def test_somebody_without_a_study_is_told_what_to_do(client, people):
    client.force_login(people.outsider)
    assert "invitation link" in client.get(page("home")).content.decode()


def test_my_studies_cost_the_same_whatever_their_number(
    mine, people, cohort, study, django_assert_max_num_queries
):
    for number in range(4):
        more = create_study(by=people.coordinator, title=f"More {number}", cohorts=[cohort])
        more = update_protocol(by=people.coordinator, study=more, protocol="Read.")
        add_reader(by=people.coordinator, study=more, user=people.reader_one)
        open_study(by=people.coordinator, study=more)
    with django_assert_max_num_queries(6):
        assert mine.get(page("home")).content.decode().count("Start reading") == 5


# a study


def test_a_study_lists_its_cases_with_links_as_far_as_reached(mine, people, reader, case):
    read_case(people.reader_one, case)
    answer = mine.get(page("study", reader.public_id))
    assert [row.label for row in answer.context["cases"]] == ["Submitted", "Next", "Waiting"]
    text = answer.content.decode()
    assert page("case", case.public_id) in text
    assert page("case", case_at(reader, 2).public_id) in text
    assert str(case_at(reader, 3).public_id) not in text


def test_a_study_costs_the_same_whatever_its_cases(mine, reader, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        mine.get(page("study", reader.public_id))


def test_the_end_is_reached_after_the_last_case(mine, people, reader):
    assert "Not quite done" in mine.get(page("done", reader.public_id)).content.decode()
    for position in (1, 2, 3):
        read_case(people.reader_one, case_at(reader, position))
    assert "All done" in mine.get(page("done", reader.public_id)).content.decode()
    assert "All cases submitted" in mine.get(page("home")).content.decode()


def test_the_case_page_knows_where_to_ask(mine, reader, case):
    text = mine.get(page("case", case.public_id)).content.decode()
    assert f'data-case-url="/api/v1/reading/cases/{case.public_id}/"' in text
    assert f'data-study-url="/reading/studies/{reader.public_id}/"' in text


# access


@pytest.mark.parametrize("name", ["reader_two", "coordinator", "annotator_one", "outsider"])
def test_what_is_not_yours_does_not_exist(client, people, reader, case, name):
    client.force_login(getattr(people, name))
    for url in (
        page("study", reader.public_id),
        page("done", reader.public_id),
        page("case", case.public_id),
    ):
        assert (url, client.get(url).status_code) == (url, 404)


def test_a_case_ahead_has_no_page(mine, reader):
    assert mine.get(page("case", case_at(reader, 2).public_id)).status_code == 404


def test_everybody_signs_in_first(client, reader, case):
    for url in (page("home"), page("study", reader.public_id), page("case", case.public_id)):
        answer = client.get(url)
        assert (answer.status_code, answer.url) == (302, f"/account/login/?next={url}")


# invitation


@pytest.fixture
def token(draft, people):
    return invite_reader(by=people.coordinator, study=draft, email="new@example.org")[1]


def account(**changes):
    values = {"username": "newcomer", "password": PASSWORD, "password_again": PASSWORD}
    return values | changes


def test_a_newcomer_makes_an_account_and_is_in(client, draft, token):
    text = client.get(page("invitation", token)).content.decode()
    assert "Neck nodes" in text
    assert "new@example.org" in text
    answer = client.post(page("create-invited-account", token), account())
    reader = draft.readers.get(user__username="newcomer")
    assert answer.url == page("study", reader.public_id)
    assert client.get(answer.url).status_code == 200


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"password_again": "another-password"}, "password_again", "differ"),
        ({"username": "reader_one"}, NON_FIELD_ERRORS, "taken"),
        ({"password": "short", "password_again": "short"}, NON_FIELD_ERRORS, "too short"),
        ({"username": ""}, "username", "required"),
    ],
)
def test_a_bad_account_is_refused_where_it_was_typed(client, token, changes, field, said):
    answer = client.post(page("create-invited-account", token), account(**changes))
    assert answer.status_code == 200
    assert said in str(answer.context["form"].errors[field])
    assert said in answer.content.decode()
    assert not User.objects.filter(username="newcomer").exists()


def test_who_is_signed_in_joins_with_one_click(client, people, draft, token):
    client.force_login(people.outsider)
    assert "signed in as <strong>outsider" in client.get(page("invitation", token)).content.decode()
    answer = client.post(page("accept-invitation", token))
    assert answer.url == page("study", draft.readers.get(user=people.outsider).public_id)


def test_who_holds_a_role_is_told_why_not(client, people, token):
    client.force_login(people.annotator_one)
    answer = client.post(page("accept-invitation", token), follow=True)
    assert "would not read it blinded" in answer.content.decode()


def test_a_withdrawn_link_says_so(client, people, draft, token):
    revoke_invitation(by=people.coordinator, invitation=draft.invitations.get())
    text = client.get(page("invitation", token)).content.decode()
    assert "withdrawn or has expired" in text
    assert "<form" not in text


def test_a_made_up_link_leads_nowhere(client, db):
    assert client.get(page("invitation", "x" * 43)).status_code == 404


def test_an_invitation_is_not_kept_by_caches(client, token):
    assert "no-store" in client.get(page("invitation", token))["Cache-Control"]
