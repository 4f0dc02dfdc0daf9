"""Pages and API of training: start, live state with curves, stop, resume, record."""

import json

import pytest
from django.urls import reverse

from cohorts import storage
from inference import selectors
from inference.models import TrainingMember, TrainingPoint, TrainingRun
from inference.services import start_training
from inference.training_curves import Curve, CurveValue, curves_figure, mean_by_epoch
from jobs.models import JobState
from tests.inference.training_cases import TINY, freeze, store_development


@pytest.fixture
def dataset(people, cohort):
    return freeze(people, store_development(cohort))


@pytest.fixture
def run(people, dataset):
    return start_training(
        by=people.coordinator, dataset=dataset, name="Mine", architecture="DeepENE", settings=TINY
    )


def page_of(client, name, run):
    return client.get(reverse(f"inference:{name}", args=[run.public_id]))


def add_points(run):
    for fold, aucs in ((0, (0.5, 0.75)), (1, (0.25, None))):
        member = TrainingMember.objects.get(training_run=run, fold=fold)
        for epoch, auc in enumerate(aucs, start=1):
            TrainingPoint.objects.create(
                member=member,
                epoch=epoch,
                training_loss=4.0 / epoch,
                validation_loss=5.0 / epoch,
                metastasis_auc=auc,
                ene_auc=auc,
            )
        TrainingMember.objects.filter(pk=member.pk).update(epoch=2, is_done=fold == 0)


def test_a_coordinator_starts_a_training_with_some_settings_changed(client, people, dataset):
    client.force_login(people.coordinator)
    url = reverse("inference:start-training")
    form = client.get(url).content.decode()
    assert "24 nodes of 8 patients" in form
    assert "Default: DeepENE 300" in form
    body = {
        "name": "Mine",
        "dataset": str(dataset.public_id),
        "architecture": "DeepENE",
        "epochs": "7",
        "folds": "2",
        "inner_folds": "2",
        "augmentation": "false",
    }
    answer = client.post(url, body)
    made = TrainingRun.objects.get()
    assert answer["Location"] == reverse("inference:training", args=[made.public_id])
    assert (made.settings["epochs"], made.settings["augmentation"]) == (7, False)
    assert made.settings["batch_size"] == 16  # left empty
    assert "Mine" in client.get(reverse("inference:trainings")).content.decode()


def test_a_refused_setting_is_said_on_the_form(client, people, dataset):
    client.force_login(people.coordinator)
    body = {"name": "A", "dataset": str(dataset.public_id), "architecture": "DeepENE"}
    answer = client.post(reverse("inference:start-training"), body | {"folds": "9"})
    assert answer.status_code == 422
    assert "folds must be 2 to 5, not 9" in answer.content.decode()
    assert not TrainingRun.objects.exists()


def test_without_frozen_data_the_pages_say_who_freezes(client, people):
    client.force_login(people.coordinator)
    for name in ("trainings", "start-training"):
        page = client.get(reverse(f"inference:{name}")).content.decode()
        assert "A statistician of a development cohort freezes" in page


def test_the_page_shows_members_and_curves_and_polls_until_it_is_over(client, people, run):
    client.force_login(people.statistician)
    assert (
        "The curves appear after the first evaluation"
        in page_of(client, "training", run).content.decode()
    )
    add_points(run)
    answer = page_of(client, "training-progress", run)
    page = answer.content.decode()
    assert "HX-Refresh" not in answer
    assert 'hx-trigger="every 2s"' in page
    assert page.count("<svg") == 2
    assert "Metastasis 0.750" in page  # the only member with an AUC at the last epoch
    assert '<span class="done">Done</span>' in page
    TrainingRun.objects.filter(pk=run.pk).update(state=JobState.FAILED, error="P1 node 2: why.")
    answer = page_of(client, "training-progress", run)
    assert answer["HX-Refresh"] == "true"
    assert "hx-trigger" not in answer.content.decode()
    page = page_of(client, "training", run).content.decode()
    assert "P1 node 2: why." in page
    assert "Resume" in page


