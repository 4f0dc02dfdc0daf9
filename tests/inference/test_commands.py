"""What a coordinator can do from the command line."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inference.deepene.checkpoints import load_checkpoint
from inference.models import ModelVersion, Prediction, PredictionRun
from tests.cases import store_case
from tests.inference.conftest import PARAMETERS

ROOT = Path(__file__).resolve().parents[2]
GOOD = "patient,node,score_metastasis,score_ene\nP001,1,0.5,-1\nP001,2,0,0\n"


def command(which, /, *arguments, **options):
    out = io.StringIO()
    call_command(which, *arguments, stdout=out, stderr=out, **options)
    return out.getvalue()


def test_untrained_members_say_so_in_themselves_and_come_from_the_seed(tmp_path):
    for folder in ("one", "two"):
        command("make_untrained_members", folder=tmp_path / folder, runs=1, folds=1, seed=5)
    member = Path("RUN0") / "fold0" / "last_epoch_ckpt.pth"
    first, second = (load_checkpoint(tmp_path / folder / member) for folder in ("one", "two"))
    assert first.sha256 == second.sha256
    assert first.note.startswith("UNTRAINED")


@pytest.mark.parametrize("runs", [0, 6])
def test_impossible_numbers_of_members_are_refused(tmp_path, runs):
    with pytest.raises(CommandError):
        command("make_untrained_members", folder=tmp_path, runs=runs, folds=1, seed=0)
    assert list(tmp_path.iterdir()) == []


def test_a_model_is_registered_with_its_parameters(db, member_folder, tmp_path):
    file = tmp_path / "parameters.json"
    file.write_text(json.dumps({**PARAMETERS, "dilation_radius_mm": 4}))
    said = command(
        "register_model",
        name="Demo",
        folder=member_folder,
        provenance="untrained",
        parameters=file,
        thresholds='{"metastasis": 0.5}',
    )
    version = ModelVersion.objects.get()
    assert "2 of 25 members" in said
    assert version.digest in said
    assert version.parameters["dilation_radius_mm"] == 4.0


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"thresholds": "{"}, "not JSON"),
        ({"thresholds": "[1]"}, "JSON object"),
        ({"parameters": Path("/absent.json")}, "cannot be read"),
        ({"provenance": "published"}, "untrained"),
        ({"folder": Path("/absent")}, "no such folder"),
    ],
)
def test_a_registration_is_refused_with_a_sentence(db, member_folder, changes, word):
    given = {"name": "Demo", "folder": member_folder, "provenance": "untrained"}
    with pytest.raises(CommandError) as caught:
        command("register_model", **(given | changes))
    assert word in str(caught.value)
    assert not ModelVersion.objects.exists()


def test_predictions_are_requested(people, cohort, version):
    store_case(cohort, "P001", nodes=2)
    said = command("request_predictions", cohort=cohort.name, model="Demo", by="coordinator")
    assert "Requested 2 nodes" in said
    with pytest.raises(CommandError, match="requested already"):
        command("request_predictions", cohort=cohort.name, model="Demo", by="coordinator")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"by": "nobody"}, "--by"),
        ({"cohort": "None"}, "--cohort"),
        ({"model": "None"}, "--model"),
        ({"by": "statistician"}, "coordinator"),
    ],
)
def test_a_request_is_refused_with_a_sentence(people, cohort, version, changes, word):
    store_case(cohort, "P001", nodes=1)
    given = {"cohort": cohort.name, "model": "Demo", "by": "coordinator"}
    with pytest.raises(CommandError, match=word):
        command("request_predictions", **(given | changes))
    assert not PredictionRun.objects.exists()


def test_scores_are_imported_or_only_checked(people, cohort, tmp_path):
    store_case(cohort, "P001", nodes=3)
    file = tmp_path / "scores.csv"
    file.write_text(GOOD)
    given = {"cohort": cohort.name, "name": "Other AI", "by": "coordinator"}
    said = command("import_predictions", str(file), dry_run=True, **given)
    assert "2 rows would be imported for 3 nodes" in said
    assert "1 nodes have no row" in said
    assert not Prediction.objects.exists()
    command("import_predictions", str(file), **given)
    assert Prediction.objects.count() == 2


@pytest.mark.parametrize("dry_run", [True, False])
def test_problems_of_a_file_are_listed(people, cohort, tmp_path, dry_run):
    store_case(cohort, "P001", nodes=1)
    file = tmp_path / "scores.csv"
    file.write_text(GOOD)
    given = {"cohort": cohort.name, "name": "Other AI", "by": "coordinator"}
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("import_predictions", str(file), dry_run=dry_run, stderr=out, **given)
    assert "row 3, node: patient 'P001' has no node 2" in out.getvalue() + str(caught.value)
    assert not ModelVersion.objects.exists()


def test_a_file_that_cannot_be_read_is_refused(people, cohort, tmp_path):
    given = {"cohort": cohort.name, "name": "Other AI", "by": "coordinator"}
    with pytest.raises(CommandError, match="cannot be read"):
        command("import_predictions", str(tmp_path / "absent.csv"), **given)


@pytest.mark.no_database
def test_what_the_web_imports_loads_no_torch():
    code = (
        "import django, sys; django.setup(); import readerstudy.urls, inference.views, "
        "inference.api, inference.tasks; sys.exit('torch' in sys.modules)"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "readerstudy.settings"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0
