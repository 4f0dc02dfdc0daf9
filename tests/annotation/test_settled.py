"""What a release keeps of how far pathology settles which nodes are positive."""

import csv
import io
import json

import pytest
from django.db import DatabaseError, transaction

from annotation import selectors, services
from annotation.models import ReferenceStandard
from annotation.pathology_rules.details import LabelDetails
from annotation.pathology_rules.identifiability import Identifiability, judge, n_labelings
from annotation.reference_identifiability import (
    FinalNode,
    choices_in,
    settled_by_pathology,
    settled_counts,
    settled_levels,
)
from annotation.reference_table import digest_of
from cohorts.models import NodeMask
from tests.annotation.conftest import save
from tests.annotation.pathology_rules.reports import exactly, report, rows
from tests.annotation.test_report_check import lock

REPORT = report(*rows(L_IIa=(5, 1, 1), L_III=(8, 0, 0)))


def at(place, **told):
    return LabelDetails(place=place, **told)


def node(number, label, place="left IIa", *, other=None, labels=None, sad=8.0, **told):
    """A final node; ``other`` is the second annotator's place where it is another."""
    second = at(other) if other is not None else at(place, **told)
    return FinalNode(
        number=number,
        label=label,
        short_axis_mm=sad,
        labels=labels or (label, label),
        details=(at(place, **told), second),
    )


def settled(*nodes, given=REPORT):
    return settled_by_pathology("P001", nodes, None if given is None else (given, 2))


def test_levels_are_forced_size_matched_or_ambiguous():
    stored = settled(node(1, 2, sad=12), node(2, 0, sad=9), node(3, 0, "left III"))
    (iia, iii) = settled_levels([stored])
    assert (iia.level, iia.nodes, iia.metastasis) == ("left IIa", (1, 2), "size_matched")
    assert (iia.metastasis_sets, iia.n_labelings) == ("{1} or {2}", 2)
    assert (iii.level, iii.metastasis, iii.metastasis_sets) == ("left III", "forced", "{}")
    alike = settled(node(1, 2, sad=9.5), node(2, 0, sad=9))
    assert settled_levels([alike])[0].metastasis == "ambiguous"
    counts = settled_counts([stored, alike])
    assert counts.levels == {"size_matched": 1, "forced": 1, "ambiguous": 1}
    assert counts.nodes == {"size_matched": 2, "forced": 1, "ambiguous": 2}


def test_a_level_that_was_not_dissected_settles_nothing():
    (one,) = settled_levels([settled(node(1, 9, "right VI"))])
    assert (one.metastasis, one.ene, one.n_labelings) == ("not_determinable",) * 2 + (None,)
    assert one.metastasis_sets == ""


def test_levels_and_matting_are_of_the_annotator_who_was_right_more_often():
    told = [
        node(1, 2, "left III", other="left IIa", labels=(0, 2)),
        node(2, 0, "left III", other="left IIa", labels=(0, 0)),
    ]
    stored = settled(*told)
    assert stored["levels"] == {"1": "left IIa", "2": "left IIa"}
    assert stored["disputed"] == [1, 2]
    # As often right: the first.
    assert settled(told[1])["levels"] == {"2": "left III"}


def test_a_level_that_one_left_out_is_the_others():
    stored = settled(node(1, 2, "", other="left IIa"), node(2, 0, ""))
    assert stored["levels"] == {"1": "left IIa"}
    assert (stored["unplaced"], stored["disputed"]) == ([2], [])


def test_the_level_of_the_report_counts_and_the_own_one_is_kept():
    stored = settled(node(1, 0, "left IIa", matched="left III"))
    assert settled_levels([stored])[0].level == "left III"
    assert stored["levels"] == {"1": "left IIa"}


def test_without_a_report_nothing_is_settled_and_it_is_said():
    stored = settled(node(1, 2), given=None)
    assert (stored["groups"], stored["report_version"]) == ([], None)
    assert settled_counts([stored]).without_report == ("P001",)


def test_what_is_kept_reads_back_as_it_was():
    stored = json.loads(json.dumps(settled(node(1, 2, matted="A"), node(2, 2, matted="A"))))
    (group,) = choices_in(stored)
    assert group.units[0].is_matted
    assert judge(group, group.metastasis) is Identifiability.FORCED
    assert n_labelings(group) == stored["groups"][0]["n_labelings"]


