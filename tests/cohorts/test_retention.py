"""What the passing of days removes, whether or not anybody uploads anything."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cohorts import retention
from cohorts.models import ArchivePull, ArchiveSearch, IntakeUpload
from jobs import reconcile
from jobs.models import JobState

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_dir")]
DAYS_AGO = {"week": 6, "longer": 8}


@pytest.fixture
def pulls(cohort, settings):
    """A pull that failed within the week and one before it; each has fetched a file."""
    made = {}
    for name, days in DAYS_AGO.items():
        ended = {"state": JobState.FAILED, "finished_at": timezone.now() - timedelta(days=days)}
        search = ArchiveSearch.objects.create(cohort=cohort, sealed_found="ids", **ended)
        made[name] = ArchivePull.objects.create(search=search, sealed_series="ids", **ended)
        folder = settings.PULL_DIR / made[name].public_id.hex
        folder.mkdir(parents=True)
        (folder / "one.dcm").write_bytes(b"image")
    return made


def test_ids_and_files_of_pulls_go_a_week_after_their_end(pulls, settings):
    reconcile.run_once()
    kept, gone = (ArchivePull.objects.select_related("search").get(pk=pulls[n].pk) for n in pulls)
    assert (kept.sealed_series, kept.search.sealed_found) == ("ids", "ids")
    assert (gone.sealed_series, gone.search.sealed_found) == ("", "")
    assert [folder.name for folder in settings.PULL_DIR.iterdir()] == [kept.public_id.hex]


def test_a_report_whose_names_are_gone_is_not_read_again(cohort):
    """The worker looks every minute, and reports of large uploads are large."""
    ended = {"state": JobState.DONE, "finished_at": timezone.now() - timedelta(days=15)}
    reports = ({"patients": [], "names_removed": True}, {"patients": [], "notes": []}, {})
    for report in reports:
        IntakeUpload.objects.create(
            cohort=cohort, drop_name="", shown_name="Secretname", report=report, **ended
        )
    retention.forget_old_names()
    names = IntakeUpload.objects.order_by("pk").values_list("shown_name", flat=True)
    assert list(names) == ["Secretname", "files", "files"]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        retention.forget_old_names()
    assert [one["sql"] for one in queries if one["sql"].startswith("UPDATE")] == []


def test_questions_that_were_asked_anew_are_not_closed(cohort):
    """Somebody answers, and the upload is read again, while the worker closes what it had seen."""
    seen = IntakeUpload.objects.create(
        cohort=cohort, drop_name="", shown_name="a.zip", kept_until=timezone.now()
    )
    later = timezone.now() + timedelta(days=14)
    IntakeUpload.objects.update(kept_until=later)
    retention.close_questions(seen)
    seen.refresh_from_db()
    assert seen.kept_until == later
