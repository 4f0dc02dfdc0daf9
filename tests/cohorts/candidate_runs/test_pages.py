"""The page of candidates: a provider is asked, and each candidate decided by its buttons."""

import io
import re
import uuid
from html import unescape

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from cohorts.candidates.picture import ENLARGED, OUTLINE_RGB
from cohorts.models import CandidateDecision, CandidateRun, NodeMask
from tests.cases import store_case
from tests.cohorts.candidate_runs.conftest import NAME
from tests.cohorts.masks.conftest import current


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def client(people):
    return signed_in(people.annotator_one)


def page_of(client, patient, name="candidates"):
    return client.get(reverse(f"cohorts:{name}", args=[patient.public_id])).text


def decide(client, candidate, decision, **said):
    url = reverse("cohorts:decide-candidate", args=[candidate.public_id])
    told = {"client_id": str(uuid.uuid4()), "decision": decision} | said
    return client.post(url, told, follow=True)


def said_by(answer):
    return [str(message) for message in answer.context["messages"]]


def test_a_provider_is_asked_and_the_page_looks_again_until_it_is_done(client, patient, masks):
    url = reverse("cohorts:candidates", args=[patient.public_id])
    answer = client.post(url, {"provider": NAME}, follow=True)
    assert said_by(answer) == ["The provider is asked."]
    assert f'hx-get="{url}list/"' in answer.text
    assert "Waiting for the worker" in page_of(client, patient, "candidate-list")
    again = client.post(url, {"provider": NAME}, follow=True)
    assert "looking at this patient already" in said_by(again)[0]
    run = CandidateRun.objects.get()
    stop = reverse("cohorts:stop-candidates", args=[run.public_id])
    assert said_by(client.post(stop, follow=True)) == ["The run stops at its next step."]


def test_the_list_tells_slice_size_score_provider_and_overlap(client, patient, candidates):
    page = re.sub(r"\s+", " ", page_of(client, patient))
    for words in ("3 to 4", "Level IIa left", "0.90", f"{NAME} 1, ", "Node 1, Dice 0.73"):
        assert words in page
    assert page.count("data-candidate") == 3
    # As the viewer counts them: of twelve, from the most cranial one.
    assert page.index("3 to 4") < page.index("5 to 8") < page.index("8 to 9")
    ids = re.findall(r'name="client_id" value="([^"]+)"', page)
    assert len(ids) == 2 * 3, "a form that accepts, one that rejects"
    assert len(set(ids)) == len(ids)


def test_each_candidate_is_shown_on_the_ct(client, patient, candidates):
    page = page_of(client, patient)
    for candidate in candidates:
        url = reverse("cohorts:candidate-picture", args=[candidate.public_id])
        assert url in page
        answer = client.get(url)
        pixels = np.asarray(Image.open(io.BytesIO(answer.content)))
        outline = np.argwhere((pixels == OUTLINE_RGB).all(axis=2)) // ENLARGED
        (_, _), (y0, y1), (x0, x1) = candidate.bounding_box
        assert outline.min(axis=0).tolist() == [y0, x0]
        assert outline.max(axis=0).tolist() == [y1 - 1, x1 - 1]


def test_buttons_accept_replace_and_reject(client, patient, candidates):
    free, on_node, station = candidates
    node = patient.nodes.get(number=1)
    decide(client, free, "accept")
    decide(client, on_node, f"replace {node.public_id} 1")
    decide(client, station, "reject", reason="Another side.")
    told = {one.candidate: one.verdict for one in CandidateDecision.objects.all()}
    assert told == {free: "accepted", on_node: "accepted", station: "rejected"}
    assert current(node).version == 2
    assert current(patient.nodes.get(number=3)).origin == "candidate"
    page = page_of(client, patient)
    assert "Rejected by annotator_one: Another side." in page
    assert "data-candidate" not in page


def test_every_button_of_the_page_is_understood(client, patient, candidates):
    page = page_of(client, patient)
    offered = re.findall(r'name="decision" value="([^"]+)"', page)
    assert len(offered) == 6
    (replace,) = (word for word in offered if word.startswith("replace"))
    answer = decide(client, candidates[1], replace)
    assert said_by(answer) == [f"Candidate {candidates[1].number} is decided."]


def test_each_candidate_leads_to_its_slice_of_the_ct(client, people, patient, candidates):
    led = re.findall(r'href="([^"]+)" title="Look at it on the CT"', page_of(client, patient))
    url = reverse("cohorts:masks", args=[patient.public_id])
    assert sorted(led) == sorted(f"{url}?candidate={one.public_id}" for one in candidates)
    assert "Look at it on the CT" not in page_of(signed_in(people.coordinator), patient)


def test_a_node_is_edited_on_the_drawing_page_and_a_level_is_not(client, patient, candidates):
    page = page_of(client, patient)
    offered = re.findall(r'href="([^"]+)"[^>]*>Edit in the drawing page', page)
    keys = [re.search(r"candidate=([0-9a-f-]+)", url).group(1) for url in offered]
    assert keys == [str(one.public_id) for one in candidates[:2]]
    drawing = re.sub(r"\s+", " ", client.get(unescape(offered[0])).text)
    address = reverse("cohorts-api:candidate", args=[keys[0]])
    assert f'data-part="candidate" data-url="{address}" data-edit>' in drawing
    assert f"Proposed by {NAME} 1, score 0.90" in drawing
    looked_at = client.get(unescape(offered[0]).removesuffix("&edit=1")).text
    assert address in looked_at
    assert "data-edit" not in looked_at
    assert 'data-part="candidate"' not in page_of(client, patient, "masks")


@pytest.mark.parametrize("wrong", ["x", "00000000-0000-0000-0000-000000000000", "other"])
def test_no_other_patients_candidate_is_drawn_on(client, cohort, candidates, wrong):
    other = store_case(cohort, "P002", nodes=1, seed=1)
    asked = candidates[0].public_id if wrong == "other" else wrong
    url = reverse("cohorts:masks", args=[other.public_id])
    assert client.get(url, {"candidate": asked}).status_code == 404


def test_a_refusal_is_said_and_nothing_is_changed(client, patient, candidates):
    before = NodeMask.objects.count()
    assert "other nodes are protected" in said_by(decide(client, candidates[1], "accept"))[0]
    for wrong in ("", "maybe", "replace", "replace x 1", "replace 1 2 3"):
        assert said_by(decide(client, candidates[0], wrong))
    assert said_by(decide(client, candidates[0], "accept", client_id="x"))
    assert NodeMask.objects.count() == before
    assert not CandidateDecision.objects.exists()


def test_a_second_decision_is_told_what_the_first_was(client, people, candidates):
    decide(signed_in(people.annotator_two), candidates[0], "reject")
    assert "rejected already" in said_by(decide(client, candidates[0], "accept"))[0]


def test_coordinators_look_and_do_not_decide(people, patient, candidates):
    client = signed_in(people.coordinator)
    page = page_of(client, patient)
    assert "Level IIa left" in page
    assert 'name="decision"' not in page
    assert decide(client, candidates[0], "accept").status_code == 404


@pytest.mark.parametrize("who", ["reader_one", "statistician", "outsider"])
def test_for_others_there_is_no_page(people, patient, candidates, who):
    client = signed_in(getattr(people, who))
    urls = [
        reverse(f"cohorts:{name}", args=[patient.public_id])
        for name in ("candidates", "candidate-list")
    ]
    urls.append(reverse("cohorts:candidate-picture", args=[candidates[0].public_id]))
    assert [client.get(url).status_code for url in urls] == [404] * 3
    assert decide(client, candidates[0], "accept").status_code == 404
