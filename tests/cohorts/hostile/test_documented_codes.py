"""docs/refusals.md names every code that intake can answer with, and no other."""

import re
from pathlib import Path

import pytest

from cohorts.dicom.errors import RefusalCode
from cohorts.dicom.questions import QuestionCode
from cohorts.dicom.warnings import WarningCode

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "refusals.md"
ROW = re.compile(r"^\| `([a-z0-9_]+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "codes"),
    [("Refusals", RefusalCode), ("Warnings", WarningCode), ("Questions", QuestionCode)],
)
def test_every_code_is_documented_once(heading, codes):
    text = DOCUMENT.read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {heading}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    documented = [code for code, _, _ in ROW.findall(section)]
    assert sorted(documented) == sorted(str(code) for code in codes)
