"""Identifiers are found in any letter case and common encoding, and chance finds none."""

import base64
import json

import pytest

from cohorts.deidentification.tokens import read_tokens, tokens_in

WORD = "Müller-4711"


@pytest.mark.parametrize(
    "data",
    [
        WORD.encode(),
        WORD.upper().encode(),
        WORD.encode("latin-1"),
        WORD.encode("utf-16-le"),
        WORD.encode("utf-16-be"),
        b"name=M%C3%BCller-4711&x",
        json.dumps({"a": WORD}).encode(),
        *(base64.b64encode(b"x" * before + WORD.encode() + b"yz") for before in range(4)),
    ],
)
def test_a_token_is_found_however_it_is_written(data):
    (token,) = read_tokens(WORD)
    assert list(tokens_in(b"before " + data + b" after", [token])) == [token]
    assert WORD not in token.shown
    assert "4711" not in token.shown


def test_other_words_are_not_found():
    assert list(tokens_in(b"Mueller-4712 QX001", read_tokens(WORD))) == []


def test_lists_may_be_lines_or_json():
    lines = [token.text for token in read_tokens(" Anna Test \n\n77002331\nAnna Test\n")]
    assert lines == ["Anna Test", "77002331"]
    assert [token.text for token in read_tokens('{"tokens": {"QX0017001": "name"}}')] == [
        "QX0017001"
    ]
    assert [token.text for token in read_tokens('["QX0017001"]')] == ["QX0017001"]


@pytest.mark.parametrize("text", ["", "\n", "{}", "abc"])
def test_a_list_that_cannot_be_searched_for_is_refused(text):
    with pytest.raises(ValueError, match="token"):
        read_tokens(text)
