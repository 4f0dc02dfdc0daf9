"""The digest covers everything that is locked, and nothing depends on how it is listed."""

import pytest

from readerstudy.reading.plan import default_plan
from readerstudy.reading.protocol import (
    ProtocolCase,
    digest,
    protocol_document,
)

PINNED = "a44633ba036df25280e4fd9ef09da6f54dfe6d3611c755e31f993ab16f108f34"
"""As sha256sum gives it for {"a":null,"b":[1,"\\u00e9"]}."""

pytestmark = pytest.mark.no_database


def document(**changes):
    values = {
        "title": "Neck nodes",
        "protocol": "Call every node.",
        "plan": default_plan(),
        "seed": 7,
        "reader_numbers": [1, 2],
        "cases": [
            ProtocolCase(cohort="A", pseudonym="P2", mask_digests=("b", "a")),
            ProtocolCase(cohort="A", pseudonym="P1", mask_digests=("c",)),
            ProtocolCase(cohort="B", pseudonym="P1", mask_digests=("d",)),
        ],
    }
    return protocol_document(**values | changes)


def test_the_document_names_everything_in_one_order():
    assert document()["cohorts"] == [
        {
            "name": "A",
            "patients": [
                {"pseudonym": "P1", "masks": ["c"]},
                {"pseudonym": "P2", "masks": ["a", "b"]},
            ],
        },
        {"name": "B", "patients": [{"pseudonym": "P1", "masks": ["d"]}]},
    ]


def test_the_digest_is_pinned():
    assert digest({"b": [1, "é"], "a": None}) == PINNED


def test_the_order_of_listing_does_not_matter():
    other = document(reader_numbers=[2, 1], cases=document_cases()[::-1])
    assert digest(other) == digest(document())


def document_cases():
    return [
        ProtocolCase(cohort="A", pseudonym="P1", mask_digests=("c",)),
        ProtocolCase(cohort="A", pseudonym="P2", mask_digests=("a", "b")),
        ProtocolCase(cohort="B", pseudonym="P1", mask_digests=("d",)),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Other"},
        {"protocol": "Call every node!"},
        {"plan": default_plan() | {"alpha": 0.01}},
        {"seed": 8},
        {"reader_numbers": [1]},
        {"cases": document_cases()[:2]},
    ],
)
def test_every_part_moves_the_digest(change):
    assert digest(document(**change)) != digest(document())


def test_a_plan_is_a_copy():
    default_plan()["primary"]["endpoint"] = "metastasis"
    assert default_plan()["primary"]["endpoint"] == "ene"


def test_nan_has_no_digest():
    with pytest.raises(ValueError, match="JSON"):
        digest({"alpha": float("nan")})
