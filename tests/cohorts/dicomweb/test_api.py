"""Searching, refusals, caching and cost."""

import hashlib
import json

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from cohorts import storage
from cohorts.dicomweb.cases import ServedCase
from cohorts.models import CTSeries
from tests.cases import store_case
from tests.cohorts.dicomweb.conftest import EXPLICIT, JPEG_LS

STUDY_KEYS = {
    *("00080020", "00080030", "00080050", "00080056", "00080061", "00080090", "00081190"),
    *("00100010", "00100020", "00100030", "00100040", "0020000D", "00200010"),
    *("00201206", "00201208"),
}

STUDIES_FOUND = {
    "": ["P001", "P002", "Q003"],
    "PatientID=P002": ["P002"],
    "00100020=Q003": ["Q003"],
    "PatientName=P*": ["P001", "P002"],
    "PatientID=?003": ["Q003"],
    "PatientID=[PQ]001": [],
    "PatientID=P001,Q003": ["P001", "Q003"],
    "ModalitiesInStudy=SEG": ["P001", "Q003"],
    "Modality=SEG": ["P001", "Q003"],
    "StudyDate=20160301": ["P001"],
    "00080020=20160301-20181121": ["P001"],
    "StudyDate=20160302-": ["Q003"],
    "StudyDate=-20160301": ["P001"],
    "StudyDate=*": ["P001", "P002", "Q003"],
    "StudyDate=": ["P001", "P002", "Q003"],
    "SeriesNumber=7": ["Q003"],
    "SeriesNumber=100": ["P001", "Q003"],
    "Modality=CT&SeriesNumber=100": [],
    "AccessionNumber=*1*": [],
    "AccessionNumber=*": ["P001", "P002", "Q003"],
    "StudyDescription=*neck*": [],
    "StudyTime=10-12&StudyID=1&ReferringPhysicianName=A*": [],
    "PerformedProcedureStepStartDate=20160301-&PerformedProcedureStepStartTime=10": [],
    "RequestAttributesSequence.ScheduledProcedureStepID=1": [],
    "00400275.00401001=1": [],
    "limit=1": ["P001"],
    "limit=1&offset=1": ["P002"],
    "offset=3": [],
    "includefield=all&includefield=00080060,PatientAge": ["P001", "P002", "Q003"],
    "includefield=00400275.00400009,00091001": ["P001", "P002", "Q003"],
    "StudyInstanceUID=2.25.1": [],
    "StudyInstanceUID=2.25.": [],
}

REFUSED = (
    "StudyDate=2020",
    "StudyDate=20200101-2021",
    "SOPInstanceUID=2.25.1",
    "InstanceNumber=1",
    "Nonsense=1",
    "limit=-1",
    "limit=many",
    "offset=1.5",
    "includefield=Nonsense",
    "FFFFFFFF=1",
)


def names_of(answer):
    return [one["00100020"]["Value"][0] for one in answer.json()]


def give_header(patient, study_date, series_number=None):
    """Let intake have stored a header with these two attributes."""
    common = {"00080020": {"vr": "DA", "Value": [study_date]}}
    if series_number is not None:
        common["00200011"] = {"vr": "IS", "Value": [series_number]}
    key = storage.put(json.dumps({"common": common}).encode())
    CTSeries.objects.filter(patient=patient).update(header_key=key)
    patient.series.refresh_from_db()


@pytest.fixture
def several(cohort, patient):
    """Three cases: two with the day of their study, one of them with a series number, too."""
    give_header(patient, "20160301")
    second, third = store_case(cohort, "P002", nodes=0), store_case(cohort, "Q003", nodes=1)
    give_header(third, "20181122", 7)
    return [patient, second, third]


@pytest.fixture
def urls(root, case):
    study = f"{root}/studies/{case.names.study_uid}"
    series = f"{study}/series/{case.names.ct_series_uid}"
    return {
        "study": study,
        "series": series,
        "instance": f"{series}/instances/{case.images.uid(2)}",
    }


