"""The frozen table as bytes and as files: nothing lost, nothing that depends on the order."""

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readerstudy.analysis import frozen_table
from readerstudy.analysis.computing.endpoints import NodeRow, StudyTable
from readerstudy.analysis.frozen_table import (
    CaseReading,
    FlowCount,
    FrozenTable,
    NodeLabels,
    PatientIdentifiability,
    PatientRow,
    from_bytes,
    to_bytes,
    to_csv,
)
from tests.readerstudy.analysis.small_table import DIGEST, described, row, table_of

PARTS = ("patients", "readings", "labels", "flow", "identifiability")

# Any study at all

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 10**6)
categories = st.sampled_from((None, 0, 1, 2))


def maybe(values):
    return st.none() | values


def rows_of(readers):
    given_by_some = st.dictionaries(st.sampled_from(readers), st.floats(0, 100))
    return st.lists(
        st.builds(
            NodeRow,
            cohort=names,
            patient=names,
            node=names,
            truth=categories,
            calls=st.fixed_dictionaries(dict.fromkeys(readers, categories)),
            score_metastasis=maybe(numbers),
            score_ene=maybe(numbers),
            short_axis_mm=maybe(numbers),
            level=texts,
            confidence_metastasis=given_by_some,
            confidence_ene=given_by_some,
        ),
        max_size=6,
        unique_by=lambda row: row.key,
    )


patients = st.builds(
    PatientRow,
    cohort=names,
    patient=names,
    model_ene=maybe(counts),
    note=texts,
    age_years=maybe(st.integers(0, 130)),
    **dict.fromkeys(("sex", "primary_site", "pt", "pn", "staging_edition", "scanner"), texts),
    slice_thickness_mm=maybe(numbers),
)
readings = st.builds(
    CaseReading,
    reader=names,
    cohort=names,
    patient=names,
    nodes=counts,
    active_seconds=maybe(numbers),
    total_seconds=maybe(numbers),
    changed_calls=counts,
)
labels = st.builds(
    NodeLabels,
    cohort=names,
    patient=names,
    node=names,
    first=st.sampled_from((0, 1, 2, 9)),
    second=st.sampled_from((0, 1, 2, 9)),
)
flows = st.builds(FlowCount, cohort=names, exclusion_code=texts, patients=counts, nodes=counts)

settled = st.builds(
    PatientIdentifiability,
    cohort=names,
    patient=names,
    stored=st.dictionaries(texts, maybe(texts | counts | st.lists(counts)), max_size=3),
)


@st.composite
def tables(draw):
    readers = draw(st.lists(st.sampled_from(("R1", "R2", "R3", "Ärztin")), min_size=1, unique=True))
    rows = draw(rows_of(readers))
    return FrozenTable(
        sources=draw(st.dictionaries(texts, maybe(texts | numbers | counts), max_size=3)),
        table=StudyTable(readers=tuple(readers), rows=tuple(rows)),
        mask_digests={row.key: draw(texts) for row in rows},
        patients=tuple(draw(st.lists(patients, max_size=4))),
        readings=tuple(draw(st.lists(readings, max_size=4))),
        labels=tuple(draw(st.lists(labels, max_size=4))),
        flow=tuple(draw(st.lists(flows, max_size=4))),
        identifiability=tuple(
            draw(st.lists(settled, max_size=4, unique_by=lambda one: (one.cohort, one.patient)))
        ),
    )


def ordered(entries):
    return sorted(entries, key=repr)


quick = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(tables())
def test_nothing_is_lost_on_the_way_through_bytes(frozen):
    data = to_bytes(frozen)
    back = from_bytes(data)
    assert back.sources == frozen.sources
    assert back.table.readers == frozen.table.readers
    assert list(back.table.rows) == sorted(frozen.table.rows, key=lambda row: row.key)
    assert back.mask_digests == frozen.mask_digests
    for part in PARTS:
        assert ordered(getattr(back, part)) == ordered(getattr(frozen, part)), part
    assert to_bytes(back) == data
    assert data.isascii()


@quick
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_in_which_rows_come_does_not_matter(frozen, rng):
    mixed = {part: shuffled(getattr(frozen, part), rng) for part in PARTS}
    rows = tuple(
        replace(row, calls=dict(shuffled(row.calls.items(), rng)))
        for row in shuffled(frozen.table.rows, rng)
    )
    table = StudyTable(readers=frozen.table.readers, rows=rows)
    masks = dict(shuffled(frozen.mask_digests.items(), rng))
    other = replace(frozen, table=table, mask_digests=masks, **mixed)
    assert to_bytes(other) == to_bytes(frozen)
    assert to_csv(other) == to_csv(frozen)


def shuffled(entries, rng):
    found = list(entries)
    rng.shuffle(found)
    return tuple(found)


@quick
@given(tables())
def test_the_dictionary_names_every_column_and_no_other(frozen):
    head, *lines = csv.reader(io.StringIO(to_csv(frozen)))
    described = list(csv.DictReader(io.StringIO(frozen_table.dictionary_csv(frozen))))
    assert [line["column"] for line in described] == head
    assert len(set(head)) == len(head)
    assert all(line["meaning"] for line in described)
    assert len(lines) == len(frozen.table.rows)


# One small study


