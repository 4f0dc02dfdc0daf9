"""reading: the digests that lock a protocol and chain its amendments (pure: no Django)."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ProtocolCase:
    """One case as the protocol names it."""

    cohort: str
    pseudonym: str
    mask_digests: tuple[str, ...]


def protocol_document(
    *,
    title: str,
    protocol: str,
    plan: dict[str, Any],
    seed: int,
    reader_numbers: list[int],
    cases: list[ProtocolCase],
) -> dict[str, Any]:
    """Return everything the digest covers, in an order that does not depend on its listing.

    Parameters
    ----------
    title, protocol : str
        As shown to readers.
    plan : dict
        The analysis plan, JSON values only.
    seed : int
        The seed the reading orders were drawn from.
    reader_numbers : list of int
    cases : list of ProtocolCase

    Returns
    -------
    dict
        JSON values only.
    """
    names = sorted({case.cohort for case in cases})
    return {
        "title": title,
        "protocol": protocol,
        "plan": plan,
        "seed": seed,
        "readers": sorted(reader_numbers),
        "cohorts": [
            {"name": name, "patients": _patients([c for c in cases if c.cohort == name])}
            for name in names
        ],
    }


def _patients(cases: list[ProtocolCase]) -> list[dict[str, Any]]:
    return [
        {"pseudonym": case.pseudonym, "masks": sorted(case.mask_digests)}
        for case in sorted(cases, key=lambda case: case.pseudonym)
    ]


def digest(document: dict[str, Any]) -> str:
    """Return the SHA-256 of a document's canonical JSON, in hexadecimal.

    Canonical: keys sorted, no white space, ASCII only, no NaN.

    Raises
    ------
    ValueError
        If the document holds NaN or infinity.
    TypeError
        If it holds something JSON cannot carry.
    """
    text = json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def amendment_digest(
    *, protocol_digest: str, number: int, previous: str, plan: dict[str, Any], reason: str
) -> str:
    """Return the digest of an amendment, which vouches for everything before it.

    Parameters
    ----------
    protocol_digest : str
        Of the study as it was opened.
    number : int
        Counted from 1.
    previous : str
        Digest of the amendment before; the protocol's for the first.
    plan : dict
        The plan from here on, JSON values only.
    reason : str

    Raises
    ------
    ValueError, TypeError
        As ``digest``.
    """
    return digest(
        {
            "protocol_digest": protocol_digest,
            "number": number,
            "previous": previous,
            "plan": plan,
            "reason": reason,
        }
    )
