"""A row that asks for work: an upload, the simplest job there is."""

import pytest

from cohorts.models import IntakeUpload


@pytest.fixture
def job(cohort):
    return IntakeUpload.objects.create(cohort=cohort, drop_name="none", shown_name="first.zip")
