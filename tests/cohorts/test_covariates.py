"""What the analysis takes over of patients: covariates, and the flow by exclusion code."""

import pytest

from cohorts.models import Cohort, Patient
from cohorts.selectors import NO_SERIES, Exclusions, covariates_in, exclusions_in
from cohorts.services import exclude_patient
from tests.cases import SPACING, store_case

KNOWN = {
    "age_years": 61,
    "sex": "F",
    "primary_site": "hypopharynx",
    "pt": "T3",
    "pn": "N2b",
    "staging_edition": "8",
}


def described(cohort):
    return {one.pseudonym: one for one in covariates_in(cohort)}


def with_header(patient, **attributes):
    patient.series.attributes = attributes
    patient.series.save()


def test_every_covariate_of_a_patient(cohort):
    patient = store_case(cohort, "P001")
    Patient.objects.filter(pk=patient.pk).update(**KNOWN)
    with_header(patient, Manufacturer="Siemens", SliceThickness=2.5, KVP=120.0)
    (one,) = covariates_in(cohort)
    assert {name: getattr(one, name) for name in KNOWN} == KNOWN
    assert (one.pseudonym, one.scanner, one.slice_thickness_mm) == ("P001", "Siemens", 2.5)


def test_what_nobody_knows_is_none_or_empty(cohort):
    with_header(store_case(cohort, "P001"))
    (one,) = covariates_in(cohort)
    assert one.age_years is None
    assert {one.sex, one.primary_site, one.pt, one.pn, one.staging_edition, one.scanner} == {""}


def test_without_a_stated_thickness_the_distance_of_the_slices_stands(cohort):
    with_header(store_case(cohort, "P001"), Manufacturer="GE")
    with_header(store_case(cohort, "P002"), SliceThickness=1)
    found = described(cohort)
    assert found["P001"].slice_thickness_mm == SPACING[0] == 3.0
    assert found["P002"].slice_thickness_mm == 1.0
    assert isinstance(found["P002"].slice_thickness_mm, float)


def test_who_was_excluded_is_described_and_who_has_no_series_is_not(people, cohort):
    store_case(cohort, "P002")
    excluded = store_case(cohort, "P001")
    exclude_patient(by=people.coordinator, patient=excluded, code="image_quality", reason="Motion.")
    Patient.objects.create(cohort=cohort, pseudonym="P003", source_key="3" * 64)
    store_case(Cohort.objects.create(name="Other"), "X001")
    assert list(described(cohort)) == ["P001", "P002"]


def test_the_flow_counts_every_patient_and_node_once(people, cohort):
    for number, nodes in enumerate((3, 2, 0, 4, 1, 5), start=1):
        patient = store_case(cohort, f"P00{number}", nodes=nodes)
        if number > 3:
            code = "image_quality" if number < 6 else "other"
            exclude_patient(by=people.coordinator, patient=patient, code=code, reason="Motion.")
    Patient.objects.create(cohort=cohort, pseudonym="P007", source_key="7" * 64)
    store_case(Cohort.objects.create(name="Other"), "X001")
    assert exclusions_in(cohort) == [
        Exclusions(code="", patients=3, nodes=5),
        Exclusions(code="image_quality", patients=2, nodes=5),
        Exclusions(code=NO_SERIES, patients=1, nodes=0),
        Exclusions(code="other", patients=1, nodes=5),
    ]


def test_a_code_stands_before_a_missing_series(cohort):
    Patient.objects.create(
        cohort=cohort, pseudonym="P001", source_key="1" * 64, exclusion_code="other"
    )
    assert [entry.code for entry in exclusions_in(cohort)] == ["other"]


def test_an_empty_cohort_has_no_flow(cohort):
    assert exclusions_in(cohort) == []
    assert covariates_in(cohort) == []


@pytest.mark.parametrize("selector", [covariates_in, exclusions_in])
def test_one_query_whatever_the_size(cohort, selector, django_assert_num_queries):
    for size in (1, 5):
        for number in range(size):
            store_case(cohort, f"P{size}{number}", nodes=number)
        with django_assert_num_queries(1):
            selector(cohort)
