"""An independent client against the running server: what OHIF and 3D Slicer do."""

import re
from urllib.parse import urlsplit

import numpy as np
import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from django.conf import settings as django_settings
from django.test import Client

from cohorts.dicomweb.services import create_token
from tests.cohorts.dicomweb.conftest import EXPLICIT, JPEG_LS


def with_token(live_server, cohort, user):
    _, secret = create_token(by=user, cohort=cohort, name="A test", days=1)
    url = f"{live_server.url}/dicomweb/{cohort.public_id}"
    return DICOMwebClient(url=url, headers={"Authorization": f"Bearer {secret}"})


@pytest.fixture
def archive(live_server, people, cohort, patient):
    return with_token(live_server, cohort, people.coordinator)


def hu_of(image):
    return image.pixel_array.astype(int) + int(image.RescaleIntercept)


def test_a_case_is_found_and_opened_as_3d_slicer_does(archive, case, volume_hu):
    (study,) = archive.search_for_studies()
    uid = study["0020000D"]["Value"][0]
    series = archive.search_for_series(study_instance_uid=uid)
    assert [one["00080060"]["Value"][0] for one in series] == ["CT", "SEG"]
    ct, nodes = (one["0020000E"]["Value"][0] for one in series)
    assert len(archive.search_for_instances(uid, ct)) == case.slices
    images = archive.retrieve_series(uid, ct)
    by_height = sorted(images, key=lambda image: image.ImagePositionPatient[2])
    assert {image.file_meta.TransferSyntaxUID for image in images} == {EXPLICIT}
    assert np.array_equal(np.stack([hu_of(image) for image in by_height]), volume_hu)
    (segmentation,) = archive.retrieve_series(uid, nodes)
    assert len(segmentation.SegmentSequence) == 4
    assert len(archive.retrieve_study(uid)) == case.slices + 1


def test_metadata_and_frames_as_ohif_asks_for_them(archive, case, volume_hu):
    names = case.names
    told = archive.retrieve_series_metadata(names.study_uid, names.ct_series_uid)
    headers = [pydicom.Dataset.from_json(one) for one in told]
    assert [header.SOPInstanceUID for header in headers] == case.images.uids()
    assert all("PixelData" not in header for header in headers)
    for z, header in enumerate(headers):
        assert header.to_json_dict() == case.images.data_set(z).to_json_dict()
        (frame,) = archive.retrieve_instance_frames(
            names.study_uid,
            names.ct_series_uid,
            header.SOPInstanceUID,
            [1],
            media_types=(("application/octet-stream", EXPLICIT),),
        )
        plane = np.frombuffer(frame, "<u2").reshape(header.Rows, header.Columns)
        assert np.array_equal(plane.astype(int) + int(header.RescaleIntercept), volume_hu[z])


@pytest.mark.parametrize("syntax", [EXPLICIT, JPEG_LS])
def test_one_instance_in_either_transfer_syntax(archive, case, volume_hu, syntax):
    image = archive.retrieve_instance(
        case.names.study_uid,
        case.names.ct_series_uid,
        case.images.uid(5),
        media_types=(("application/dicom", syntax),),
    )
    assert image.file_meta.TransferSyntaxUID == syntax
    assert np.array_equal(hu_of(image), volume_hu[5])


def test_frames_of_the_segmentation_are_its_bits(archive, case):
    names, frames = case.names, int(case.segmentation.NumberOfFrames)
    numbers = list(range(1, frames + 1))
    found = archive.retrieve_instance_frames(
        names.study_uid, names.segmentation_series_uid, case.segmentation_uid, numbers
    )
    bits = sum(int(np.unpackbits(np.frombuffer(one, np.uint8)).sum()) for one in found)
    assert (len(found), bits) == (frames, sum(node.voxels.sum() for node in case.nodes))


def test_a_browsers_session_works_as_well(live_server, people, cohort, case):
    browser = Client()
    browser.force_login(people.annotator_one)
    session = requests.Session()
    name = django_settings.SESSION_COOKIE_NAME
    session.cookies.set(name, browser.cookies[name].value)
    archive = DICOMwebClient(url=f"{live_server.url}/dicomweb/{cohort.public_id}", session=session)
    assert len(archive.retrieve_study_metadata(case.names.study_uid)) == case.slices + 1


def test_addresses_in_results_lead_to_the_things(archive, live_server):
    token = {
        "Authorization": re.search("Bearer .*", str(archive._session.headers))[0].split("'")[0]
    }
    for found in archive.search_for_instances(limit=3):
        # This client says a host without its port, and gets such addresses.
        path = urlsplit(found["00081190"]["Value"][0]).path
        answer = requests.get(f"{live_server.url}{path}", headers=token, timeout=60)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("multipart/related")
