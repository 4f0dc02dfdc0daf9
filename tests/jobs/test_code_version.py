"""Which code computed something."""

import re

import pytest

from jobs import code_version as module

pytestmark = pytest.mark.no_database


@pytest.fixture(autouse=True)
def _fresh():
    module.code_version.cache_clear()
    yield
    module.code_version.cache_clear()


def test_a_checkout_names_its_commit():
    if not (module.ROOT / ".git").exists():
        pytest.skip("this is not a git checkout")
    assert re.fullmatch(r"[\w.]+\+[0-9a-f]{12}(\.changed)?", module.code_version())


def test_an_image_names_its_commit_by_the_environment(monkeypatch):
    monkeypatch.setenv("NODEWISE_COMMIT", "a" * 60)
    assert module.code_version().endswith("a")
    assert len(module.code_version()) == 40
