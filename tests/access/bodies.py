"""Complete bodies for the routes that write: with them a person who may enter succeeds."""

import uuid
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from readerstudy.analysis.imported_help import EXAMPLE
from readerstudy.reading.plan import default_plan, plan_from
from readerstudy.reading.plan_forms import initial_of
from readerstudy.reading.protocol import digest
from tests.cases import box_runs
from tests.people import PASSWORD

Things = dict[str, Any]
Body = dict[str, Any]


def nothing(things: Things) -> Body:
    return {}


def reason(things: Things) -> Body:
    return {"reason": "A good reason."}


def sign_up(things: Things) -> Body:
    address = "newcomer@example.org"
    return {
        "username": "newcomer",
        "email": address,
        "password1": PASSWORD,
        "password2": PASSWORD,
    }


def new_cohort(things: Things) -> Body:
    return {"name": "A new cohort", "kind": "external_test"}


def new_member(things: Things) -> Body:
    return {"username": "outsider", "role": "annotator"}


def old_member(things: Things) -> Body:
    return {"username": "annotator_two", "role": "annotator"}


def viewer_token(things: Things) -> Body:
    return {"name": "3D Slicer", "days": 7}


def _save(**said: Any) -> Body:
    return {"client_id": str(uuid.uuid4())} | said


def new_node(things: Things) -> Body:
    return _save(runs=box_runs((8, 30, 30), (10, 36, 36)))


def new_mask(things: Things) -> Body:
    # The scene's node fills (3, 18, 17) to (5, 24, 24).
    return _save(base_version=1, runs=box_runs((3, 18, 17), (5, 23, 24)))


def part_of_node(things: Things) -> Body:
    return _save(base_version=1, runs=box_runs((3, 18, 17), (4, 24, 24)))


def removed_node(things: Things) -> Body:
    return _save(base_version=1, reason="A vessel.")


def asked_provider(things: Things) -> Body:
    return {"provider": "LN-DETR"}


def chosen_for_candidate(things: Things) -> Body:
    return _save(decision="reject", reason="A vessel.")


def decided_candidate(things: Things) -> Body:
    return _save()


def mask_click(things: Things) -> Body:
    return {"click_zyx": [8, 30, 30], "short_axis_limit_mm": 8}


def archive_search(things: Things) -> Body:
    return {"archive": "Hospital", "keyword": "PatientID", "terms": "MRN-1"}


def archive_search_by_api(things: Things) -> Body:
    return archive_search(things) | {"terms": ["MRN-1"]}


def chosen_series(things: Things) -> Body:
    return {"positions": [0]}


def zip_file(things: Things) -> Body:
    return {"file": SimpleUploadedFile("new.zip", b"PK\x03\x04", "application/zip")}


def new_arrival(things: Things) -> Body:
    return {"name": "new", "files": [{"path": "a/1.dcm", "size": 10}]}


def patients_table(things: Things) -> Body:
    file = SimpleUploadedFile("patients.csv", b"patient,sex\nP001,F\n", "text/csv")
    return {"table_file": file, "import": "yes"}


def patients_table_by_api(things: Things) -> Body:
    return patients_table(things) | {"dry_run": "false"}


def mapping_request(things: Things) -> Body:
    passphrase = "four random words here"
    return {"patient_ids": "MRN-1", "passphrase": passphrase, "passphrase_again": passphrase}


def imported_study(things: Things) -> Body:
    file = SimpleUploadedFile("calls.csv", EXAMPLE.encode(), "text/csv")
    return {"title": "Read elsewhere", "file": file}


def exclusion(things: Things) -> Body:
    return {"code": "other", "reason": "A good reason."}


def new_study(things: Things) -> Body:
    return {"title": "A new study", "cohorts": [things["cohort_pk"]]}


def protocol(things: Things) -> Body:
    return {"title": "Another title", "protocol": "Another protocol."}


def plan_form(things: Things) -> Body:
    plan = plan_from(default_plan() | {"alpha": 0.02})
    values = {name: value for name, value in initial_of(plan).items() if value is not None}
    numbers = {
        name: ", ".join(map(str, value))
        for name, value in values.items()
        if isinstance(value, tuple)
    }
    return values | numbers | {"based_on": digest(default_plan())}


def plan(things: Things) -> Body:
    wanted = default_plan() | {"alpha": 0.02}
    return {"plan": wanted, "based_on": digest(default_plan())}


def new_reader(things: Things) -> Body:
    return {"username": "outsider"}


def invitation(things: Things) -> Body:
    return {"email": "somebody@example.org"}


def opening(things: Things) -> Body:
    return {"confirm": "on"}


