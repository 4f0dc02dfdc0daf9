"""A stored case behind DICOMweb, its true voxels beside it, and who asks."""

import pytest

from cohorts import selectors
from cohorts.dicom.runs import full_mask
from cohorts.dicomweb.cases import ServedCase
from cohorts.storage import get
from tests.cases import store_case

EXPLICIT = "1.2.840.10008.1.2.1"
JPEG_LS = "1.2.840.10008.1.2.4.80"


@pytest.fixture
def patient(cohort):
    return store_case(cohort, "P001", nodes=4)


@pytest.fixture
def case(patient):
    return ServedCase(patient)


@pytest.fixture
def root(cohort):
    return f"/dicomweb/{cohort.public_id}"


@pytest.fixture
def coordinator(client, people):
    client.force_login(people.coordinator)
    return client


@pytest.fixture
def volume_hu(patient):
    return selectors.volume_hu(patient.series, 0, len(patient.series.frames) - 1)


@pytest.fixture
def masks(patient):
    """Each node's whole mask by number."""
    return {
        mask.node.number: full_mask(get(mask.runs_key)) for mask in selectors.current_masks(patient)
    }
