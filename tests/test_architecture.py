"""What import contracts cannot see: hidden keys, thin views, small files, no torch in the web."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import models

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("accounts", "jobs", "cohorts", "annotation", "inference", "readerstudy")
FLOORS = {
    "accounts": 0,
    "jobs": 1,
    "cohorts": 2,
    "annotation": 3,
    "inference": 3,
    "reading": 3,
    "analysis": 4,
    "dashboard": 5,
}
MAX_FILE_LINES = 400
MAX_BODY_LINES = 40


def sources():
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def named(path):
    return str(path.relative_to(ROOT))


def foreign_keys():
    for model in apps.get_models():
        if model._meta.app_label in FLOORS:
            for field in model._meta.get_fields():
                if isinstance(field, models.ForeignKey | models.ManyToManyField):
                    yield model, field


def test_keys_between_rooms_point_down():
    upward = [
        f"{model._meta.label}.{field.name}"
        for model, field in foreign_keys()
        if (to := FLOORS.get(field.related_model._meta.app_label)) is not None
        and field.related_model._meta.app_label != model._meta.app_label
        and to >= FLOORS[model._meta.app_label]
    ]
    assert upward == []


def test_keys_between_rooms_leave_no_way_back():
    visible = [
        f"{model._meta.label}.{field.name}"
        for model, field in foreign_keys()
        if field.related_model._meta.app_label in FLOORS
        and field.related_model._meta.app_label != model._meta.app_label
        and not (field.remote_field.related_name or "").endswith("+")
    ]
    assert visible == []


def test_a_node_has_no_query_path_that_leads_up():
    from cohorts.models import Cohort, CTSeries, Node, NodeMask, Patient

    for model in (Cohort, Patient, CTSeries, Node, NodeMask):
        labels = {
            relation.related_model._meta.app_label
            for relation in model._meta.related_objects
            if not relation.hidden
        }
        assert labels <= {"cohorts"}, model


@pytest.mark.parametrize("layer", ["views", "api", "serializers", "tasks"])
def test_queries_live_in_selectors_and_services(layer):
    guilty = [
        named(path)
        for path in sources()
        if path.stem == layer
        or path.stem.startswith(f"{layer}_")
        or path.stem.endswith(f"_{layer}")
        if re.search(r"\.objects\b|_default_manager", path.read_text(encoding="utf-8"))
    ]
    assert guilty == []


def scripts():
    vendored = ROOT / "static" / "vendor"
    for path in sorted((ROOT / "static").rglob("*.js")):
        if vendored not in path.parents:
            yield path


def test_no_file_outgrows_its_reader():
    long = {
        named(path): lines
        for path in (*sources(), *scripts())
        if (lines := path.read_text(encoding="utf-8").count("\n")) > MAX_FILE_LINES
    }
    assert long == {}


def test_no_function_outgrows_its_reader():
    long = {}
    for path in sources():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body and (lines := node.end_lineno - body[0].lineno + 1) > MAX_BODY_LINES:
                    long[f"{named(path)}:{node.name}"] = lines
    assert long == {}


def test_views_are_thin():
    fat = {}
    for path in sources():
        if "views" not in path.stem and path.stem != "api":
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body and (lines := node.end_lineno - body[0].lineno + 1) > 15:
                    fat[f"{named(path)}:{node.name}"] = lines
    assert fat == {}


def test_no_assert_outside_tests():
    found = [
        f"{named(path)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def test_late_imports_only_where_torch_is_kept_out():
    """Tasks import their pipeline late, apps register in ready(), commands stay quick to start.

    The dictionary of codes takes two seconds to build, in each process that reads an upload.
    """
    allowed = {"tasks", "apps", "code_meanings"}
    found = [
        f"{named(path)}:{inner.lineno}"
        for path in sources()
        if path.stem not in allowed and "commands" not in path.parts
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def test_models_are_not_fetched_by_name():
    found = [named(path) for path in sources() if "get_model(" in path.read_text(encoding="utf-8")]
    assert found == []


def test_judgements_do_not_override_save_and_nobody_uses_signals():
    for path in sources():
        text = path.read_text(encoding="utf-8")
        assert "def save(" not in text, named(path)
        assert "@receiver" not in text, named(path)


def test_templates_hold_no_inline_script_or_style():
    guilty = [
        named(path)
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if re.search(
            r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\son\w+=\"|javascript:",
            path.read_text(encoding="utf-8"),
        )
    ]
    assert guilty == []


def test_nothing_is_loaded_from_another_host():
    pattern = re.compile(
        r"""(?:src|href|import|from|url\()\s*=?\s*["']?(?:https?:)?//(?!www\.w3\.org)"""
    )
    guilty = [
        named(path)
        for folder in ("templates", "static")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".html", ".js", ".css"} and "vendor" not in path.parts
        if pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert guilty == []


def test_the_web_process_never_loads_torch():
    code = (
        "import django, sys; django.setup(); import readerstudy.urls; "
        "from django.urls import get_resolver; get_resolver().reverse_dict; "
        "sys.exit('torch' in sys.modules)"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "readerstudy.settings"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment)
    assert done.returncode == 0


def test_no_migration_is_missing(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
