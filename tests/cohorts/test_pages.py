"""The coordinators' pages: what they show and how they refuse."""

import pytest
from django.urls import reverse

from cohorts import selectors, services
from cohorts.models import Cohort, IntakeUpload, Node, NodeMask
from cohorts.vocabulary import CohortRole
from jobs.models import JobState
from tests.cases import store_case
from tests.people import join, person


@pytest.fixture
def coordinator(client, people):
    client.force_login(people.coordinator)
    return client


def cohort_page(cohort):
    return reverse("cohorts:cohort", args=[cohort.public_id])


def test_a_cohort_is_created_on_its_list(coordinator, people):
    answer = coordinator.post("/cohorts/", {"name": "New", "kind": "development"}, follow=True)
    made = Cohort.objects.get(name="New")
    assert answer.redirect_chain[-1][0] == cohort_page(made)
    assert "is ready" in answer.text
    assert "No patient yet" in answer.text
    assert selectors.has_role(people.coordinator, made, CohortRole.COORDINATOR)


def test_a_taken_name_is_refused_on_the_page(coordinator, cohort):
    answer = coordinator.post("/cohorts/", {"name": cohort.name, "kind": "development"})
    assert answer.status_code == 422
    assert "already a cohort named" in answer.text


def test_a_coordinator_without_the_permission_has_a_list_and_no_form(client, cohort):
    second = person("second")
    join(cohort, second, CohortRole.COORDINATOR)
    client.force_login(second)
    assert "New cohort" not in client.get("/cohorts/").text
    answer = client.post("/cohorts/", {"name": "Mine", "kind": "development"})
    assert answer.status_code == 422
    assert not Cohort.objects.filter(name="Mine").exists()


def test_a_cohort_shows_its_patients(coordinator, people, cohort):
    patient = store_case(cohort, "P001", nodes=3)
    store_case(cohort, "P002", nodes=0)
    services.exclude_patient(
        by=people.coordinator, patient=patient, code="no_pathology", reason="lost"
    )
    page = coordinator.get(cohort_page(cohort)).text
    assert "2 patients, 1 included, 0 nodes" in page
    assert "3 × 0.8 × 0.8" in page
    assert "4.0 to 4.0" in page
    assert "Excluded: no_pathology" in page
    assert "No node" in page


def test_a_long_list_of_patients_costs_no_more_queries(
    coordinator, cohort, django_assert_max_num_queries
):
    for number in range(12):
        store_case(cohort, f"P{number:03d}", nodes=2, seed=number)
    with django_assert_max_num_queries(20):
        assert coordinator.get(cohort_page(cohort)).status_code == 200


def test_sad_range_and_count_use_current_masks_only(coordinator, cohort):
    store_case(cohort, "P001", nodes=1)
    old = NodeMask.objects.get()
    NodeMask.objects.update(is_current=False, short_axis_mm=99)
    old.pk, old.version, old.short_axis_mm = None, 2, 7.0
    old.save()
    (patient,) = selectors.patients_with_counts(cohort)
    assert (patient.node_count, patient.smallest_sad_mm, patient.largest_sad_mm) == (1, 7.0, 7.0)


def test_a_member_is_added_and_removed(coordinator, people, cohort):
    added = coordinator.post(
        reverse("cohorts:add-member", args=[cohort.public_id]),
        {"username": "OUTSIDER@example.org", "role": "statistician"},
        follow=True,
    )
    assert "outsider is now statistician" in added.text
    assert selectors.has_role(people.outsider, cohort, CohortRole.STATISTICIAN)
    coordinator.post(
        reverse("cohorts:remove-member", args=[cohort.public_id]),
        {"username": "outsider", "role": "statistician"},
    )
    assert not selectors.has_role(people.outsider, cohort, CohortRole.STATISTICIAN)


@pytest.mark.parametrize(
    ("action", "told", "sentence"),
    [
        ("add", {"username": "nobody", "role": "annotator"}, "Nobody has this user name"),
        ("add", {"username": "outsider", "role": "king"}, "not one of the available choices"),
        ("add", {"username": "adjudicator", "role": "annotator"}, "choose another person"),
        ("remove", {"username": "coordinator", "role": "coordinator"}, "last coordinator"),
    ],
)
def test_a_refused_member_is_told_why(coordinator, cohort, action, told, sentence):
    answer = coordinator.post(reverse(f"cohorts:{action}-member", args=[cohort.public_id]), told)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_coordinator_who_leaves_goes_home(coordinator, people, cohort):
    second = person("second")
    join(cohort, second, CohortRole.COORDINATOR)
    answer = coordinator.post(
        reverse("cohorts:remove-member", args=[cohort.public_id]),
        {"username": "coordinator", "role": "coordinator"},
    )
    assert answer["Location"] == "/"


