"""A pathology report's stored form: canonical JSON and its digest (pure)."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from annotation.pathology_rules.places import Level, Place, Side
from annotation.pathology_rules.report import (
    Counts,
    DissectionType,
    Edition,
    EneClass,
    Known,
    LargestDeposit,
    LevelRow,
    PathologyReport,
    PrimarySide,
    PrimarySite,
    PriorTreatment,
    SizeQualifier,
    in_order,
)

FORMAT = 1


def to_json(report: PathologyReport) -> str:
    """Return a report as canonical JSON: fixed order of levels, keys sorted, no spaces, ASCII.

    Two reports that say the same have the same text, so `digest_of` compares them.
    """
    content = {
        "format": FORMAT,
        "report_id": report.report_id,
        "days_ct_to_surgery": report.days_ct_to_surgery,
        "dissection": {side: report.dissection(side) for side in Side},
        "primary": {"site": report.primary_site, "side": report.primary_side},
        "levels": [_row_out(row) for row in in_order(report.levels)],
        "largest_deposit": {
            "mm": _float_out(report.largest_deposit.mm),
            "qualifier": report.largest_deposit.qualifier,
        },
        "largest_node_mm": _float_out(report.largest_node_mm),
        "ene": {"class": report.ene_class, "extent_mm": _float_out(report.ene_extent_mm)},
        "staging": {"pt": report.pt, "pn": report.pn, "edition": report.edition},
        "prior": vars(report.prior),
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(report: PathologyReport) -> str:
    """Return the SHA-256 of the canonical JSON, hexadecimal."""
    return hashlib.sha256(to_json(report).encode()).hexdigest()


def from_json(text: str) -> PathologyReport:
    """Read a report back from the form that `to_json` writes.

    Raises
    ------
    ValueError
        If the text is no JSON object of this format, or a field is missing, superfluous or none
        of the known words. What the fields say is judged by `report_errors.errors_of`.
    """
    try:
        return _report_in(_part(json.loads(text), "report"))
    except (KeyError, TypeError) as wrong:
        raise ValueError(f"report: a field is missing or of the wrong kind: {wrong}.") from None


def _report_in(content: Mapping[str, Any]) -> PathologyReport:
    if set(content) != _FIELDS:
        raise ValueError(f"report: fields {sorted(set(content) ^ _FIELDS)} are missing or unknown.")
    if content["format"] != FORMAT:
        raise ValueError(f"format={content['format']!r} is unknown: {FORMAT} is expected.")
    dissection, primary = _part(content["dissection"], "dissection"), content["primary"]
    deposit, ene, staging = content["largest_deposit"], content["ene"], content["staging"]
    prior = _part(content["prior"], "prior")
    return PathologyReport(
        report_id=_text(content["report_id"], "report_id"),
        days_ct_to_surgery=_whole(content["days_ct_to_surgery"], "days_ct_to_surgery"),
        dissection_left=DissectionType(dissection["left"]),
        dissection_right=DissectionType(dissection["right"]),
        primary_site=PrimarySite(primary["site"]),
        primary_side=PrimarySide(primary["side"]),
        levels=tuple(_row_in(_part(row, "levels")) for row in content["levels"]),
        largest_deposit=LargestDeposit(
            mm=_float_in(deposit["mm"], "largest_deposit"),
            qualifier=SizeQualifier(deposit["qualifier"]),
        ),
        largest_node_mm=_float_in(content["largest_node_mm"], "largest_node_mm"),
        ene_class=EneClass(ene["class"]),
        ene_extent_mm=_float_in(ene["extent_mm"], "ene_extent_mm"),
        pt=_text(staging["pt"], "pt"),
        pn=_text(staging["pn"], "pn"),
        edition=Edition(staging["edition"]),
        prior=PriorTreatment(**{key: Known(value) for key, value in prior.items()}),
    )


def _row_out(row: LevelRow) -> dict[str, object]:
    return {
        "side": row.place.side,
        "level": row.place.level,
        "dissected": row.dissected,
        "counts": None if row.counts is None else vars(row.counts),
        "lumped_group": row.lumped_group,
    }


def _row_in(row: Mapping[str, Any]) -> LevelRow:
    counts = row["counts"]
    return LevelRow(
        place=Place(side=Side(row["side"]), level=Level(row["level"])),
        dissected=Known(row["dissected"]),
        counts=None if counts is None else _counts_in(_part(counts, "counts")),
        lumped_group=_text(row["lumped_group"], "lumped_group"),
    )


def _counts_in(counts: Mapping[str, Any]) -> Counts:
    examined = _whole(counts["examined"], "examined")
    positive = _whole(counts["positive"], "positive")
    if examined is None or positive is None:
        raise ValueError("counts: examined and positive are whole numbers, not empty.")
    ene_positive = _whole(counts["ene_positive"], "ene_positive")
    return Counts(examined=examined, positive=positive, ene_positive=ene_positive)


def _part(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{name}={value!r} is no JSON object.")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name}={value!r} is no text.")
    return value


def _whole(value: object, name: str) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"{name}={value!r} is no whole number.")
    return value


def _float_out(value: float | None) -> float | None:
    """Write 12 and 12.0 alike."""
    return None if value is None else float(value)


def _float_in(value: object, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name}={value!r} is no number.")
    return float(value)


_FIELDS = frozenset(json.loads(to_json(PathologyReport(report_id=""))))
