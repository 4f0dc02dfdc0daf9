"""The committed browser libraries are the ones whose digests were recorded."""

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
LARGEST_BYTES = 1_500_000


def recorded() -> dict[str, str]:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    return {
        name.removeprefix("./"): digest for digest, name in (line.split("  ") for line in lines)
    }


def test_every_vendored_file_has_its_recorded_digest() -> None:
    found = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    assert found == recorded()


def test_no_vendored_file_is_too_large() -> None:
    assert max((VENDOR / name).stat().st_size for name in recorded()) < LARGEST_BYTES


def test_folder_names_carry_the_locked_versions() -> None:
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())["packages"]
    wanted = {
        f"{folder}-{lock[f'node_modules/{package}']['version']}"
        for folder, package in {
            "cornerstone": "@cornerstonejs/core",
            "bootstrap": "bootstrap",
            "htmx": "htmx.org",
        }.items()
    }
    assert {Path(name).parts[0] for name in recorded()} == wanted


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "frontend" / "package-lock.json").read_text()


@pytest.mark.parametrize(
    ("package", "path"),
    [
        ("cornerstone", "static/viewer/cornerstone.js"),
        ("cornerstone", "templates/reading/case.html"),
    ],
)
def test_our_modules_name_the_vendored_version(package: str, path: str) -> None:
    [folder] = {Path(name).parts[0] for name in recorded() if name.startswith(f"{package}-")}
    assert set(re.findall(rf"{package}-[\d.]+\d", (ROOT / path).read_text())) == {folder}


def test_the_worker_and_the_page_build_no_code_from_strings() -> None:
    """The Content-Security-Policy has no 'unsafe-eval'."""
    worker = VENDOR / next(name for name in recorded() if name.endswith("decode-worker.js"))
    assert not re.search(r"\bnew Function\b|\beval\(", worker.read_text())
