"""Searching, refusals, caching and cost."""

import hashlib

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from cohorts.dicomweb.cases import ServedCase
from tests.cases import store_case
from tests.cohorts.dicomweb.conftest import EXPLICIT, JPEG_LS

STUDY_KEYS = {
    *("00080020", "00080030", "00080050", "00080056", "00080061", "00080090", "00081190"),
    *("00100010", "00100020", "00100030", "00100040", "0020000D", "00200010"),
    *("00201206", "00201208"),
}


def names_of(answer):
    return [one["00100020"]["Value"][0] for one in answer.json()]


@pytest.fixture
def several(cohort, patient):
    return [patient, store_case(cohort, "P002", nodes=0), store_case(cohort, "Q003", nodes=1)]


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


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["P001", "P002", "Q003"]),
        ("PatientID=P002", ["P002"]),
        ("00100020=Q003", ["Q003"]),
        ("PatientName=P*", ["P001", "P002"]),
        ("PatientID=?003", ["Q003"]),
        ("PatientID=[PQ]001", []),
        ("PatientID=P001,Q003", ["P001", "Q003"]),
        ("ModalitiesInStudy=SEG", ["P001", "Q003"]),
        ("Modality=SEG", ["P001", "Q003"]),
        ("limit=1", ["P001"]),
        ("limit=1&offset=1", ["P002"]),
        ("offset=3", []),
        ("includefield=all&includefield=00080060,PatientAge", ["P001", "P002", "Q003"]),
        ("StudyInstanceUID=2.25.1", []),
        ("StudyInstanceUID=2.25.", []),
    ],
)
def test_studies_are_searched(coordinator, root, several, query, found):
    answer = coordinator.get(f"{root}/studies?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/dicom+json")
    assert names_of(answer) == found


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


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("StudyDate=20200101", "StudyDate"),
        ("Nonsense=1", "Nonsense"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("offset=1.5", "offset"),
        ("includefield=Nonsense", "includefield"),
        ("FFFFFFFF=1", "FFFFFFFF"),
    ],
)
def test_what_cannot_be_searched_by_is_refused(coordinator, root, query, word):
    answer = coordinator.get(f"{root}/studies?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [word]


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
