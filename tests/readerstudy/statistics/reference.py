"""Reads the reference suites and compares numbers with them, within their tolerances."""

import json
import math
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "reference" / "statistics"


def load(name: str) -> dict:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"reference suite absent: shared/reference/statistics/{name}")
    return json.loads(path.read_text())


def cases(name: str) -> list:
    """Parameters for a parametrised test; one skipped parameter where the suite is absent."""
    path = SHARED / name
    if not path.is_file():
        reason = f"reference suite absent: shared/reference/statistics/{name}"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="absent")]
    suite = json.loads(path.read_text())["cases"]
    return [pytest.param(case, id=str(case.get("id", n))) for n, case in enumerate(suite)]


def close(actual, expected, *, rel=1e-9, absolute=1e-12, what=""):
    """None means undefined on both sides; NaN never passes."""
    if expected is None or actual is None:
        assert actual is expected, f"{what}: {actual} is not {expected}"
        return
    assert not math.isnan(actual), f"{what} is NaN"
    assert math.isclose(actual, expected, rel_tol=rel, abs_tol=absolute), (
        f"{what}: {actual!r} is not {expected!r}"
    )


def close_interval(interval, lower, upper, *, rel=1e-9, absolute=1e-12, what="", unclipped=False):
    if lower is None:
        assert interval is None, f"{what}: {interval} should be undefined"
        return
    low = interval.lower_unclipped if unclipped else interval.lower
    high = interval.upper_unclipped if unclipped else interval.upper
    close(low, lower, rel=rel, absolute=absolute, what=f"{what} lower")
    close(high, upper, rel=rel, absolute=absolute, what=f"{what} upper")


def close_matrix(actual, expected, *, rel=1e-9, absolute=1e-12, what=""):
    assert len(actual) == len(expected)
    for i, (row, wanted) in enumerate(zip(actual, expected, strict=True)):
        for j, (value, reference) in enumerate(zip(row, wanted, strict=True)):
            close(value, reference, rel=rel, absolute=absolute, what=f"{what}[{i}][{j}]")
