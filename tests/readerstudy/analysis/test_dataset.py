"""Freezing joins everything a report describes, each from where it was true."""

import csv
import io
import json
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation import services as annotation
from annotation.models import ReferenceStandard
from cohorts.models import Cohort, Node, NodeMask, Patient
from cohorts.services import exclude_patient
from cohorts.vocabulary import CohortRole
from readerstudy.analysis import frozen_table, services
from readerstudy.analysis.comparator import Role
from readerstudy.analysis.dataset import join
from readerstudy.analysis.frozen_table import CaseReading, FlowCount
from readerstudy.reading import services as reading
from readerstudy.reading.models import Assignment, NodeCall
from readerstudy.reading.plan import default_plan
from readerstudy.reading.selectors import amendments_of
from tests import people as staff
from tests import walk
from tests.cases import store_case
from tests.readerstudy.analysis.test_comparator import version

EXTERNAL = "External test 1"


def frozen_of(study, model=None, *, interim=False):
    return join(study, model, interim=interim, role=None if model is None else Role.PRIMARY)


def rows_of(frozen):
    return {row.key: row for row in frozen.table.rows}


def patients_of(frozen):
    return {one.patient: one for one in frozen.patients}


def label(person, patient, value):
    """Label every node of a patient, without submitting."""
    labelling = annotation.start_labelling(by=person, patient=patient)
    for number, node in enumerate(patient.nodes.all()):
        annotation.record_label(
            by=person,
            labelling=labelling,
            node=node,
            client_id=f"{person.pk:08d}-0000-4000-8000-{node.pk:012d}",
            base_version=number,
            label=value,
        )
    return labelling


def newer_mask(node, **changes):
    """Store another version of a node's mask; the one before is current no longer."""
    mask = NodeMask.objects.get(node=node, is_current=True)
    NodeMask.objects.filter(pk=mask.pk).update(is_current=False)
    for name, value in {"pk": None, "version": 2, "digest": "f" * 64, **changes}.items():
        setattr(mask, name, value)
    mask.save()
    return mask


# rows


def test_the_short_axis_is_of_the_mask_that_was_read(people, cohort, cases):
    for mask in NodeMask.objects.select_related("node__patient"):
        size = mask.node.number + mask.node.patient.pk / 1000
        NodeMask.objects.filter(pk=mask.pk).update(short_axis_mm=size)
    walk.release_truth(people, cohort)
    study = walk.open_study(people, cohort)
    walk.read_everything(people, study)
    node = Node.objects.get(patient=cases[0], number=3)
    read = NodeMask.objects.get(node=node)
    newer_mask(node, short_axis_mm=33.0)
    frozen = frozen_of(study)
    for row in frozen.table.rows:
        patient = cohort.patients.get(pseudonym=row.patient)
        assert row.short_axis_mm == int(row.node) + patient.pk / 1000
        assert row.level == ""
    assert frozen.mask_digests[EXTERNAL, "P001", "3"] == read.digest


def test_scores_of_a_newer_mask_are_not_taken(people, closed, cases):
    newer_mask(Node.objects.get(patient=cases[0], number=3))
    frozen = frozen_of(closed, version("Cut", thresholds={"ene": 0.4}))
    missing = [row.key for row in frozen.table.rows if row.score_ene is None]
    assert missing == [(EXTERNAL, "P001", "3")]
    assert patients_of(frozen)["P001"].note == "4 of 5 nodes predicted"
    assert patients_of(frozen)["P001"].model_ene is None


# the plan


def test_without_amendments_the_plan_is_the_one_that_was_opened(closed):
    sources = frozen_of(closed).sources
    assert sources["plan"] == default_plan()
    assert sources["amendments"] == []
    assert sources["protocol_digest"] == closed.protocol_digest


