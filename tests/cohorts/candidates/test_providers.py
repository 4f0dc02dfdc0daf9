"""The operator's words become providers, or are refused at the start."""

from types import SimpleNamespace

import pytest

from cohorts.candidates import registry
from cohorts.candidates.folder import FolderProvider
from cohorts.candidates.provider_settings import parse_providers
from cohorts.candidates.registry import make_provider

FOLDER = {"name": "LN-DETR", "version": "1", "kind": "folder", "settings": {"path": "/masks"}}


def test_a_provider_is_made_from_its_words():
    (told,) = parse_providers([FOLDER | {"cohorts": ["Test"]}])
    assert (told.name, told.version) == ("LN-DETR", "1")
    assert told.serves("TEST")
    assert not told.serves("Other")
    assert isinstance(make_provider(told), FolderProvider)


def test_the_digest_follows_the_settings_and_not_the_name():
    one, same, other = (
        parse_providers([FOLDER | change])[0]
        for change in ({}, {"name": "B", "version": "2"}, {"settings": {"path": "/other"}})
    )
    assert one.digest == same.digest != other.digest


@pytest.mark.parametrize(
    "told",
    [
        {},
        [{}],
        [FOLDER, FOLDER | {"name": "ln-detr"}],
        [FOLDER | {"kind": "url"}],
        [FOLDER | {"name": " "}],
        [FOLDER | {"version": "1" * 41}],
        [FOLDER | {"command": "x"}],
        [FOLDER | {"cohorts": "Test"}],
        [FOLDER | {"settings": []}],
    ],
)
def test_words_that_are_none_are_refused(told):
    with pytest.raises((ValueError, TypeError), match=r"NODEWISE_CANDIDATE_PROVIDERS|rovider"):
        parse_providers(told)


@pytest.mark.parametrize("settings", [{}, {"path": "masks"}, {"path": "/m", "other": 1}])
def test_a_folder_needs_an_absolute_path_and_nothing_else(settings):
    (told,) = parse_providers([FOLDER | {"settings": settings}])
    with pytest.raises(ValueError, match="Provider 'LN-DETR'"):
        make_provider(told)


def test_an_installed_package_offers_a_provider(monkeypatch):
    settings = {"entry_point": "stations", "weights": "/w"}
    (told,) = parse_providers([FOLDER | {"kind": "entry_point", "settings": settings}])
    with pytest.raises(ValueError, match="no installed package"):
        make_provider(told)
    offered = SimpleNamespace(load=lambda: lambda given: ("made", given))
    asked = []
    monkeypatch.setattr(registry, "entry_points", lambda **which: asked.append(which) or [offered])
    assert make_provider(told) == ("made", {"weights": "/w"})
    assert asked == [{"group": "nodewise.candidate_providers", "name": "stations"}]
