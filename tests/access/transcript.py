"""Everything the server answers one person: status, headers and bytes, in the order asked."""

import json
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.test import Client

NAMESPACE = uuid.UUID(int=20260124)
TOKENS = re.compile(rb'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+')
"""The session's own tokens are new in each answer by design; nothing else is taken out."""


def browser_of(session_key: str) -> Client:
    """Return a browser that is signed in already, without cookies from elsewhere."""
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session_key
    return client


def fixed_id(*parts: Any) -> str:
    """Return the id that a browser would draw, the same in every world."""
    return str(uuid.uuid5(NAMESPACE, "/".join(map(str, parts))))


@dataclass
class Transcript:
    """Asks as one person and keeps the answers."""

    client: Client
    answers: list[tuple[str, int, tuple[str, ...], bytes]] = field(default_factory=list)

    def get(self, url: str) -> Any:
        """Ask and keep the answer."""
        return self._keep(f"GET {url}", self.client.get(url))

    def post(self, url: str, body: dict[str, Any] | None = None) -> Any:
        """Send JSON and keep the answer."""
        answer = self.client.post(url, json.dumps(body or {}), "application/json")
        return self._keep(f"POST {url} {json.dumps(body)}", answer)

    def send(self, url: str, body: dict[str, Any]) -> Any:
        """Send a page's form and keep the answer."""
        return self._keep(f"FORM {url}", self.client.post(url, body))

    def _keep(self, question: str, answer: Any) -> Any:
        headers = tuple(
            f"{name}: {value}" for name, value in sorted(answer.headers.items()) if name != "Date"
        )
        cookies = tuple(
            f"cookie {name} {morsel['path']} {morsel['samesite']} {morsel['max-age']}"
            for name, morsel in sorted(answer.cookies.items())
        )
        content = TOKENS.sub(rb"\1", answer.content)
        self.answers.append((question, answer.status_code, headers + cookies, content))
        return answer

    def texts(self) -> list[str]:
        """Return headers and bodies as text, without the pixels' bytes."""
        return [
            "\n".join(headers) + "\n" + ("" if "octet-stream" in str(headers) else body.decode())
            for _, _, headers, body in self.answers
        ]


def first_difference(one: Transcript, other: Transcript) -> str:
    """Name the first answer that differs; empty when all are the same, byte for byte."""
    for here, there in zip(one.answers, other.answers, strict=False):
        if here != there:
            return f"{here[:3]} {here[3][:2000]!r}\n!=\n{there[:3]} {there[3][:2000]!r}"
    if len(one.answers) != len(other.answers):
        return f"{len(one.answers)} answers against {len(other.answers)}"
    return ""