def test_the_plan_in_force_is_frozen_with_its_amendments(people, study):
    people.statistician.first_name, people.statistician.last_name = "Ada", "Statistician"
    people.statistician.save()
    strict = default_plan() | {"alpha": 0.01}
    reading.amend_plan(by=people.coordinator, study=study, plan=strict, reason="A referee asked.")
    frozen_before = frozen_of(study, interim=True)
    final = strict | {"bootstrap_replicates": 4000}
    reading.amend_plan(by=people.statistician, study=study, plan=final, reason="More replicates.")
    sources = frozen_of(study, interim=True).sources
    assert frozen_before.sources["plan"] == strict
    assert sources["plan"] == final
    first, second = amendments_of(study)
    assert sources["amendments"] == [
        {
            "number": 1,
            "reason": "A referee asked.",
            "at": first.at.isoformat(timespec="seconds"),
            "by": "coordinator",
            "digest": first.digest,
        },
        {
            "number": 2,
            "reason": "More replicates.",
            "at": second.at.isoformat(timespec="seconds"),
            "by": "Ada Statistician",
            "digest": second.digest,
        },
    ]
    assert len({first.digest, second.digest}) == 2
    assert all(entry["at"].endswith("+00:00") for entry in sources["amendments"])
    assert study.protocol_digest == sources["protocol_digest"]


def test_it_says_when_the_study_was_opened_and_the_model_registered(closed):
    model = version("Net")
    sources = frozen_of(closed, model).sources
    assert sources["opened_at"] == closed.opened_at.isoformat(timespec="seconds")
    registered = model.registered_at.isoformat(timespec="seconds")
    assert sources["model"]["registered_at"] == registered


# readings


def test_every_submitted_case_has_its_reading_time(people, closed):
    case = Assignment.objects.get(reader__study=closed, reader__number=2, patient__pseudonym="P003")
    readings = frozen_of(closed).readings
    assert [(one.reader, one.patient) for one in readings] == [
        (reader, f"P00{number}") for reader in ("R1", "R2") for number in (1, 2, 3, 4)
    ]
    (one,) = [one for one in readings if (one.reader, one.patient) == ("R2", "P003")]
    assert one == CaseReading(
        reader="R2",
        cohort=EXTERNAL,
        patient="P003",
        nodes=5,
        active_seconds=None,
        total_seconds=(case.submitted_at - case.first_opened_at).total_seconds(),
        changed_calls=0,
    )


def test_the_browsers_events_and_changed_calls_are_in_it(people, cohort, cases):
    walk.release_truth(people, cohort)
    study = walk.open_study(people, cohort)
    me = people.reader_one
    case = Assignment.objects.filter(reader__study=study, reader__user=me).earliest("position")
    events = [("opened", 0), ("slice", 2_000), ("closed", 6_500)]
    told = [reading.EventGiven(kind=k, slice_index=None, node=None, at_ms=t) for k, t in events]
    reading.record_events(by=me, case=case.public_id, events=told)
    walk.read_as(me, study, cases=1)
    reading.reopen_case(by=people.coordinator, assignment=case, reason="Wrong key.")
    walk.read_as(me, study, cases=1)
    (one,) = frozen_of(study, interim=True).readings
    assert (one.active_seconds, one.changed_calls) == (6.5, 5)
    assert NodeCall.objects.filter(supersedes__isnull=False).count() == 5


def test_interim_data_hold_times_of_submitted_cases_only(people, cohort, cases):
    walk.release_truth(people, cohort)
    study = walk.open_study(people, cohort)
    walk.read_as(people.reader_two, study, cases=3)
    frozen = frozen_of(study, interim=True)
    assert frozen.sources["interim"] is True
    assert [one.reader for one in frozen.readings] == ["R2"] * 3
    called = {row.patient for row in frozen.table.rows if row.calls["R2"] is not None}
    assert {one.patient for one in frozen.readings} == called
    assert len(frozen.labels) == 20
    assert frozen.flow == (FlowCount(cohort=EXTERNAL, exclusion_code="", patients=4, nodes=20),)


# labels


def test_both_annotators_labels_of_every_node_that_was_read(closed):
    labels = {(one.patient, one.node): (one.first, one.second) for one in frozen_of(closed).labels}
    assert len(labels) == 20
    for (_, node), pair in labels.items():
        truth = int(node) % 3
        # They disagree on node 1 only, and the adjudicator decided.
        assert pair == ((1, 2) if node == "1" else (truth, truth))


