"""What a report says at a glance (pure: no Django)."""

from collections import Counter
from typing import Any

WARNED = "warned"
LABELS = {
    "accepted": "Accepted",
    WARNED: "Accepted with warnings",
    "already_there": "Already there",
    "asked": "Asked",
    "refused": "Refused",
}
"""In the order in which they are counted."""


def group_of(entry: dict[str, Any]) -> str:
    """Return the outcome of a patient, accepted with warnings apart."""
    outcome = str(entry["outcome"])
    return WARNED if outcome == "accepted" and entry.get("warnings") else outcome


def summary_of(report: dict[str, Any], *, only: str = "") -> dict[str, Any]:
    """Return counts by outcome, and the entries, those of one outcome ``only`` where given."""
    entries = [
        {**entry, "group": group_of(entry), "label": LABELS[group_of(entry)]}
        for entry in report.get("patients", [])
    ]
    counts = Counter(entry["group"] for entry in entries)
    shown = only if only in counts else ""
    return {
        "only": shown,
        "patients": len(entries),
        "entries": [entry for entry in entries if not shown or entry["group"] == shown],
        "counts": [
            {"group": group, "label": label, "patients": counts[group]}
            for group, label in LABELS.items()
            if counts[group]
        ],
        "asked": counts["asked"],
        "refused": counts["refused"],
        "stored": counts["accepted"] + counts[WARNED] + counts["already_there"],
    }