def test_the_document_of_a_small_study():
    frozen = table_of(
        row("2"),
        row("1", confidence_ene={"R2": 70.0}),
        sources={"study": "Ü"},
        patients=(described(age_years=50),),
        flow=(FlowCount(cohort="A", exclusion_code="other", patients=1, nodes=2),),
    )
    data = to_bytes(frozen)
    document = json.loads(data)
    assert document["schema_version"] == frozen_table.SCHEMA_VERSION == 4
    assert [entry["node"] for entry in document["rows"]] == ["1", "2"]
    # Only rows with confidence have it: 100,000 rows without need none.
    assert document["rows"][0]["confidence_ene"] == {"R2": 70.0}
    assert not {"confidence_ene", "confidence_metastasis"} & document["rows"][1].keys()
    assert document["patients"][0]["age_years"] == 50
    assert document["flow"] == [
        {"cohort": "A", "exclusion_code": "other", "patients": 1, "nodes": 2}
    ]
    assert b"\\u00dc" in data
    assert b", " not in data
    again = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    assert again == data


# what is refused


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_never_stored(value):
    for frozen in (
        table_of(row(short_axis_mm=value)),
        table_of(row(confidence_ene={"R1": value})),
        table_of(patients=(described(slice_thickness_mm=value),)),
        table_of(sources={"model": {"thresholds": {"ene": value}}}),
    ):
        with pytest.raises(ValueError, match="not JSON compliant"):
            to_bytes(frozen)


@pytest.mark.parametrize("version", [None, 0, 5, "4", "latest"])
def test_a_schema_of_another_time_is_refused(version):
    document = json.loads(to_bytes(table_of())) | {"schema_version": version}
    with pytest.raises(ValueError, match=f"up to 4 was expected, {version!r} found"):
        from_bytes(json.dumps(document).encode())


def test_a_node_stored_twice_is_refused():
    document = json.loads(to_bytes(table_of()))
    document["rows"] *= 2
    with pytest.raises(ValueError, match="listed twice"):
        from_bytes(json.dumps(document).encode())


# tables of earlier versions, byte for byte as they were written

OLD_ROW = (
    b'{"calls":{"R1":2,"R2":null},"cohort":"A","mask_digest":"' + DIGEST.encode() + b'",'
    b'"node":"1","patient":"P1","score_ene":null,"score_metastasis":0.25,"truth":1}'
)
OLD_PLAN = (
    b'{"alpha":0.05,"endpoints":["metastasis","ene","ene_among_metastatic"],'
    b'"missing":"complete_cases","primary":{"comparison":"model_vs_each_reader","endpoint":"ene",'
    b'"measure":"auc","test":"delong_paired"},"reader_view":"binary"}'
)
SCHEMA_1 = (
    b'{"readers":["R1","R2"],"rows":['
    + OLD_ROW
    + b'],"schema_version":1,"sources":{"model":null,"plan":'
    + OLD_PLAN
    + b',"study":"Old"}}'
)
SCHEMA_2 = (
    b'{"patients":[{"cohort":"A","model_ene":2,"note":"","patient":"P1"},'
    b'{"cohort":"A","model_ene":0,"note":"no node found","patient":"P2"}],'
    b'"readers":["R1","R2"],"rows":['
    + OLD_ROW
    + b'],"schema_version":2,"sources":{"model":{"name":"Net"},"plan":'
    + OLD_PLAN
    + b',"study":"Old"}}'
)


@pytest.mark.parametrize("data", [SCHEMA_1, SCHEMA_2], ids=["schema 1", "schema 2"])
def test_tables_of_earlier_versions_are_read(data):
    frozen = from_bytes(data)
    (node,) = frozen.table.rows
    assert node == row(score_metastasis=0.25)
    assert (node.short_axis_mm, node.level, node.confidence_ene) == (None, "", {})
    assert frozen.mask_digests == {("A", "P1", "1"): DIGEST}
    assert frozen.sources["study"] == "Old"
    assert (frozen.readings, frozen.labels, frozen.flow) == ((), (), ())


def test_sources_of_earlier_versions_are_given_in_todays_words():
    one, two = from_bytes(SCHEMA_1).sources, from_bytes(SCHEMA_2).sources
    for sources in (one, two):
        assert sources["amendments"] == []
        assert sources["plan"]["schema_version"] == 2
        assert sources["plan"]["primary"]["test"] == "delong"
        assert sources["plan"]["missing"]["calls"] == "complete_pairs"
    assert one["model"] is None
    assert two["model"] == {"name": "Net", "thresholds": {}}


def test_before_patients_were_counted_there_are_none_and_after_they_are_not_described():
    assert from_bytes(SCHEMA_1).patients is None
    first, second = from_bytes(SCHEMA_2).patients
    assert (first.model_ene, first.age_years, first.scanner) == (2, None, "")
    assert (second.patient, second.note) == ("P2", "no node found")


@pytest.mark.parametrize("data", [SCHEMA_1, SCHEMA_2], ids=["schema 1", "schema 2"])
def test_earlier_schemas_are_not_written_again(data):
    assert json.loads(to_bytes(from_bytes(data)))["schema_version"] == 4


def test_a_table_from_before_identifiability_is_read_as_it_is():
    frozen = table_of(row("1"), row("2"), sources={"study": "S"}, patients=(described(),))
    document = json.loads(to_bytes(frozen))
    assert document.pop("identifiability") == []
    document["schema_version"] = frozen_table.BEFORE_IDENTIFIABILITY
    back = from_bytes(json.dumps(document).encode())
    assert back.identifiability == ()
    assert (back.sources, back.patients) == (frozen.sources, frozen.patients)