def test_stop_and_resume_from_the_page(client, people, run):
    client.force_login(people.coordinator)
    url = reverse("inference:stop-training", args=[run.public_id])
    page = client.post(url, follow=True).content.decode()
    assert "Being stopped" in page
    TrainingRun.objects.filter(pk=run.pk).update(state=JobState.CANCELLED)
    assert "nothing is left to stop" in client.post(url, follow=True).content.decode()
    url = reverse("inference:resume-training", args=[run.public_id])
    client.post(url)
    run.refresh_from_db()
    assert (run.state, run.cancel_requested) == (JobState.REQUESTED, False)


def test_the_record_is_downloaded_byte_for_byte(client, people, run):
    client.force_login(people.coordinator)
    assert page_of(client, "training-record", run).status_code == 404
    record = b'{"thresholds":{"ene":0.5}}'
    TrainingRun.objects.filter(pk=run.pk).update(record_key=storage.put(record))
    answer = page_of(client, "training-record", run)
    assert answer.content == record
    assert "attachment" in answer["Content-Disposition"]


@pytest.mark.parametrize("who", ["annotator_one", "adjudicator", "reader_one", "outsider"])
def test_who_judges_or_reads_finds_nothing(client, people, run, who):
    client.force_login(getattr(people, who))
    urls = [reverse("inference:trainings"), reverse("inference:start-training")]
    urls += [
        reverse(f"{room}:{name}", args=[run.public_id])
        for room, name in (
            ("inference", "training"),
            ("inference", "training-progress"),
            ("inference", "training-record"),
            ("inference_api", "training"),
        )
    ]
    assert {client.get(url).status_code for url in urls} == {404}


def test_programs_start_watch_stop_and_resume(client, people, dataset):
    client.force_login(people.coordinator)
    [data] = client.get(reverse("inference_api:training-data")).json()
    assert (data["nodes"], data["digest"]) == (24, dataset.table_key)
    body = {"dataset": data["id"], "name": "A", "architecture": "DeepENE", "settings": TINY}
    answer = client.post(reverse("inference_api:trainings"), json.dumps(body), "application/json")
    assert answer.status_code == 201
    made = answer.json()
    assert (made["state"], made["model_version"]) == ("requested", None)
    add_points(TrainingRun.objects.get())
    url = reverse("inference_api:training", args=[made["id"]])
    state = client.get(url).json()
    assert [(m["fold"], m["is_done"]) for m in state["members"]] == [(0, True), (1, False)]
    assert [p["metastasis_auc"] for p in state["curves"]] == [0.5, 0.75, 0.25, None]
    stopped = client.post(reverse("inference_api:stop-training", args=[made["id"]])).json()
    assert stopped["cancel_requested"] is True
    answer = client.post(reverse("inference_api:resume-training", args=[made["id"]]))
    assert answer.status_code == 409
    body["settings"] = {"colour": 1}
    answer = client.post(
        reverse("inference_api:trainings"), json.dumps(body | {"name": "B"}), "application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "settings")


def test_curves_are_drawn_inside_their_axes():
    values = [CurveValue((0, 0), 1, 2.0), CurveValue((0, 0), 2, 1.0), CurveValue((0, 1), 2, 3.0)]
    drawn = curves_figure("A < B", [Curve("Loss", "curve-a", values)], epochs=4, limits=None)
    assert "A &lt; B" in drawn
    assert mean_by_epoch(values) == [(1, 2.0), (2, 2.0)]
    assert drawn.count('class="curve-a mean"') == 1
    assert "style=" not in drawn
    assert curves_figure("None", [Curve("Loss", "a", [])], epochs=4, limits=None) == ""


def test_points_come_with_their_member(run):
    add_points(run)
    found = [(p.run, p.fold, p.epoch) for p in selectors.curve_points(run)]
    assert found == [(0, 0, 1), (0, 0, 2), (0, 1, 1), (0, 1, 2)]
