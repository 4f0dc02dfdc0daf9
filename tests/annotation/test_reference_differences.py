"""What changed between two versions of a reference standard."""

from hypothesis import given
from hypothesis import strategies as st

from annotation.reference_differences import counted, differences
from annotation.reference_table import digest_of, in_fixed_order
from tests.annotation.test_reference_table import row

CONTENTS = st.dictionaries(
    st.tuples(st.sampled_from(["P1", "P2"]), st.integers(1, 12)),
    st.tuples(
        st.sampled_from([0, 1, 2, 9]),
        st.sampled_from(["agreement", "adjudication"]),
        st.sampled_from(["a" * 64, "b" * 64]),
    ),
).map(
    lambda cells: in_fixed_order(
        row(patient, node, label, source) | {"mask_digest": digest}
        for (patient, node), (label, source, digest) in cells.items()
    )
)


def test_each_kind_of_difference_has_its_words():
    before = [row(node=1), row(node=2), row(node=3), row(node=4), row(node=9, label=2)]
    after = [
        row(node=1),
        row(node=2, label=1, source="adjudication"),
        row(node=3) | {"mask_digest": "b" * 64},
        row(node=4, label=9),
        row(node=10, label=2),
    ]
    found = differences(before, after)
    assert [(one.node, one.sentence) for one in found] == [
        (
            2,
            "Benign became Metastasis without ENE, by adjudication, was by agreement",
        ),
        (3, "another version of the mask"),
        (4, "Benign became Not determinable"),
        (9, "gone: was Metastasis with ENE"),
        (10, "new: Metastasis with ENE"),
    ]
    assert counted(found) == "1 new, 1 gone, 3 changed"


@given(CONTENTS, CONTENTS)
def test_the_differences_lead_from_one_content_to_the_other(before, after):
    found = differences(before, after)
    rows = {(one["patient"], one["node"]): one for one in before}
    for one in found:
        if one.after is None:
            del rows[one.patient, one.node]
        else:
            rows[one.patient, one.node] = one.after
    assert in_fixed_order(rows.values()) == after
    assert (found == []) == (digest_of(before) == digest_of(after))