def test_a_file_that_is_no_zip_is_refused_on_the_page(coordinator, cohort, data_dir):
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = coordinator.post(
        reverse("cohorts:start-intake", args=[cohort.public_id]),
        {"file": SimpleUploadedFile("x.zip", b"hello")},
    )
    assert answer.status_code == 422
    assert "The file is not a zip" in answer.text


def test_a_running_upload_is_looked_at_until_it_is_over(coordinator, cohort):
    upload = IntakeUpload.objects.create(
        cohort=cohort,
        shown_name="first.zip",
        state=JobState.RUNNING,
        progress_done=1,
        progress_total=4,
        progress_note="Patient 2 of 4, slice 40 of 90",
    )
    fragment = reverse("cohorts:upload-progress", args=[upload.public_id])
    uploads = reverse("cohorts:uploads", args=[cohort.public_id])
    running = coordinator.get(fragment).text
    assert f'hx-get="{fragment}?' in running
    assert 'hx-trigger="every 1s"' in running
    assert "slice 40 of 90" in running
    assert 'aria-valuenow="25"' in running
    assert "<html" not in running
    assert "every 1s" in coordinator.get(uploads).text
    IntakeUpload.objects.update(state=JobState.DONE)
    assert "every 1s" not in coordinator.get(fragment).text
    assert "every 1s" not in coordinator.get(uploads).text
    assert "No patient was stored" in coordinator.get(fragment).text


def test_an_upload_is_stopped_on_its_page(coordinator, cohort):
    upload = IntakeUpload.objects.create(cohort=cohort, shown_name="first.zip")
    stop = reverse("cohorts:cancel-intake", args=[upload.public_id])
    assert "will stop" in coordinator.post(stop, follow=True).text
    upload.refresh_from_db()
    assert upload.cancel_requested
    IntakeUpload.objects.update(state=JobState.CANCELLED)
    assert "over already" in coordinator.post(stop, follow=True).text


def test_a_patient_page_shows_nodes_and_what_to_look_at(coordinator, cohort):
    patient = store_case(cohort, "P001", nodes=2)
    NodeMask.objects.filter(node__number=1).update(border_mm=12.34)
    Node.objects.filter(number=1).update(auto_side="left", auto_level="IIa")
    found = [(None, "the scan is oblique"), (2, "SAD is 4.0 mm, below 5 mm")]
    patient.series.warnings = [
        {"code": "some_code", "message": message, "node": node} for node, message in found
    ]
    patient.series.save()
    page = coordinator.get(reverse("cohorts:patient", args=[patient.public_id])).text
    assert "12 × 64 × 64" in page
    rows = page.split("<tbody>")[1].split("</tr>")
    assert "12.3" in rows[0]
    assert "IIa left" in rows[0]
    assert "SAD is" not in rows[0]
    assert "SAD is 4.0 mm, below 5 mm" in rows[1]
    assert page.count("The scan is oblique") == 1


def test_the_station_of_each_node_is_told(cohort):
    patient = store_case(cohort, "P001", nodes=2)
    left_out = store_case(cohort, "P002", nodes=1)
    left_out.exclusion_code = "image_quality"
    left_out.save()
    Node.objects.filter(patient=patient, number=1).update(auto_side="left", auto_level="IIa")
    first, second = Node.objects.filter(patient=patient).order_by("number")
    assert selectors.node_stations(cohort) == {
        first.pk: selectors.NodeStation(side="left", level="IIa"),
        second.pk: selectors.NodeStation(side="", level=""),
    }


def test_a_patient_without_nodes_says_so(coordinator, cohort):
    patient = store_case(cohort, "P001", nodes=0)
    page = coordinator.get(reverse("cohorts:patient", args=[patient.public_id])).text
    assert "came without a node mask" in page


def test_a_patient_is_excluded_and_included(coordinator, cohort):
    patient = store_case(cohort, "P001")
    exclude = reverse("cohorts:exclude", args=[patient.public_id])
    include = reverse("cohorts:include", args=[patient.public_id])
    told = {"code": "no_node", "reason": "none seen"}
    assert "P001 is left out" in coordinator.post(exclude, told, follow=True).text
    again = coordinator.post(exclude, told)
    assert again.status_code == 422
    assert "already: reload the page" in again.text
    page = coordinator.post(include, {"reason": "found one"}, follow=True).text
    assert "P001 is included again" in page