@pytest.fixture
def with_report(people, cohort, patients):
    """P001 with a locked report and two nodes in its left level IIa; P002 without a report."""
    levels = rows(L_IIa=(10, 1, 0))
    lock(people, patients[0], *levels, pn="pN1", largest_deposit=exactly(8))
    for person in (people.annotator_one, people.annotator_two):
        for patient, labels in zip(patients, ((1, 0), (2,)), strict=True):
            labelling = services.start_labelling(by=person, patient=patient)
            for number, label in enumerate(labels, 1):
                details = LabelDetails(place="left IIa", basis="guess", certainty=1)
                save(labelling, number, label, details=details)
            _reasoned(person, labelling)
            services.submit_labelling(by=person, labelling=labelling)
    return services.release_reference_standard(by=people.coordinator, cohort=cohort)


def _reasoned(person, labelling):
    check = selectors.report_check(labelling)
    for number, one in enumerate(check.findings if check else ()):
        services.give_reason(
            by=person,
            labelling=labelling,
            client_id=f"00000000-0000-4000-8000-{person.pk:06}{labelling.pk:04}{number:02}",
            code=one.finding.code,
            sentence=one.finding.sentence,
            reason="Seen on CT.",
        )


def test_a_release_keeps_it_within_its_digest(people, cohort, with_report):
    released = ReferenceStandard.objects.get()
    one, two = released.identifiability
    assert (one["patient"], one["report_version"]) == ("P001", 1)
    (level,) = settled_levels([one])
    sizes = list(NodeMask.objects.filter(node__patient__pseudonym="P001").order_by("node__number"))
    units = [unit["sad_mm"] for unit in one["groups"][0]["units"]]
    assert units == [mask.short_axis_mm for mask in sizes]
    assert (level.metastasis_sets, level.ene) == ("{1} or {2}", "forced")
    assert (two["patient"], two["report_version"], two["groups"]) == ("P002", None, [])
    assert released.digest == digest_of(released.content, released.identifiability)
    assert released.digest != digest_of(released.content)
    assert selectors.released_truth(cohort).identifiability == released.identifiability


def test_page_csv_and_api_show_it(client, people, cohort, with_report):
    client.force_login(people.coordinator)
    page = client.get(f"/annotation/cohorts/{cohort.public_id}/release/").text
    assert "{1} or {2}" in page
    assert "Without a locked report: P002." in page
    base = f"/annotation/cohorts/{cohort.public_id}/reference-standard/1"
    lines = list(csv.DictReader(io.StringIO(client.get(f"{base}.csv").text)))
    kept = ("level", "settled_metastasis", "settled_ene")
    metastasis = settled_levels(with_report.identifiability)[0].metastasis
    assert [tuple(line[name] for name in kept) for line in lines] == [
        ("left IIa", metastasis, "forced"),
        ("left IIa", metastasis, "forced"),
        ("left IIa", "", ""),
    ]
    told = client.get(f"{base}.json").json()
    assert told["identifiability"] == with_report.identifiability
    api = client.get(f"/api/v1/annotation/cohorts/{cohort.public_id}/reference-standards/1/")
    assert api.json()["identifiability"] == with_report.identifiability


def test_a_version_from_before_says_so_and_the_next_one_has_it(client, people, cohort, decided):
    rows = selectors.final_rows(cohort)
    ReferenceStandard.objects.create(
        cohort=cohort,
        version=1,
        content=rows,
        digest=digest_of(rows),
        released_by=people.coordinator,
    )
    client.force_login(people.coordinator)
    url = f"/annotation/cohorts/{cohort.public_id}/release/"
    assert "This version is from before it was kept" in client.get(url).text
    assert selectors.released_truth(cohort).identifiability is None
    second = services.release_reference_standard(by=people.coordinator, cohort=cohort)
    assert (second.version, selectors.differences_of(second)) == (2, [])
    assert [one["patient"] for one in second.identifiability] == ["P001", "P002"]


def test_what_is_kept_cannot_be_changed(people, cohort, with_report):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ReferenceStandard.objects.update(identifiability=None)