def closing(things: Things) -> Body:
    return {"confirm_incomplete": "on", "reason": "A good reason."}


def new_account(things: Things) -> Body:
    return {"username": "newcomer", "password": PASSWORD, "password_again": PASSWORD}


def call(things: Things) -> Body:
    return {
        "call": str(uuid.uuid4()),
        "node": str(things["case_node"]),
        "category": 2,
        "base_version": things["case_version"],
        "shown_case": str(things["case"]),
        "shown_slice": things["case_slice"],
    }


def submission(things: Things) -> Body:
    return {"base_version": things["case_version"]}


def events(things: Things) -> Body:
    return {"events": [{"kind": "opened", "at_ms": 1}]}


def label_file(things: Things) -> Body:
    text = b"patient,node,label\nP009,1,2\n"
    return {"csv_file": SimpleUploadedFile("labels.csv", text, "text/csv"), "import": "1"}


def decision(things: Things) -> Body:
    return {"label": 2, "reason": "A good reason.", "base_version": 1}


def statement(things: Things) -> Body:
    return {"label": 2, "reason": "A good reason.", "base_version": 1}


def confirmation(things: Things) -> Body:
    return {"confirmed": "yes"}


def label(things: Things) -> Body:
    return {
        "client_id": str(uuid.uuid4()),
        "node": str(things["fresh_node"]),
        "label": 2,
        "base_version": 1,
        "shown_case": str(things["labelling"]),
        "shown_slice": 0,
    }


REPORT_TEXTS = {
    "report_id": "LAB-8",
    "ene_class": "none",
    "right-IIa-dissected": "yes",
    "right-IIa-examined": "5",
    "right-IIa-positive": "0",
}


def pathology_report(things: Things) -> Body:
    return {"report": REPORT_TEXTS, "base_revision": 1}


def pathology_form(things: Things) -> Body:
    return REPORT_TEXTS | {"base_revision": 1}


def pathology_step(things: Things) -> Body:
    return {"base_revision": 1}


def reports_table(things: Things) -> Body:
    text = b"patient,side,level,dissected,report_id,ene_class\nP001,left,III,no,LAB-1,none\n"
    return {"table_file": SimpleUploadedFile("reports.csv", text, "text/csv"), "import": "yes"}


def reports_table_by_api(things: Things) -> Body:
    return reports_table(things) | {"dry_run": "false"}


def finding_reason(things: Things) -> Body:
    return {"client_id": str(uuid.uuid4()), "code": "W1", "sentence": "A.", "reason": "Seen."}


def reopening(things: Things) -> Body:
    return {"reason": "The mask was refined."}


def label_submission(things: Things) -> Body:
    return {"base_version": 1}


def unused_model(things: Things) -> Body:
    return {"model": str(things["unused_model"])}


def explained_model(things: Things) -> Body:
    return {"model": str(things["model"])}


def everything_explained(things: Things) -> Body:
    return {"model": str(things["model"]), "everything": "on"}


def scores(things: Things) -> Body:
    text = "patient,node,score_metastasis,score_ene\nP001,1,0.5,-1\n"
    return {"name": "Another model", "text": text, "import": "1"}


def architecture(things: Things) -> Body:
    return {"architecture": "DeepENE"}


def model_file(things: Things) -> Body:
    path = "release/RUN1/fold1/last_epoch_ckpt.pth"
    return {"path": path, "file": SimpleUploadedFile("last_epoch_ckpt.pth", b"no checkpoint")}


def sent_file(things: Things) -> Body:
    return {"path": "release/RUN0/fold0/last_epoch_ckpt.pth"}


def no_paths(things: Things) -> Body:
    return {"paths": ["release/README.md"]}


def server_folder(things: Things) -> Body:
    return {"folder": "release"}


def model_description(things: Things) -> Body:
    return {"name": "A new model", "provenance": "untrained"}


def model_description_form(things: Things) -> Body:
    numbers = {
        "percentile_00_5_hu": -96,
        "percentile_99_5_hu": 226,
        "mean_hu": 71.3,
        "sd_hu": 58.9,
    }
    return model_description(things) | numbers


def freeze(things: Things) -> Body:
    return {"model": str(things["scores_model"])}


def training(things: Things) -> Body:
    data = str(things["training_data"])
    return {"dataset": data, "name": "A new training", "architecture": "DeepENE"} | {
        "folds": 2,
        "inner_folds": 2,
    }


def api_training(things: Things) -> Body:
    return {
        "dataset": str(things["training_data"]),
        "name": "A new training",
        "architecture": "DeepENE",
        "settings": {"folds": 2, "inner_folds": 2},
    }


def planned_study(things: Things) -> Body:
    return {"patients": 20, "replicates": 100}
