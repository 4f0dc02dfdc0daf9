"""cohorts.candidates: which providers there are, as the operator wrote it down."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = ("folder", "program", "entry_point")
KEYS = frozenset({"name", "version", "kind", "cohorts", "settings"})
LONGEST_NAME = 80
LONGEST_VERSION = 40


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """One provider of candidates.

    Attributes
    ----------
    name, version : str
        As people see them, and as each candidate keeps them.
    kind : str
        "folder", "program" or "entry_point".
    cohorts : tuple of str
        Names of the cohorts it may be run in, letter case ignored; empty: any.
    settings : mapping
        Whatever the kind takes.
    """

    name: str
    version: str
    kind: str
    cohorts: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 over kind and settings: the same digest, the same work."""
        told = json.dumps([self.kind, dict(self.settings)], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    def serves(self, cohort: str) -> bool:
        """Say whether the provider may be run in the cohort of this name."""
        return not self.cohorts or cohort.casefold() in {name.casefold() for name in self.cohorts}


def parse_providers(told: Any) -> tuple[ProviderSettings, ...]:
    """Read the setting ``NODEWISE_CANDIDATE_PROVIDERS``.

    Parameters
    ----------
    told : list of dict
        The decoded JSON.

    Raises
    ------
    ValueError, TypeError
        If an entry lacks something or says something unknown, or two are named alike.
    """
    if not isinstance(told, list):
        raise TypeError("NODEWISE_CANDIDATE_PROVIDERS must be a JSON list of providers.")
    providers = tuple(_provider(entry) for entry in told)
    names = [provider.name.casefold() for provider in providers]
    if len(set(names)) < len(names):
        raise ValueError("NODEWISE_CANDIDATE_PROVIDERS names two providers alike: rename one.")
    return providers


def _provider(entry: Any) -> ProviderSettings:
    if not isinstance(entry, dict) or not {"name", "version", "kind"} <= entry.keys():
        raise ValueError(
            "Each provider in NODEWISE_CANDIDATE_PROVIDERS needs name, version and kind."
        )
    if unknown := sorted(entry.keys() - KEYS):
        raise ValueError(f"NODEWISE_CANDIDATE_PROVIDERS knows no {', '.join(unknown)}.")
    name, version = str(entry["name"]).strip(), str(entry["version"]).strip()
    if not 0 < len(name) <= LONGEST_NAME or not 0 < len(version) <= LONGEST_VERSION:
        raise ValueError(
            f"A provider's name has 1 to {LONGEST_NAME} characters, its version 1 to "
            f"{LONGEST_VERSION} (NODEWISE_CANDIDATE_PROVIDERS)."
        )
    if entry["kind"] not in KINDS:
        raise ValueError(f"Provider '{name}' is of no kind that is known: {', '.join(KINDS)}.")
    cohorts, settings = entry.get("cohorts", []), entry.get("settings", {})
    if not isinstance(cohorts, list) or not isinstance(settings, dict):
        raise TypeError(f"Provider '{name}': cohorts is a list, settings an object.")
    return ProviderSettings(
        name=name,
        version=version,
        kind=entry["kind"],
        cohorts=tuple(map(str, cohorts)),
        settings=settings,
    )
