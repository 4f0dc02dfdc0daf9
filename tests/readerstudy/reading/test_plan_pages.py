"""The plan's page and API: words, form, refusals beside their field, and nothing for readers."""

import html

import pytest
from django.urls import reverse

from readerstudy.reading.models import PlanAmendment, Study
from readerstudy.reading.plan import default_plan, plan_from
from readerstudy.reading.plan_forms import initial_of
from readerstudy.reading.protocol import digest
from readerstudy.reading.selectors import plan_of
from readerstudy.reading.services import amend_plan
from tests.readerstudy.reading.test_plan import OLD

STRICT = default_plan() | {"alpha": 0.01}


@pytest.fixture
def mine(client, people):
    client.force_login(people.coordinator)
    return client


def page(study):
    return reverse("studies:plan", args=[study.public_id])


def api(study):
    return reverse("reading_api:plan", args=[study.public_id])


def typed(document=None, **changes):
    """The form as a browser sends it."""
    values = initial_of(plan_from(document or default_plan()))
    values = {name: value for name, value in values.items() if value is not None}
    values |= {n: ", ".join(map(str, v)) for n, v in values.items() if isinstance(v, tuple)}
    return values | {"based_on": digest(default_plan())} | changes


def text_of(answer):
    return html.unescape(answer.content.decode())


def test_the_page_says_the_plan_in_words(mine, draft):
    text = text_of(mine.get(page(draft)))
    assert "the model against the mean of the readers" in text
    assert "short-axis diameter (below 10 mm, 10 mm and above)" in text
    assert "Save the plan" in text
    assert "records no confidence" in text
    assert 'name="reason"' not in text


def test_the_study_page_leads_to_it(mine, draft, study):
    text = text_of(mine.get(reverse("studies:study", args=[study.public_id])))
    assert page(study) in text
    assert "the model against the mean of the readers" in text


def test_the_form_starts_with_the_plan_and_sending_it_back_changes_nothing(mine, draft):
    form = mine.get(page(draft)).context["form"]
    sent = {}
    for name in form.fields:
        value = form[name].value()
        field = form.fields[name]
        shown = field.prepare_value(value)
        if shown is not None:
            sent[name] = shown
    assert mine.post(page(draft), sent).status_code == 302
    draft.refresh_from_db()
    assert draft.plan == default_plan()


def test_a_draft_is_changed(mine, draft):
    body = typed(
        alpha="0.01",
        hypothesis="non_inferiority",
        margin="0.05",
        fpr_percent="10, 20",
        age_edges="50,60.5",
        sad_edges="",
        by_value=["sex", "level"],
        endpoints=["ene"],
    )
    assert mine.post(page(draft), body).url == page(draft)
    draft.refresh_from_db()
    assert draft.plan["primary"]["margin"] == 0.05
    assert draft.plan["thresholds"]["fpr_percent"] == [10, 20]
    assert draft.plan["subgroups"] == [
        {"variable": "age", "edges": [50.0, 60.5]},
        {"variable": "sex"},
        {"variable": "level"},
    ]
    assert (draft.plan["alpha"], draft.plan["endpoints"]) == (0.01, ["ene"])


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"endpoints": []}, "endpoints", "Endpoints: give it."),
        ({"endpoints": ["metastasis"]}, "primary_endpoint", "Endpoint: 'ene' is not among"),
        ({"views": ["ordinal"]}, "primary_view", "Reader view: 'binary' is not among"),
        ({"test": "random_readers", "comparison": "model_vs_each_reader"}, "test", "Test: random"),
        ({"hypothesis": "non_inferiority"}, "margin", "Non-inferiority margin: non-inf"),
        ({"margin": "0.1"}, "margin", "Non-inferiority margin: a difference has"),
        ({"margin": "much"}, "margin", "Non-inferiority margin: give a number"),
        ({"alpha": "2"}, "alpha", "Significance level: 2.0: give a number"),
        ({"alpha": ""}, "alpha", "Significance level: give it."),
        ({"fpr_percent": "5; 10"}, "fpr_percent", "False-positive rates: '5; 10' is not"),
        ({"fpr_percent": "2.5"}, "fpr_percent", "write whole numbers with commas"),
        ({"fpr_percent": "10, 5"}, "fpr_percent", "False-positive rates: give each number once"),
        ({"sad_edges": "10, 5"}, "sad_edges", "Short-axis diameter: give each number once"),
        ({"age_edges": "-1"}, "age_edges", "Age: -1.0: give numbers above 0"),
        ({"slice_thickness_edges": "thin"}, "slice_thickness_edges", "Slice thickness: 'thin'"),
        ({"clustering": "none"}, "clustering", "Clustering: the primary test counts by patient"),
        ({"bootstrap_replicates": "10"}, "bootstrap_replicates", "Bootstrap resamples: 10: give"),
        ({"multiplicity": "luck"}, "multiplicity", "Adjustment for several tests: 'luck' is not"),
        ({"views": ["binary", "x"]}, "views", "Reader views: 'x' is not one of the choices"),
    ],
)
def test_a_refusal_stands_at_its_field(mine, draft, changes, field, said):
    answer = mine.post(page(draft), typed(**changes))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert said in answer.context["form"].errors[field][0]
    assert said in text_of(answer)
    draft.refresh_from_db()
    assert draft.plan == default_plan()


