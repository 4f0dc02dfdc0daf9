"""Registering through pages and API: the whole way, and what the forms refuse."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from inference.models import ModelUpload, ModelVersion
from inference.reference_parameters import REFERENCE_LABEL, starting_parameters
from tests.inference.conftest import PARAMETERS, record_version

PATH = "release/RUN0/fold0/last_epoch_ckpt.pth"
NUMBERS = PARAMETERS["fingerprint"]
API = "inference_api:model-upload"


@pytest.fixture
def coordinator(client, people):
    client.force_login(people.coordinator)
    return client


@pytest.fixture
def upload(coordinator):
    answer = coordinator.post(reverse("inference:register"), {"architecture": "DeepENE"})
    assert answer.status_code == 302
    return ModelUpload.objects.get()


def api(name, upload):
    return reverse(f"{API}{name}", args=[upload.public_id])


def post(client, name, upload, body):
    return client.post(api(name, upload), body, content_type="application/json")


def send(client, upload, file, path=PATH):
    body = {"path": path, "file": SimpleUploadedFile("x.pth", file.path.read_bytes())}
    return client.post(api("-files", upload), body)


def test_from_a_chosen_folder_to_the_models_page(coordinator, upload, member_files):
    sorted_paths = post(coordinator, "-paths", upload, {"paths": [PATH, "release/a.txt"]}).json()
    assert [one["path"] for one in sorted_paths["members"]] == [PATH]
    assert sorted_paths["ignored"] == ["release/a.txt"]
    sent = send(coordinator, upload, member_files[0])
    assert (sent.status_code, sent.json()["problem"]) == (201, "")
    told = coordinator.get(api("", upload)).json()
    assert (told["members"], told["expected_members"], len(told["places"])) == (1, 25, 25)
    grid = coordinator.get(reverse("inference:model-upload-inventory", args=[upload.public_id]))
    assert "1 of 25 members" in grid.text
    assert sent.json()["sha256"] in grid.text
    page = reverse("inference:model-upload", args=[upload.public_id])
    described = {"name": "Mine", "provenance": "untrained", "ene": "0.4", **NUMBERS}
    answer = coordinator.post(page, described)
    version = ModelVersion.objects.get()
    assert answer["Location"] == reverse("inference:model", args=[version.public_id])
    assert version.parameters == PARAMETERS
    assert version.thresholds == {"ene": 0.4}
    shown = coordinator.get(answer["Location"]).text
    for word in ("1 of 25 members", "Untrained", "ene ≥ 0.4", REFERENCE_LABEL, version.digest):
        assert word in shown
    assert "cannot be the primary model" in shown
    # The upload's page leads to the model from now on.
    assert coordinator.get(page)["Location"] == answer["Location"]


def test_own_numbers_are_kept_and_not_called_reference(coordinator, upload, member_files):
    send(coordinator, upload, member_files[0])
    others = '{"dilation_radius_mm": 4.0}'
    body = {"name": "Own", "provenance": "untrained", "others": others, **NUMBERS, "mean_hu": 80}
    coordinator.post(reverse("inference:model-upload", args=[upload.public_id]), body)
    version = ModelVersion.objects.get()
    assert version.parameters["fingerprint"]["mean_hu"] == 80
    assert version.parameters["dilation_radius_mm"] == 4
    page = coordinator.get(reverse("inference:model", args=[version.public_id])).text
    assert REFERENCE_LABEL not in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"provenance": "trained_here"}, "cannot be said of files brought from outside"),
        ({"provenance": "published"}, "says of itself that it is untrained"),
        ({"sd_hu": "-1"}, "must be positive"),
        ({"sd_hu": "much"}, "Enter a number"),
        ({"others": "[1]"}, "A JSON object in braces"),
        ({"others": "{"}, "valid JSON"),
        ({"others": '{"dilation": 3}'}, "unknown key"),
        ({"ene": "1.5"}, "between 0 and 1"),
        ({"name": ""}, "required"),
    ],
)
def test_a_wrong_description_is_shown_where_it_is_and_stores_nothing(
    coordinator, upload, member_files, changes, sentence
):
    send(coordinator, upload, member_files[0])
    body = {"name": "N", "provenance": "untrained", **NUMBERS} | changes
    answer = coordinator.post(reverse("inference:model-upload", args=[upload.public_id]), body)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not ModelVersion.objects.exists()


def test_dualnet_starts_with_its_own_parameters_and_published_threshold(coordinator):
    coordinator.post(reverse("inference:register"), {"architecture": "DualNet"})
    upload = ModelUpload.objects.get()
    page = coordinator.get(reverse("inference:model-upload", args=[upload.public_id])).text
    assert "0 of 1 members" in page
    assert 'value="0.3"' in page
    assert "Intensity fingerprint" not in page
    for name in starting_parameters("DualNet"):
        assert name in page


def test_an_unknown_architecture_is_refused(coordinator):
    answer = coordinator.post(reverse("inference:register"), {"architecture": "Other"})
    assert answer.status_code == 422
    assert not ModelUpload.objects.exists()


def test_a_body_that_is_too_large_is_refused_before_it_is_read(coordinator, upload, settings):
    settings.MODEL_FILE_MAX_BYTES = 100
    body = {"path": PATH, "file": io.BytesIO(b"x" * 200_000)}
    answer = coordinator.post(api("-files", upload), body)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_large")


def test_the_api_registers_with_defaults_and_deletes(coordinator, upload, member_files):
    send(coordinator, upload, member_files[0])
    made = post(coordinator, "-register", upload, {"name": "A", "provenance": "untrained"})
    assert made.status_code == 201
    assert (made.json()["members"], made.json()["provenance"]) == (1, "untrained")
    assert ModelVersion.objects.get().parameters == PARAMETERS
    assert coordinator.post(api("-delete", upload)).status_code == 409
    second = coordinator.post(
        reverse("inference_api:model-uploads"),
        {"architecture": "DeepENE"},
        content_type="application/json",
    ).json()
    listed = coordinator.get(reverse("inference_api:model-uploads")).json()
    assert [one["id"] for one in listed] == [second["id"]]
    gone = reverse("inference_api:model-upload-delete", args=[second["id"]])
    assert coordinator.post(gone).status_code == 204
    assert coordinator.get(reverse("inference_api:model-uploads")).json() == []


def test_provenance_and_completeness_stand_wherever_a_version_is_named(
    client, people, cohort, member_files
):
    from inference.services import request_predictions
    from tests.cases import store_case

    store_case(cohort, "P001", nodes=1)
    version = record_version("Named", member_files)
    run = request_predictions(by=people.coordinator, cohort=cohort, model_version=version)
    client.force_login(people.coordinator)
    for name, args in (
        ("home", []),
        ("model", [version.public_id]),
        ("cohort", [cohort.public_id]),
        ("run", [run.public_id]),
        ("scores", [cohort.public_id, version.public_id]),
        ("ai-ene", [cohort.public_id, version.public_id]),
    ):
        page = client.get(reverse(f"inference:{name}", args=args)).text
        assert "Untrained" in page, name
        assert "2 of 25 members" in page, name
    told = client.get(reverse("inference_api:run", args=[run.public_id])).json()
    assert (told["provenance"], told["members"], told["expected_members"]) == ("untrained", 2, 25)