def test_a_study_has_the_attributes_of_the_standard(coordinator, root, case):
    (study,) = coordinator.get(f"{root}/studies").json()
    assert set(study) == STUDY_KEYS
    assert study["00080061"]["Value"] == ["CT", "SEG"]
    assert study["0020000D"]["Value"] == [case.names.study_uid]
    assert (study["00201206"]["Value"], study["00201208"]["Value"]) == ([2], [13])


def test_studies_are_searched(coordinator, root, several):
    found = {}
    for query in STUDIES_FOUND:
        answer = coordinator.get(f"{root}/studies?{query}")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/dicom+json")
        found[query] = names_of(answer)
    assert found == STUDIES_FOUND


def test_studies_series_and_instances_are_searched_by_uid(coordinator, root, several):
    case = ServedCase(several[2])
    study, series = case.names.study_uid, case.names.segmentation_series_uid
    assert names_of(coordinator.get(f"{root}/studies?StudyInstanceUID={study}")) == ["Q003"]
    assert names_of(coordinator.get(f"{root}/studies?SeriesInstanceUID={series}")) == ["Q003"]
    assert len(coordinator.get(f"{root}/series").json()) == 5
    assert len(coordinator.get(f"{root}/series?Modality=CT").json()) == 3
    assert len(coordinator.get(f"{root}/instances").json()) == 38
    assert len(coordinator.get(f"{root}/studies/{study}/series").json()) == 2
    assert len(coordinator.get(f"{root}/studies/{study}/instances").json()) == 13
    (one,) = coordinator.get(f"{root}/studies/{study}/series/{series}/instances").json()
    assert one["00080018"]["Value"] == [case.segmentation_uid]
    uid = case.images.uid(4)
    assert len(coordinator.get(f"{root}/instances?SOPInstanceUID={uid}").json()) == 1
    assert len(coordinator.get(f"{root}/instances?InstanceNumber=5").json()) == 3
    sop_class = "1.2.840.10008.5.1.4.1.1.66.4"
    assert len(coordinator.get(f"{root}/instances?SOPClassUID={sop_class}").json()) == 2


def test_a_search_tells_the_day_and_the_numbers_of_the_metadata(coordinator, root, several):
    for patient in several:
        study = f"{root}/studies/{ServedCase(patient).names.study_uid}"
        told = coordinator.get(f"{study}/instances").json()
        metadata = {
            one["00080018"]["Value"][0]: one for one in coordinator.get(f"{study}/metadata").json()
        }
        assert len(told) == len(metadata)
        for one in told:
            same = metadata[one["00080018"]["Value"][0]]
            for tag in ("00080020", "00080016", "0020000E", "00200011", "00200013"):
                assert one[tag].get("Value") == same[tag].get("Value"), tag


def test_a_case_whose_header_is_lost_is_found_all_the_same(coordinator, root, several):
    CTSeries.objects.filter(patient=several[0]).update(header_key="0" * 64)
    studies = coordinator.get(f"{root}/studies")
    assert names_of(studies) == ["P001", "P002", "Q003"]
    assert "Value" not in studies.json()[0]["00080020"]


