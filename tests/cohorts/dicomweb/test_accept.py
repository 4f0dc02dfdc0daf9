"""What a client accepts decides the form, the transfer syntax, or a refusal in words."""

import pytest

from cohorts.dicomweb import accept
from tests.cohorts.dicomweb.conftest import EXPLICIT, JPEG_LS

FRAMES = "application/octet-stream"


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("", (FRAMES, JPEG_LS, True)),
        ("*/*", (FRAMES, JPEG_LS, True)),
        ('multipart/related; type="*/*"', (FRAMES, JPEG_LS, True)),
        ("multipart/related; type=application/octet-stream", (FRAMES, EXPLICIT, True)),
        (
            'multipart/related; type="application/octet-stream"; transfer-syntax=*',
            (FRAMES, JPEG_LS, True),
        ),
        (f"{FRAMES}; transfer-syntax={EXPLICIT}", (FRAMES, EXPLICIT, False)),
        (f"{FRAMES};transfer-syntax={JPEG_LS}", (FRAMES, JPEG_LS, False)),
        ("image/jls", ("image/jls", JPEG_LS, False)),
        ('multipart/related; type="image/jls"', ("image/jls", JPEG_LS, True)),
        # The first that can be sent, by quality.
        (f"image/jpeg, {FRAMES};q=0.5, image/jls;q=0.9", ("image/jls", JPEG_LS, False)),
        (
            'multipart/related; type="image/jp2, x", application/octet-stream',
            (FRAMES, EXPLICIT, False),
        ),
        ("*/*;q=0, image/jls", ("image/jls", JPEG_LS, False)),
    ],
)
def test_the_form_of_frames(header, told):
    form = accept.form_of_frames(header)
    assert (form.media_type, form.transfer_syntax, form.is_multipart) == told


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("", (JPEG_LS, True)),
        ('multipart/related; type="application/dicom"', (EXPLICIT, True)),
        ('multipart/related; type="application/dicom"; transfer-syntax=*', (JPEG_LS, True)),
        (
            f'multipart/related; type="application/dicom"; transfer-syntax="{JPEG_LS}"',
            (JPEG_LS, True),
        ),
        ("application/dicom", (EXPLICIT, False)),
    ],
)
def test_the_form_of_files(header, told):
    form = accept.form_of_instances(header)
    assert (form.transfer_syntax, form.is_multipart) == told


@pytest.mark.parametrize(
    "header",
    [
        "image/jpeg",
        "text/html",
        f"{FRAMES}; transfer-syntax=1.2.840.10008.1.2.4.90",
        f"image/jls; transfer-syntax={EXPLICIT}",
        "*/*;q=0",
        f"{FRAMES};q=often",
    ],
)
def test_what_cannot_be_sent_is_refused_with_what_can(header):
    with pytest.raises(accept.NotAcceptableError, match=r"It can be .*octet-stream.*1\.2\.840"):
        accept.form_of_frames(header)


def test_metadata_is_json():
    for header in ("", "*/*", "application/dicom+json", "text/html, application/json;q=0.1"):
        accept.accepts_json(header)
    with pytest.raises(accept.NotAcceptableError, match=r"application/dicom\+json"):
        accept.accepts_json("application/dicom+xml")