def test_nodes_have_labels_only_when_both_annotators_submitted(people, cohort, cases):
    walk.release_truth(people, cohort)
    later = store_case(cohort, "P005", nodes=2)
    study = walk.open_study(people, cohort)
    walk.read_everything(people, study)

    def labelled():
        found = frozen_of(study, interim=True).labels
        return {one.node: (one.first, one.second) for one in found if one.patient == "P005"}

    first, second = people.annotator_one, people.annotator_two
    annotation.submit_labelling(by=first, labelling=label(first, later, 2))
    draft = label(second, later, 9)
    assert labelled() == {}
    annotation.submit_labelling(by=second, labelling=draft)
    assert labelled() == {"1": (2, 9), "2": (2, 9)}
    # Released before they were labelled: still without truth.
    rows = rows_of(frozen_of(study, interim=True))
    assert rows[EXTERNAL, "P005", "1"].truth is None


def test_labels_of_nodes_nobody_read_are_not_frozen(people, cohort, closed):
    later = store_case(cohort, "P005", nodes=2)
    for person in (people.annotator_one, people.annotator_two):
        annotation.submit_labelling(by=person, labelling=label(person, later, 0))
    assert {one.patient for one in frozen_of(closed).labels} == {"P001", "P002", "P003", "P004"}


# patients and flow


def test_the_flow_has_who_was_excluded_and_who_has_no_series(people, cohort, cases):
    walk.release_truth(people, cohort)
    gone = store_case(cohort, "P005", nodes=3)
    exclude_patient(by=people.coordinator, patient=gone, code="no_pathology", reason="Lost.")
    Patient.objects.create(cohort=cohort, pseudonym="P006", source_key="6" * 64)
    study = walk.open_study(people, cohort)
    walk.read_everything(people, study)
    store_case(cohort, "P007", nodes=0)
    frozen = frozen_of(study)
    told = {(one.exclusion_code, one.patients, one.nodes) for one in frozen.flow}
    assert told == {("", 5, 20), ("no_pathology", 1, 3), ("no CT series", 1, 0)}
    assert {one.cohort for one in frozen.flow} == {EXTERNAL}
    assert sorted(patients_of(frozen)) == ["P001", "P002", "P003", "P004", "P007"]
    assert patients_of(frozen)["P007"].note == "no node found"


def test_covariates_stand_with_their_patient(people, cohort, cases):
    known = {
        "age_years": 58,
        "sex": "M",
        "primary_site": "larynx",
        "pt": "T4a",
        "pn": "N3b",
        "staging_edition": "8",
    }
    Patient.objects.filter(pk=cases[1].pk).update(**known)
    cases[1].series.attributes = {"Manufacturer": "Philips", "SliceThickness": 1.25}
    cases[1].series.save()
    walk.release_truth(people, cohort)
    study = walk.open_study(people, cohort)
    walk.read_everything(people, study)
    patients = patients_of(frozen_of(study))
    two, three = patients["P002"], patients["P003"]
    assert {name: getattr(two, name) for name in known} == known
    assert (two.scanner, two.slice_thickness_mm) == ("Philips", 1.25)
    assert (three.age_years, three.sex, three.scanner) == (None, "", "")
    assert three.slice_thickness_mm == 3.0  # the distance of the slices


def test_who_is_excluded_after_reading_stays_described(people, closed, cases):
    Patient.objects.filter(pk=cases[0].pk).update(age_years=70)
    exclude_patient(
        by=people.coordinator, patient=cases[0], code="consent_withdrawn", reason="Letter."
    )
    frozen = frozen_of(closed)
    assert patients_of(frozen)["P001"].age_years == 70
    assert sum(row.patient == "P001" for row in frozen.table.rows) == 5
    assert {one.exclusion_code: one.patients for one in frozen.flow} == {
        "": 3,
        "consent_withdrawn": 1,
    }