def test_an_opened_study_is_amended_with_a_reason(mine, study):
    answer = mine.post(page(study), typed(alpha="0.01"))
    assert answer.status_code == 422
    assert "Reason for the amendment: give it" in text_of(answer)
    answer = mine.post(page(study), typed(alpha="0.01", reason="A <b>referee</b> asked."))
    assert answer.url == page(study)
    raw = mine.get(page(study)).content.decode()
    assert "A &lt;b&gt;referee&lt;/b&gt; asked." in raw
    text = html.unescape(raw)
    assert "In force since amendment 1" in text
    assert "0.05, two-sided" in text
    assert PlanAmendment.objects.get().digest in text
    assert plan_of(study) == STRICT


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": "Nothing."}, "This is the plan in force"),
        ({"reason": "Late.", "alpha": "0.02", "based_on": "0" * 64}, "Somebody else has changed"),
    ],
)
def test_a_refusal_of_the_whole_stands_above_the_form(mine, study, changes, said):
    answer = mine.post(page(study), typed(**changes))
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert not PlanAmendment.objects.exists()


def test_a_plan_locked_before_is_shown(mine, study):
    Study.objects.filter(pk=study.pk).update(plan=OLD)
    assert "the model against each reader" in text_of(mine.get(page(study)))
    assert mine.get(api(study)).json()["plan"]["schema_version"] == 2
    assert mine.get(reverse("studies:study", args=[study.public_id])).status_code == 200


def test_the_api_tells_and_changes_the_plan(client, people, draft):
    client.force_login(people.statistician)
    told = client.get(api(draft)).json()
    assert (told["plan"], told["state"], told["amendments"]) == (default_plan(), "draft", [])
    assert told["summary"][0]["heading"] == "Endpoints"
    body = {"plan": STRICT, "based_on": told["digest"]}
    answer = client.post(api(draft), body, "application/json")
    assert (answer.status_code, answer.json()["plan"]) == (200, STRICT)
    again = client.post(api(draft), body, "application/json")
    assert (again.status_code, again.json()["code"]) == (409, "stale_plan")
    assert again.json()["current"] == {"digest": digest(STRICT)}


def test_the_api_amends_and_refuses(client, people, study):
    client.force_login(people.statistician)
    seen = digest(default_plan())
    bad = {"plan": default_plan() | {"alpha": 7}, "based_on": seen, "reason": "Why not."}
    refused = client.post(api(study), bad, "application/json")
    assert (refused.status_code, list(refused.json()["fields"])) == (422, ["alpha"])
    silent = client.post(api(study), {"plan": STRICT, "based_on": seen}, "application/json")
    assert (silent.status_code, silent.json()["code"]) == (422, "reason_missing")
    body = {"plan": STRICT, "based_on": seen, "reason": "A referee asked."}
    told = client.post(api(study), body, "application/json").json()
    (amendment,) = told["amendments"]
    assert (amendment["number"], amendment["reason"]) == (1, "A referee asked.")
    assert amendment["changes"][0]["after"] == "0.01, two-sided"
    assert amendment["plan"] == STRICT == told["plan"]


@pytest.mark.parametrize("name", ["reader_one", "annotator_one", "adjudicator", "outsider"])
def test_there_is_no_plan_for_others(client, people, study, name):
    client.force_login(getattr(people, name))
    for url in (page(study), api(study)):
        assert client.get(url).status_code == 404
        assert client.post(url, {}).status_code == 404


def test_an_amendment_changes_nothing_that_a_reader_receives(client, people, reader, case):
    client.force_login(people.reader_one)
    urls = [
        reverse("reading:study", args=[reader.public_id]),
        reverse("reading_api:studies"),
        reverse("reading_api:case", args=[case.public_id]),
    ]
    client.get(urls[-1])  # the opening itself
    before = [bare(client.get(url)) for url in urls]
    amend_plan(by=people.coordinator, study=reader.study, plan=STRICT, reason="SECRET-WORD")
    assert [bare(client.get(url)) for url in urls] == before


def bare(answer):
    """The body without the tokens of the session's own."""
    import re

    return re.sub(rb'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+', rb"\1", answer.content)