def test_what_cannot_be_searched_by_is_refused(coordinator, root):
    for query in REFUSED:
        answer = coordinator.get(f"{root}/studies?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), query
        assert list(answer.json()["fields"]) == [query.partition("=")[0]]


def test_a_client_is_warned(coordinator, root, several):
    assert "Warning" not in coordinator.get(f"{root}/studies?fuzzymatching=false")
    fuzzy = coordinator.get(f"{root}/studies?fuzzymatching=true&limit=2")["Warning"]
    assert "fuzzymatching parameter is not supported" in fuzzy
    assert "additional results" in fuzzy


@pytest.mark.parametrize(
    ("name", "accept"),
    [
        ("study", "image/jpeg"),
        ("study", "application/dicom"),
        (
            "series",
            'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.50',
        ),
        ("study/metadata", "application/dicom+xml"),
        ("instance/frames/1,1", "application/octet-stream"),
        ("instance/frames/1", "video/mpeg"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words(coordinator, urls, name, accept):
    thing, _, rest = name.partition("/")
    url = urls[thing] + (f"/{rest}" if rest else "")
    answer = coordinator.get(url, headers={"accept": accept})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert len(answer.json()["message"]) > 30


@pytest.mark.parametrize("frames", ["0", "2", "1,2", "999999"])
def test_frames_that_are_not_there(coordinator, urls, frames):
    answer = coordinator.get(f"{urls['instance']}/frames/{frames}")
    assert answer.status_code == (400 if frames == "0" else 404)


@pytest.mark.parametrize("part", ["study", "series", "instance"])
def test_unknown_uids_are_not_found(coordinator, urls, case, part):
    uid = {
        "study": case.names.study_uid,
        "series": case.names.ct_series_uid,
        "instance": case.images.uid(2),
    }[part]
    for wrong in ("2.25.1", "1.2.3", "x", f"2.25.{1 << 128}"):
        assert coordinator.get(urls["instance"].replace(uid, wrong)).status_code == 404


def test_a_single_frame_is_the_stored_stream_and_may_be_kept(coordinator, urls, patient):
    accept = {"accept": f"application/octet-stream; transfer-syntax={JPEG_LS}"}
    answer = coordinator.get(f"{urls['instance']}/frames/1", headers=accept)
    assert answer["Content-Type"] == f"application/octet-stream; transfer-syntax={JPEG_LS}"
    assert hashlib.sha256(answer.content).hexdigest() == patient.series.frames[2]["sha256"]
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Accept" in answer["Vary"]
    again = coordinator.get(
        f"{urls['instance']}/frames/1", headers=accept | {"if-none-match": answer["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_a_frame_is_decoded_on_demand(coordinator, urls, volume_hu):
    accept = {"accept": f"application/octet-stream; transfer-syntax={EXPLICIT}"}
    answer = coordinator.get(f"{urls['instance']}/frames/1", headers=accept)
    plane = np.frombuffer(answer.content, "<u2").reshape(64, 64).astype(int) - 1024
    assert np.array_equal(plane, volume_hu[2])


def test_a_refined_mask_changes_the_tag_of_the_study(coordinator, urls, patient):
    url = f"{urls['study']}/metadata"
    before = coordinator.get(url)["ETag"]
    assert coordinator.get(url, headers={"if-none-match": before}).status_code == 304
    patient.nodes.first().masks.update(digest="f" * 64)
    assert coordinator.get(url, headers={"if-none-match": before}).status_code == 200


def test_a_lost_or_damaged_frame_is_said(coordinator, urls, patient):
    key = patient.series.frames[2]["sha256"]
    path = f"{key[:2]}/{key[2:4]}/{key}"
    kept = default_storage.open(path).read()
    default_storage.delete(path)
    try:
        answer = coordinator.get(f"{urls['instance']}/frames/1")
        assert (answer.status_code, answer.json()["code"]) == (503, "frame_unavailable")
    finally:
        default_storage.save(path, ContentFile(kept))


def count(client, url, django_assert_max_num_queries, most):
    with django_assert_max_num_queries(most) as asked:
        answer = client.get(url)
        b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == 200
    return len(asked)


def test_retrieval_costs_the_same_whatever_is_retrieved(
    coordinator, urls, django_assert_max_num_queries
):
    frame = f"{urls['instance']}/frames/1"
    assert count(coordinator, frame, django_assert_max_num_queries, 3) == 3
    assert count(coordinator, urls["series"], django_assert_max_num_queries, 3) == 3
    for url in (urls["study"], f"{urls['study']}/metadata"):
        assert count(coordinator, url, django_assert_max_num_queries, 4) == 4


def test_a_search_costs_the_same_whatever_is_found(
    coordinator, root, several, django_assert_max_num_queries
):
    for what in ("studies", "series", "instances", "studies?PatientID=P001"):
        assert count(coordinator, f"{root}/{what}", django_assert_max_num_queries, 5) == 5
