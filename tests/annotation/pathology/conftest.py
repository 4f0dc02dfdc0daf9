"""A patient without a report, a report without errors, and each step on the way to a locked one."""

import pytest

from annotation import services
from annotation.pathology_rules.report import PrimarySide
from tests.annotation.pathology_rules.reports import exactly, report, rows
from tests.cases import store_case


@pytest.fixture
def patient(cohort):
    """P001, without a pathology report."""
    return store_case(cohort, "P001", nodes=2)


@pytest.fixture
def sound():
    """A report without errors and without warnings: pN1."""
    levels = rows(L_IIa=(10, 1, 0), L_III=(8, 0, 0), R_IIa=(6, 0, 0))
    return report(*levels, pn="pN1", largest_deposit=exactly(20), primary_side=PrimarySide.LEFT)


@pytest.fixture
def entered(people, patient, sound):
    """The draft that annotator one entered."""
    return services.enter_report(
        by=people.annotator_one, patient=patient, report=sound, base_revision=0
    )


@pytest.fixture
def checked(people, patient, entered):
    """The same, checked by annotator two."""
    return services.check_report(by=people.annotator_two, patient=patient, base_revision=1)


@pytest.fixture
def locked(people, patient, checked):
    """The same, locked by the coordinator."""
    return services.lock_report(by=people.coordinator, patient=patient, base_revision=2)
