"""The API of pathology reports: every key, every refusal, and who gets nothing."""

from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotation import services
from annotation.models import PathologyReport
from annotation.pathology_rules.report_fields import texts_of

JSON = "application/json"


@pytest.fixture
def ask(client, people, patient):
    """Ask as somebody for a part of the report of P001."""

    def send(who, part="", body=None):
        client.force_login(getattr(people, who))
        url = f"/api/v1/annotation/patients/{patient.public_id}/pathology/{part}"
        return client.get(url) if body is None else client.post(url, body, JSON)

    return send


def test_before_the_first_save_there_is_nothing(ask):
    assert ask("annotator_one").json() == {
        "problems": {},
        "warnings": [],
        "staged": None,
        "revision": 0,
        "version": 0,
        "state": "",
        "report": {},
        "digest": "",
        "reason": "",
        "entered": None,
        "checked": None,
        "locked": None,
    }


def test_a_report_goes_from_draft_to_locked(ask, sound):
    texts = texts_of(sound)
    saved = ask("annotator_one", body={"report": texts, "base_revision": 0})
    assert saved.status_code == 201
    assert saved.json()["report"] == texts
    assert saved.json()["staged"] == {"category": "pN1", "possible": ["pN1"], "because": ""}
    assert ask("annotator_two", "check/", {"base_revision": 1}).json()["state"] == "checked"
    done = ask("adjudicator", "lock/", {"base_revision": 2}).json()
    assert (done["state"], done["version"], done["revision"]) == ("locked", 1, 3)
    steps = [done[step]["by"] for step in ("entered", "checked", "locked")]
    assert steps == ["annotator_one", "annotator_two", "adjudicator"]


def test_a_correction_is_listed_with_its_differences(ask, locked, sound):
    body = {"report": texts_of(replace(sound, pt="pT3")), "base_revision": 3, "reason": "Misread."}
    assert ask("annotator_one", body=body).status_code == 201
    second, first = ask("adjudicator", "versions/").json()
    assert (first["version"], first["state"], first["differences"]) == (1, "locked", [])
    assert (second["reason"], second["state"], second["locked"]) == ("Misread.", "draft", None)
    assert second["differences"] == [{"name": "pt", "old": "", "new": "pT3"}]


def test_a_preview_says_what_would_follow_and_saves_nothing(ask, sound):
    texts = texts_of(replace(sound, pn="pN2b", days_ct_to_surgery=61))
    found = ask("annotator_one", "preview/", {"report": texts})
    assert found.status_code == 200
    assert found.json()["problems"] == {}
    assert [warning["code"] for warning in found.json()["warnings"]] == ["W7", "W8"]
    found = ask("annotator_one", "preview/", {"report": texts | {"pn": "N9"}}).json()
    assert list(found["problems"]) == ["pn"]
    assert (found["warnings"], found["staged"]) == ([], None)
    assert not PathologyReport.objects.exists()


@pytest.mark.parametrize(
    ("part", "body", "status", "field"),
    [
        ("", {}, 400, "report"),
        ("", {"report": {}, "base_revision": -1}, 400, "base_revision"),
        ("", {"report": {"pt": "x" * 201}, "base_revision": 0}, 400, "report"),
        ("", {"report": {str(n): "" for n in range(108)}, "base_revision": 0}, 400, "report"),
        ("", {"report": {"pt": "T9"}, "base_revision": 1}, 422, "pt"),
        ("", {"report": {"left-IX-examined": "1"}, "base_revision": 1}, 422, "left-IX-examined"),
        ("", {"report": {}, "base_revision": 0}, 409, None),
        ("", {"report": {}, "base_revision": 1, "reason": "Why."}, 422, None),
        ("preview/", {}, 400, "report"),
        ("check/", {}, 400, "base_revision"),
        ("check/", {"base_revision": 1}, 422, None),
        ("check/", {"base_revision": 4}, 409, None),
        ("lock/", {"base_revision": 1}, 422, None),
    ],
)
def test_refusals_come_in_the_one_shape(ask, entered, part, body, status, field):
    answer = ask("annotator_one", part, body)
    assert answer.status_code == status, answer.content
    assert {"code", "message"} <= answer.json().keys()
    if field is not None:
        assert any(name.startswith(field) for name in answer.json()["fields"])
    if status == 409:
        assert answer.json()["current"] == {"revision": 1, "state": "draft"}
    assert PathologyReport.objects.count() == 1


def test_a_warning_without_a_reason_is_named_at_its_field(ask, people, patient, sound):
    late = replace(sound, days_ct_to_surgery=61)
    services.enter_report(by=people.annotator_one, patient=patient, report=late, base_revision=0)
    services.check_report(by=people.annotator_two, patient=patient, base_revision=1)
    answer = ask("annotator_one", "lock/", {"base_revision": 2})
    assert answer.status_code == 422
    assert "61 days" in answer.json()["fields"]["reason"][0]
    reason = {"base_revision": 2, "reason": "No other CT exists."}
    assert ask("annotator_one", "lock/", reason).json()["state"] == "locked"


def test_the_list_of_a_cohort(ask, client, cohort, entered, patient):
    ask("adjudicator")
    found = client.get(f"/api/v1/annotation/cohorts/{cohort.public_id}/pathology/")
    assert found.json() == [
        {
            "patient": str(patient.public_id),
            "pseudonym": "P001",
            "state": "draft",
            "version": 1,
            "revision": 1,
        }
    ]


def test_a_table_is_checked_unless_told_otherwise(ask, client, cohort):
    ask("annotator_one")
    url = f"/api/v1/annotation/cohorts/{cohort.public_id}/pathology/import/"
    line = "P001,left,III,no,{},LAB-1,none\n"

    def send(examined, **told):
        text = "patient,side,level,dissected,examined,report_id,ene_class\n" + line.format(examined)
        file = SimpleUploadedFile("reports.csv", text.encode(), "text/csv")
        return client.post(url, {"table_file": file} | told)

    assert send("").json() == {
        "dry_run": True,
        "reports": [{"row": 2, "patient": "P001", "change": "new", "warnings": []}],
        "left_out": [],
    }
    refused = send("x", dry_run="false")
    assert refused.status_code == 422
    assert list(refused.json()["fields"]) == ["row 2, examined"]
    assert not PathologyReport.objects.exists()
    assert send("", dry_run="false").json()["dry_run"] is False
    assert PathologyReport.objects.count() == 1


@pytest.mark.parametrize("who", ["statistician", "reader_one", "outsider"])
def test_who_has_no_part_in_the_truth_finds_nothing(ask, client, cohort, locked, who):
    texts = {"report": {}, "base_revision": 3}
    tries = [("", None), ("versions/", None), ("", texts), ("preview/", texts)]
    for part, body in [*tries, ("check/", texts), ("lock/", texts)]:
        assert ask(who, part, body).status_code == 404
    page = f"/api/v1/annotation/cohorts/{cohort.public_id}/pathology/"
    assert client.get(page).status_code == client.post(f"{page}import/").status_code == 404
