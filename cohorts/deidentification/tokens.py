"""cohorts.deidentification: look for known identifiers in stored bytes, however written."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

SHORTEST_TOKEN = 4
"""In bytes of UTF-8; shorter words occur everywhere by chance."""
SIGNIFICANT_BASE64 = 6


@dataclass(frozen=True)
class Token:
    """One identifier that must occur nowhere; `text` is never shown whole."""

    number: int
    text: str

    @property
    def shown(self) -> str:
        """How a report names the token: its place in the list, first character and length."""
        return f"token {self.number} ({self.text[0]}…, {len(self.text)} characters)"

    @cached_property
    def patterns(self) -> frozenset[bytes]:
        """The byte sequences that betray the token, in lower case; Base64 as it is."""
        # bytes.lower() turns ASCII letters alone, so that others are looked for in both cases.
        encoded = {form.lower() for word in self._spellings for form in _encodings(word)}
        return frozenset(one for one in encoded if len(one) >= SHORTEST_TOKEN)

    @property
    def _spellings(self) -> set[str]:
        return {self.text, self.text.casefold(), self.text.upper()}

    @cached_property
    def base64_patterns(self) -> frozenset[bytes]:
        """What Base64 makes of the token, whatever bytes are before and after it."""
        return frozenset(
            part
            for text in self._spellings
            for offset in range(3)
            if len(part := _base64_core(text.encode(), offset)) >= SIGNIFICANT_BASE64
        )

    def is_in(self, data: bytes, lowered: bytes) -> bool:
        """Say whether the token occurs in `data`; `lowered` is ``data.lower()``."""
        return any(pattern in lowered for pattern in self.patterns) or any(
            pattern in data for pattern in self.base64_patterns
        )


def _encodings(word: str) -> Iterator[bytes]:
    for name in ("utf-8", "utf-16-le", "utf-16-be"):
        yield word.encode(name)
    if word.isascii() or not word.encode("latin-1", errors="replace").count(b"?"):
        yield word.encode("latin-1", errors="replace")
    yield quote(word).encode()
    yield "".join(f"%{byte:02x}" for byte in word.encode()).encode()
    yield json.dumps(word)[1:-1].encode()  # what is not ASCII becomes \\uXXXX


def _base64_core(word: bytes, offset: int) -> bytes:
    """Return the characters of a Base64 text that depend on the word alone."""
    encoded = base64.b64encode(b"\0" * offset + word)
    first = -(-offset * 8 // 6)
    last = (offset + len(word)) * 8 // 6
    return encoded[first:last]


def read_tokens(text: str) -> list[Token]:
    """Read a list of tokens: one a line, or JSON (a list, or an object with "tokens").

    Raises
    ------
    ValueError
        If there is none, or one is too short to be looked for.
    """
    words = _words(text)
    if not words:
        raise ValueError("the list holds no token: give one a line, or JSON with 'tokens'")
    short = [
        number for number, word in enumerate(words, start=1) if len(word.encode()) < SHORTEST_TOKEN
    ]
    if short:
        raise ValueError(
            f"token {short[0]} has fewer than {SHORTEST_TOKEN} bytes and would be found "
            "everywhere by chance; leave it out"
        )
    return [Token(number, word) for number, word in enumerate(words, start=1)]


def _words(text: str) -> list[str]:
    if text.lstrip().startswith(("{", "[")):
        document = json.loads(text)
        found = document.get("tokens", []) if isinstance(document, dict) else document
        words: Iterable[str] = (str(word) for word in found)
    else:
        words = text.splitlines()
    return list(dict.fromkeys(word.strip() for word in words if word.strip()))


def tokens_in(data: bytes, tokens: Iterable[Token]) -> Iterator[Token]:
    """Yield the tokens that occur in some bytes, in any letter case and common encoding."""
    lowered = data.lower()
    for token in tokens:
        if token.is_in(data, lowered):
            yield token
