"""Pages, downloads and API of the analysis floor: who enters, and what they get."""

from django.urls import reverse

from readerstudy.analysis import pipeline, services


def test_an_interim_report_says_so(client, people, study, model):
    dataset = services.freeze_dataset(by=people.statistician, study=study, interim=True)
    requested = services.request_analysis(by=people.statistician, dataset=dataset)
    pipeline.run_analysis(requested.pk)
    client.force_login(people.statistician)
    page = client.get(reverse("analysis:run", args=[requested.public_id])).content.decode()
    assert "<strong>Interim" in page


def test_freezing_on_the_page_leads_to_the_run(client, people, closed, model):
    client.force_login(people.statistician)
    url = reverse("analysis:freeze", args=[closed.public_id])
    answer = client.post(url, {"model": str(model.public_id)}, follow=True)
    assert answer.status_code == 200
    assert b"Computing" in answer.content


def test_a_refusal_is_shown_on_the_study_page(client, people, study):
    client.force_login(people.statistician)
    url = reverse("analysis:freeze", args=[study.public_id])
    answer = client.post(url, {"model": ""}, follow=True)
    assert b"The study is still open" in answer.content


def test_the_api_freezes_runs_and_returns_results(client, people, closed, model):
    client.force_login(people.statistician)
    url = reverse("analysis_api:datasets", args=[closed.public_id])
    body = {"model": str(model.public_id)}
    made = client.post(url, body, content_type="application/json")
    assert made.status_code == 201
    run = client.post(reverse("analysis_api:runs", args=[made.json()["dataset"]]))
    assert run.status_code == 201
    assert client.get(reverse("analysis_api:results", args=[run.json()["run"]])).status_code == 404


def test_the_api_refuses_an_open_study_with_the_one_error_shape(client, people, study):
    client.force_login(people.statistician)
    url = reverse("analysis_api:datasets", args=[study.public_id])
    answer = client.post(url, {}, content_type="application/json")
    assert answer.status_code == 422
    assert answer.json().keys() == {"code", "message"}


def test_the_study_page_needs_the_same_queries_for_more_datasets(
    client, people, closed, model, django_assert_max_num_queries
):
    client.force_login(people.statistician)
    for _ in range(5):
        services.freeze_dataset(by=people.statistician, study=closed, model=model)
    with django_assert_max_num_queries(16):
        client.get(reverse("analysis:study", args=[closed.public_id]))
