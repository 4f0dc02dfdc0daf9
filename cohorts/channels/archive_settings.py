"""cohorts.channels: which archives may be asked, as the operator wrote it down."""

import ipaddress
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

GIB = 1024**3
KEYS = frozenset(
    {
        "name",
        "url",
        "cohorts",
        "user_env",
        "password_env",
        "token_env",
        "ca_file",
        "max_bytes",
        "max_instances",
        "timeout_s",
    }
)


@dataclass(frozen=True, kw_only=True)
class ArchiveSettings:
    """One DICOMweb archive.

    Attributes
    ----------
    name : str
        As coordinators see it.
    url : str
        Base of the DICOMweb services, e.g. ``https://pacs.example.org/dicom-web``.
    cohorts : tuple of str
        Names of the cohorts that may be filled from here; letter case is ignored.
    user_env, password_env, token_env : str
        Names of environment variables with the credentials; empty: none is sent.
    ca_file : str
        Certificates that sign the archive's own; empty: those that the system trusts.
    max_bytes, max_instances : int
        Limits of one pull.
    timeout_s : float
        How long the archive may stay silent.
    """

    name: str
    url: str
    cohorts: tuple[str, ...]
    user_env: str = ""
    password_env: str = ""
    token_env: str = ""
    ca_file: str = ""
    max_bytes: int = 32 * GIB
    max_instances: int = 50_000
    timeout_s: float = 60.0

    def serves(self, cohort: str) -> bool:
        """Say whether the cohort of this name may be filled from here."""
        return cohort.casefold() in {name.casefold() for name in self.cohorts}

    def secret(self, variable: str) -> str:
        """Return what the environment holds under one of the names above."""
        return os.environ.get(variable, "") if variable else ""


def parse_archives(told: Any) -> tuple[ArchiveSettings, ...]:
    """Read the setting ``NODEWISE_ARCHIVES``.

    Parameters
    ----------
    told : list of dict
        The decoded JSON.

    Raises
    ------
    ValueError, TypeError
        If an entry lacks something, says something unknown, or would send credentials or patients
        in the clear to another machine.
    """
    if not isinstance(told, list):
        raise TypeError("NODEWISE_ARCHIVES must be a JSON list of archives.")
    archives = tuple(_archive(entry) for entry in told)
    names = [archive.name.casefold() for archive in archives]
    if len(set(names)) < len(names):
        raise ValueError("NODEWISE_ARCHIVES names two archives alike: rename one.")
    return archives


def _archive(entry: Mapping[str, Any]) -> ArchiveSettings:
    if not isinstance(entry, dict) or not {"name", "url", "cohorts"} <= entry.keys():
        raise ValueError("Each archive in NODEWISE_ARCHIVES needs name, url and cohorts.")
    if unknown := sorted(entry.keys() - KEYS):
        raise ValueError(f"NODEWISE_ARCHIVES knows no {', '.join(unknown)}.")
    archive = ArchiveSettings(**{**entry, "cohorts": _names(entry["cohorts"])})
    _refuse_open_url(archive)
    return archive


def _names(cohorts: Any) -> tuple[str, ...]:
    if not isinstance(cohorts, Sequence) or isinstance(cohorts, str):
        raise TypeError("'cohorts' of an archive in NODEWISE_ARCHIVES must be a list of names.")
    return tuple(str(name) for name in cohorts)


def _refuse_open_url(archive: ArchiveSettings) -> None:
    parts = urlsplit(archive.url)
    if parts.username or parts.password:
        raise ValueError(
            f"The url of archive '{archive.name}' holds credentials: use user_env and password_env."
        )
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or not _is_loopback(parts.hostname or ""):
        raise ValueError(
            f"The url of archive '{archive.name}' must begin with https://; plain http is for "
            "this machine alone, since images of patients would travel in the clear."
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
