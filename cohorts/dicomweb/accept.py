"""What a client accepts, and what of it can be sent (PS3.18 8.7; pure)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cohorts.dicom.frames import JPEG_LS_LOSSLESS
from cohorts.dicom.part10 import EXPLICIT_LITTLE_ENDIAN

STORED = JPEG_LS_LOSSLESS
DICOM_JSON = "application/dicom+json"
DICOM_FILE = "application/dicom"
OCTETS = "application/octet-stream"
JPEG_LS_IMAGE = "image/jls"
MULTIPART = "multipart/related"
ANYTHING = "*/*"
SYNTAXES = {"*": STORED, STORED: STORED, EXPLICIT_LITTLE_ENDIAN: EXPLICIT_LITTLE_ENDIAN}

_LIST = re.compile(r'(?:[^,"]|"[^"]*")+')
_PARTS = re.compile(r'(?:[^;"]|"[^"]*")+')


class NotAcceptableError(ValueError):
    """Nothing that the client accepts can be sent; the message says what can."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """How something is sent."""

    media_type: str
    transfer_syntax: str
    is_multipart: bool

    @property
    def part_type(self) -> str:
        """The Content-Type of one part."""
        return f"{self.media_type}; transfer-syntax={self.transfer_syntax}"


@dataclass(frozen=True, kw_only=True)
class _Range:
    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    quality: float = 1.0


def accepts_json(header: str) -> None:
    """Raise NotAcceptableError unless DICOM JSON is among what the client accepts."""
    wanted = {ANYTHING, "application/*", DICOM_JSON, "application/json"}
    if not any(one.name in wanted for one in _ranges(header)):
        raise NotAcceptableError(
            f"Only {DICOM_JSON} is sent here: ask for it with the Accept header, or for */*."
        )


def form_of_instances(header: str) -> Form:
    """Return how whole DICOM files are sent.

    Without a transfer syntax the standard's default is meant, Explicit VR Little Endian; "*" and
    ``*/*`` get the files as they are stored.
    """
    return _form(header, (DICOM_FILE,))


def form_of_frames(header: str) -> Form:
    """Return how single frames are sent; see `form_of_instances`."""
    return _form(header, (OCTETS, JPEG_LS_IMAGE))


def _form(header: str, possible: tuple[str, ...]) -> Form:
    for one in _ranges(header):
        is_multipart = one.name in {MULTIPART, ANYTHING}
        name = one.parameters.get("type", ANYTHING) if is_multipart else one.name
        media_type = possible[0] if name == ANYTHING else name
        if media_type not in possible:
            continue
        default = EXPLICIT_LITTLE_ENDIAN if name in {DICOM_FILE, OCTETS} else "*"
        syntax = SYNTAXES.get(one.parameters.get("transfer-syntax", default))
        if syntax is not None and (media_type != JPEG_LS_IMAGE or syntax == STORED):
            return Form(media_type=media_type, transfer_syntax=syntax, is_multipart=is_multipart)
    raise NotAcceptableError(
        f"None of what you accept can be sent. It can be {' or '.join(possible)}, alone or as "
        f'{MULTIPART}; type="...", with transfer-syntax={EXPLICIT_LITTLE_ENDIAN} or {STORED} or *.'
    )


def _ranges(header: str) -> Iterator[_Range]:
    """Yield the media ranges, the most wanted first."""
    found = [_range(text) for text in _LIST.findall(header.strip() or ANYTHING)]
    yield from sorted((one for one in found if one.quality > 0), key=lambda one: -one.quality)


def _range(text: str) -> _Range:
    name, *rest = (part.strip() for part in _PARTS.findall(text))
    pairs = (part.partition("=") for part in rest)
    parameters = {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}
    try:
        quality = float(parameters.pop("q", "1"))
    except ValueError:
        quality = 0.0
    if "type" in parameters:
        parameters["type"] = parameters["type"].lower()
    return _Range(name=name.lower(), parameters=parameters, quality=quality)
