"""Agreement of the annotators: who sees it, when, and that it gives nobody away."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from annotation import selectors, services
from annotation.agreement_table import agreement_lines
from annotation.annotator_agreement import annotator_agreement
from annotation.labelling_times import Save, TimedLabelling, time_per_node
from cohorts.models import Node
from cohorts.vocabulary import CohortRole
from tests.annotation.conftest import label_all, save, speak
from tests.cases import store_case
from tests.discussion import keep_all
from tests.people import join

PAGES = ("annotation:agreement", "annotation:agreement-csv", "annotation:disagreements-csv")
ROUTES = (*PAGES, "annotation_api:agreement")
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def ask(client, person, route, cohort):
    client.force_login(person)
    return client.get(reverse(route, kwargs={"cohort": cohort.public_id}))


def answers(client, person, cohort):
    return [ask(client, person, route, cohort).status_code for route in ROUTES]


def test_it_opens_when_both_have_submitted_every_patient(client, people, cohort, patients):
    label_all(people.annotator_one, patients[0], [0, 1])
    label_all(people.annotator_one, patients[1], [2])
    label_all(people.annotator_two, patients[0], [0, 1])
    for person in (people.coordinator, people.adjudicator):
        assert answers(client, person, cohort) == [200, 404, 404, 404]
        page = ask(client, person, PAGES[0], cohort).content.decode()
        assert "once both annotators have submitted" in page
        assert "Cohen" not in page
    label_all(people.annotator_two, patients[1], [1])
    for person in (people.coordinator, people.adjudicator):
        assert answers(client, person, cohort) == [200] * 4


def test_annotators_and_everybody_else_get_nothing(client, people, cohort, disputed):
    others = (people.annotator_one, people.annotator_two, people.statistician)
    for person in (*others, people.reader_one, people.outsider):
        assert answers(client, person, cohort) == [404] * 4


def test_an_annotator_with_a_second_role_sees_nothing_before_submitting(
    client, people, cohort, disputed
):
    join(cohort, people.annotator_two, CohortRole.COORDINATOR)
    store_case(cohort, "P003", nodes=1)
    assert answers(client, people.annotator_two, cohort) == [200, 404, 404, 404]
    assert "Cohen" not in ask(client, people.annotator_two, PAGES[0], cohort).content.decode()


def test_the_page_leads_back_to_where_its_reader_works(client, people, cohort, disputed):
    back = {people.coordinator: "annotation:release", people.adjudicator: "annotation:adjudication"}
    for person, route in back.items():
        page = ask(client, person, PAGES[0], cohort).content.decode()
        arguments = [cohort.public_id] if route == "annotation:release" else []
        assert f'href="{reverse(route, args=arguments)}"' in page.split("<h1>")[0]


def test_measures_have_intervals_by_patient_and_by_node(client, people, cohort, disputed):
    body = ask(client, people.coordinator, "annotation_api:agreement", cohort).json()
    first = body["agreement"][0]
    assert (first["answers"], first["measure"]) == ("four_answers", "percent_agreement")
    assert (first["n_nodes"], first["n_patients"]) == (3, 2)
    assert first["estimate"] == pytest.approx(2 / 3)
    assert first["lower"] < first["lower_by_node"] < first["upper_by_node"] < first["upper"]
    # Nodes of P001 alone are determinable: one patient has no interval, and it is said.
    kappa = body["agreement"][2]
    assert kappa["measure"] == "cohen_kappa_unweighted"
    assert (kappa["n_nodes"], kappa["n_patients"], kappa["lower"]) == (2, 1, None)
    assert kappa["status"] == "too_few_patients"
    assert len(body["agreement"]) == 1 + 5 + 3 + 3


def test_few_patients_are_said_wherever_limits_are_told(client, people, cohort, disputed):
    body = ask(client, people.coordinator, "annotation_api:agreement", cohort).json()
    # Where there are no limits, there is nothing to be careful with.
    assert [bool(line["caution"]) for line in body["agreement"]] == [True] + [False] * 11
    said = body["agreement"][0]["caution"]
    assert said.startswith("Fewer than 20 patients: the interval by patient is too narrow.")
    assert ask(client, people.coordinator, PAGES[0], cohort).content.decode().count(said) == 1
    file = ask(client, people.coordinator, PAGES[1], cohort).content.decode()
    rows = list(csv.DictReader(io.StringIO(file)))
    assert [row["caution"] for row in rows if row["caution"]] == [said]


@pytest.mark.parametrize(("n_patients", "is_said"), [(19, True), (20, False)])
def test_twenty_patients_are_enough(n_patients, is_said):
    pairs = [(number % 3, number % 2) for number in range(n_patients)]
    lines = agreement_lines(annotator_agreement(pairs, range(n_patients)))
    assert {bool(line.caution) for line in lines} == {is_said}


def test_each_disagreement_says_how_it_was_settled(client, people, cohort, patients):
    second = store_case(cohort, "P003", nodes=1)
    for person, labels in ((people.annotator_one, (0, 0, 1)), (people.annotator_two, (1, 2, 2))):
        label_all(person, patients[0], labels[:2])
        label_all(person, patients[1], [1])
        label_all(person, second, labels[2:])
    one, two = Node.objects.filter(patient=patients[0]).order_by("number")
    speak(people.annotator_one, one, 1, reason="Seen now.")
    speak(people.annotator_two, one, base=1)
    speak(people.annotator_one, two)
    speak(people.annotator_two, two, base=1)
    services.adjudicate(by=people.adjudicator, node=two, label=2, reason="Fat plane lost.")
    states = [one.state for one in selectors.agreement_report(cohort).disagreements]
    told = [(s["pseudonym"], s["number"], s["outcome"], s["label"], s["reason"]) for s in states]
    assert told == [
        ("P001", 1, "agreed_in_discussion", 1, ""),
        ("P001", 2, "adjudicated", 2, "Fat plane lost."),
        ("P003", 1, "to_discuss", None, ""),
    ]
    page = ask(client, people.adjudicator, PAGES[0], cohort).content.decode()
    assert "Decided by the review board: Fat plane lost." in page
    file = ask(client, people.coordinator, PAGES[2], cohort).content.decode()
    rows = list(csv.DictReader(io.StringIO(file)))
    assert [row["final_label"] for row in rows] == ["1", "2", ""]
    assert {rows[1]["annotator_a_label"], rows[1]["annotator_b_label"]} == {"0", "2"}


def test_nobody_learns_who_said_what(client, people, cohort, disputed):
    (found,) = selectors.agreement_report(cohort).disagreements
    keep_all(cohort)
    # The same order as on the page where the node is decided, drawn for each node.
    shown = selectors.disagreement_for(people.adjudicator, disputed.public_id)
    assert (found.label_a, found.label_b) == (shown.label_a, shown.label_b)
    for route in ROUTES:
        text = ask(client, people.adjudicator, route, cohort).content.decode()
        assert "annotator_one" not in text
        assert "annotator_two" not in text


def test_times_come_from_labels_saved_on_the_page(people, cohort, patients):
    for person in (people.annotator_one, people.annotator_two):
        label_all(person, patients[1], [1])
    label_all(people.annotator_two, patients[0], [0, 1])
    labelling = services.start_labelling(by=people.annotator_one, patient=patients[0])
    for number in (1, 2):
        save(labelling, number, 0, shown=services.Shown(labelling.public_id, 0))
    services.submit_labelling(by=people.annotator_one, labelling=labelling)
    first, second = selectors.agreement_report(cohort).times
    assert (first.n, first.n_without) == (2, 1)
    assert first.median is not None
    assert (second.n, second.n_without, second.median) == (0, 3, None)


def at(seconds, node, is_on_page=True):
    return Save(START + timedelta(seconds=seconds), node, is_on_page)


def test_a_time_runs_from_the_save_before_and_pauses_are_left_out():
    saves = [at(20, 1), at(50, 2), at(60, 1), at(500, 3), at(540, 3), at(541, 4), at(542, 5, False)]
    found = time_per_node([TimedLabelling(START, saves), TimedLabelling(START, [at(900, 6)])])
    # Node 1: 20 + 10; 2: 30; 3: 40 after a pause of 440; 4: 1; 5 from a file; 6 after a pause.
    assert (found.n, found.n_without, found.n_pauses) == (4, 2, 2)
    assert found.median == 30
    assert (found.lower_quartile, found.upper_quartile) == (22.75, 32.5)


def test_five_minutes_are_no_pause_yet():
    assert time_per_node([TimedLabelling(START, [at(300, 1)])]).median == 300
    assert time_per_node([TimedLabelling(START, [at(300.001, 1)])]).n_pauses == 1


def test_unknown_labels_and_lengths_are_refused():
    with pytest.raises(ValueError, match="every label must be one of"):
        annotator_agreement([(0, 3)], ["A"])
    with pytest.raises(ValueError, match="patients must have length 1, not 2"):
        annotator_agreement([(0, 1)], ["A", "B"])
