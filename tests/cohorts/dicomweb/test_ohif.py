"""Every request that OHIF was seen to send, with its Accept header, has its answer.

Seen with OHIF 3.11.1 and 3.13.2, the whole way from the study list to a drawn segmentation, by each
of the data source's options that change a request (`docs/dicomweb.md` tells how it was set up).
"""

import hashlib

import numpy as np
import pytest

from tests.cohorts.dicomweb.conftest import JPEG_LS

JSON = "application/dicom+json"
LIST = (
    "limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060%2C00080090%2C00100030"
)
OCTETS = 'multipart/related; type="application/octet-stream"; transfer-syntax="*"'
BARE_OCTETS = "multipart/related; type=application/octet-stream; transfer-syntax=*"
FILE = 'multipart/related; type="application/dicom"'
FOUND = {
    f"studies?{LIST}": 1,
    f"studies?00100020=P001&{LIST}": 1,
    f"studies?00100020=*P0*&{LIST}": 1,
    f"studies?PatientName=*P00*&{LIST}": 1,
    f"studies?ModalitiesInStudy=CT%2CSEG&{LIST}": 1,
    f"studies?ModalitiesInStudy=MR&{LIST}": 0,
    f"studies?AccessionNumber=*1*&{LIST}": 0,
    f"studies?StudyDescription=*neck*&{LIST}": 0,
    f"studies?{LIST}&StudyDate=20160101-20201231": 0,
    f"studies?{LIST}&StudyDate=19700102-20201231": 0,
    f"studies?{LIST}&StudyInstanceUID={{uid}}": 1,
    f"studies?{LIST}&StudyInstanceUID={{uid}}%5C2.25.1": 1,
    "{study}/series?includefield=0008103E%2C00080021": 2,
    "{study}/series?includefield=00080021%2C00080031%2C0008103E%2C00200011": 2,
    "{ct}/metadata": 12,
    "{nodes}/metadata": 1,
    "{study}/metadata": 13,
}
"""How many studies, series or instances each address tells of."""


@pytest.fixture
def address(root, case):
    """Fill the names of the case into an address."""
    names = case.names
    words = {
        "study": f"studies/{names.study_uid}",
        "uid": names.study_uid,
        "ct": f"studies/{names.study_uid}/series/{names.ct_series_uid}",
        "slice": f"instances/{case.images.uid(3)}",
        "nodes": f"studies/{names.study_uid}/series/{names.segmentation_series_uid}",
        "masks": f"instances/{case.segmentation_uid}",
    }
    return lambda path: f"{root}/{path.format(**words)}"


def test_what_is_searched_and_told(coordinator, address):
    found = {}
    for path in FOUND:
        # 3.11 asks for metadata with both.
        for accept in (JSON, f"{JSON}, {OCTETS}"):
            answer = coordinator.get(address(path), headers={"accept": accept})
            assert (answer.status_code, answer["Content-Type"]) == (200, JSON), path
            found[path] = len(answer.json())
    assert found == FOUND


def test_slices_come_as_stored(coordinator, address, patient):
    for accept in (OCTETS, BARE_OCTETS):
        answer = coordinator.get(address("{ct}/{slice}/frames/1"), headers={"accept": accept})
        assert answer["Content-Type"].startswith(OCTETS.rpartition("; ")[0])
        head, _, rest = answer.getvalue().partition(b"\r\n\r\n")
        assert f"transfer-syntax={JPEG_LS}" in head.decode()
        frame = rest.split(b"\r\n--nodewise-")[0]
        assert hashlib.sha256(frame).hexdigest() == patient.series.frames[3]["sha256"]


def test_a_segmentation_comes_as_one_file_or_frame_by_frame(coordinator, address, case):
    answer = coordinator.get(address("{nodes}/{masks}"), headers={"accept": FILE})
    assert answer["Content-Type"].startswith('multipart/related; type="application/dicom"')
    assert b"".join(case.segmentation_file()) in answer.getvalue()
    for accept in (OCTETS, BARE_OCTETS):
        url = address("{nodes}/{masks}/frames/1")
        answer = coordinator.get(url, headers={"accept": accept})
        body = answer.getvalue().partition(b"\r\n\r\n")[2].split(b"\r\n--nodewise-")[0]
        plane = np.unpackbits(np.frombuffer(body, np.uint8), bitorder="little")
        assert plane.reshape(64, 64).sum() == case.nodes[0].voxels[0].sum()


def test_thumbnails_are_not_there_and_ohif_draws_its_own(coordinator, address):
    url = address("{ct}/{slice}/thumbnail?viewport=256%2C256")
    assert coordinator.get(url, headers={"accept": "image/jpeg"}).status_code == 404