def test_two_cohorts_keep_patients_of_one_name_apart(people, cohort, cases):
    other = second_cohort(people)
    twin = store_case(other, "P001", nodes=2, seed=9)
    for patient, age in ((cases[0], 40), (twin, 80)):
        Patient.objects.filter(pk=patient.pk).update(age_years=age)
    for one in (cohort, other):
        walk.release_truth(people, one)
    study = reading.create_study(by=people.coordinator, title="Two", cohorts=[cohort, other])
    reading.update_protocol(by=people.coordinator, study=study, protocol="Call every node.")
    reading.add_reader(by=people.coordinator, study=study, user=people.reader_one)
    study = reading.open_study(by=people.coordinator, study=study, seed=3)
    walk.read_as(people.reader_one, study)
    frozen = frozen_of(study, interim=True)
    ages = {(one.cohort, one.patient): one.age_years for one in frozen.patients}
    assert ages[EXTERNAL, "P001"] == 40
    assert ages["External test 2", "P001"] == 80
    assert [one.cohort for one in frozen.flow] == [EXTERNAL, "External test 2"]
    assert len([one for one in frozen.labels if one.cohort == "External test 2"]) == 2
    data = frozen_table.to_bytes(frozen)
    lines = list(csv.DictReader(io.StringIO(frozen_table.to_csv(frozen_table.from_bytes(data)))))
    assert {line["age_years"] for line in lines if line["patient"] == "P001"} == {"40", "80"}


# the whole


def second_cohort(people, name="External test 2"):
    made = Cohort.objects.create(name=name)
    for person, role in (
        (people.coordinator, CohortRole.COORDINATOR),
        (people.annotator_one, CohortRole.ANNOTATOR),
        (people.annotator_two, CohortRole.ANNOTATOR),
        (people.adjudicator, CohortRole.ADJUDICATOR),
        (people.statistician, CohortRole.STATISTICIAN),
    ):
        staff.join(made, person, role)
    return made


def test_the_number_of_queries_does_not_grow(people, cohort):
    counted = []
    for place, (patients, nodes) in ((cohort, (2, 1)), (second_cohort(people), (7, 6))):
        for number in range(patients):
            store_case(place, f"P00{number}", nodes=nodes, seed=place.pk)
        walk.release_truth(people, place)
        study = walk.open_study(people, place, title=place.name)
        walk.read_everything(people, study)
        model = walk.import_scores(people, place, name=place.name)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            frozen = frozen_of(study, model)
        assert len(frozen.table.rows) == patients * nodes
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 40


def test_what_is_frozen_is_what_is_read_back(people, closed, model):
    joined = frozen_of(closed, model)
    dataset = services.freeze_dataset(by=people.statistician, study=closed, model=model)
    data = frozen_table.to_bytes(joined)
    assert frozen_table.to_bytes(frozen_table.from_bytes(data)) == data
    assert services.selectors.frozen_table_of(dataset) == frozen_table.from_bytes(data)


@pytest.mark.parametrize("part", ["readings", "labels", "flow", "patients"])
def test_every_part_changes_the_digest(closed, part):
    joined = frozen_of(closed)
    less = replace(joined, **{part: getattr(joined, part)[1:]})
    assert getattr(joined, part) != ()
    assert frozen_table.to_bytes(less) != frozen_table.to_bytes(joined)


# what pathology settles


def test_levels_and_what_reports_leave_open_come_with_the_newest_release(people, cohort, closed):
    before = frozen_of(closed)
    assert {one.stored["report_version"] for one in before.identifiability} == {None}
    last = ReferenceStandard.objects.get(cohort=cohort)
    told = json.loads(json.dumps(last.identifiability))
    for one in told:
        one["levels"] = {"1": "left IIa"}
    told[0]["report_version"] = 3
    ReferenceStandard.objects.create(
        cohort=cohort,
        version=2,
        content=last.content,
        identifiability=[*told, {**told[0], "patient": "not read"}],
        digest="e" * 64,
        released_by=people.coordinator,
    )
    after = frozen_of(closed)
    levels = {(row.patient, row.node): row.level for row in after.table.rows}
    assert levels["P001", "1"] == "IIa"
    assert levels["P001", "2"] == ""
    read = {row.patient for row in after.table.rows}
    assert {one.patient for one in after.identifiability} == read
    assert 3 in {one.stored["report_version"] for one in after.identifiability}
    assert frozen_table.to_bytes(before) != frozen_table.to_bytes(after)


def test_a_release_from_before_leaves_levels_and_the_rest_open(people, cohort, closed):
    last = ReferenceStandard.objects.get(cohort=cohort)
    ReferenceStandard.objects.create(
        cohort=cohort,
        version=2,
        content=last.content,
        digest="e" * 64,
        released_by=people.coordinator,
    )
    frozen = frozen_of(closed)
    assert frozen.identifiability == ()
    assert {row.level for row in frozen.table.rows} == {""}
