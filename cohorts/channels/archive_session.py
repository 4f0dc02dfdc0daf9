"""cohorts.channels: the HTTP session with one archive: its address, its certificate, its bounds."""

import io
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from cohorts.channels.archive_settings import ArchiveSettings
from cohorts.dicom.errors import IntakeError, RefusalCode

try:
    import requests
    import urllib3
except ModuleNotFoundError:  # the extra "network" is optional; see ArchiveConnection
    IS_INSTALLED = False
else:
    IS_INSTALLED = True

CHUNK_BYTES = 256 * 1024
MOST_LISTED_BYTES = 32 * 1024 * 1024
"""Of an answer that is held in memory: a list of a page of objects has some 2 KiB for each."""


def session_with(archive: ArchiveSettings) -> "requests.Session":
    """Return a session that asks this archive only, as the operator described it."""
    session = _OneHostSession(archive)
    # Neither a proxy nor credentials of the machine's own configuration.
    session.trust_env = False
    if archive.ca_file and not Path(archive.ca_file).is_file():
        raise not_trusted(archive)
    session.verify = archive.ca_file or True
    if token := archive.secret(archive.token_env):
        session.headers["Authorization"] = f"Bearer {token}"
    elif user := archive.secret(archive.user_env):
        session.auth = (user, archive.secret(archive.password_env))
    return session


if IS_INSTALLED:

    class _OneHostSession(requests.Session):
        """Follows redirects to the archive's own address only, and reads lists within bounds."""

        def __init__(self, archive: ArchiveSettings) -> None:
            super().__init__()
            self.home = _origin(archive.url)

        def get_redirect_target(self, resp: "requests.Response") -> str | None:
            target = super().get_redirect_target(resp)
            if target is None:
                return None
            absolute = urljoin(resp.url, target)
            if _origin(absolute) != self.home:
                raise IntakeError(
                    RefusalCode.REMOTE_REDIRECT,
                    "the archive sent us on to another address, which is not followed; the "
                    "operator should write the address that is meant into NODEWISE_ARCHIVES",
                )
            return target

        def send(self, request: "requests.PreparedRequest", **how: Any) -> "requests.Response":
            """Read an answer that is not streamed piece by piece, and refuse a larger one."""
            if how.get("stream"):
                return super().send(request, **how)
            answer = super().send(request, **how | {"stream": True})
            with answer.raw as raw:
                held = _bounded(raw)
            answer.raw = io.BytesIO(held)
            return answer


def _bounded(raw: "urllib3.BaseHTTPResponse") -> bytes:
    held = bytearray()
    try:
        for piece in raw.stream(CHUNK_BYTES, decode_content=True):
            held += piece
            if len(held) > MOST_LISTED_BYTES:
                raise IntakeError(
                    RefusalCode.REMOTE_TOO_LARGE,
                    f"the archive answers a search with more than {MOST_LISTED_BYTES >> 20} MiB; "
                    "search for fewer patients at once, or tell its administrator",
                )
    except urllib3.exceptions.ReadTimeoutError as fault:
        raise requests.exceptions.ReadTimeout(fault) from fault
    except urllib3.exceptions.HTTPError as fault:
        raise requests.exceptions.ConnectionError(fault) from fault
    return bytes(held)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").casefold(), parts.port


def not_trusted(archive: ArchiveSettings) -> IntakeError:
    """Return the refusal of a certificate that nobody vouches for."""
    return IntakeError(
        RefusalCode.REMOTE_TLS,
        f"the certificate of '{archive.name}' is not trusted; the operator should set its ca_file "
        "in NODEWISE_ARCHIVES",
    )
