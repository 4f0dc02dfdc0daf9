import pytest
from pydicom.dataelem import DataElement

from cohorts.dicom.errors import RefusalCode
from cohorts.dicom.patients import scan_folder
from cohorts.dicom.primary_images import is_localizer
from tests.cohorts.dicom.series_files import ct_slice, only_patient, write_series

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def write_picture(folder, **changes):
    """One image in a series of its own."""
    folder.mkdir(exist_ok=True)
    picture = ct_slice(0, words="picture", PatientID="P1", PatientName="P1^", **changes)
    picture.save_as(folder / "picture.dcm", enforce_file_format=True)


PICTURES = {
    "GE screen shot": ["DERIVED", "SECONDARY", "SCREEN SAVE"],
    "Philips dose sheet": ["DERIVED", "SECONDARY", "DOSE_INFO"],
    "Siemens protocol": ["ORIGINAL", "PRIMARY", "OTHER", "CT_SOM5 PROT"],
    "maximum intensity projection": ["DERIVED", "SECONDARY", "MIP"],
    "projection": ["DERIVED", "SECONDARY", "PROJECTION IMAGE"],
    "rendering": ["DERIVED", "SECONDARY", "AXIAL", "VOLUME_RENDERED"],
}
SLICES = {
    "original": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "helical": ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"],
    "reformat": ["DERIVED", "SECONDARY", "MPR"],
    "phantom": ["DERIVED", "SECONDARY", "AXIAL"],
    "averaged": ["DERIVED", "PRIMARY", "AXIAL", "AVERAGE"],
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_in_a_series_of_its_own_is_left_out(tmp_path, name):
    write_series(tmp_path / "ct")
    write_picture(tmp_path / "other", ImageType=PICTURES[name])
    patient = only_patient(tmp_path)
    assert patient.refusal is None
    assert len(patient.ct_files) == 4
    (note,) = patient.notes
    assert note.startswith("other/picture.dcm: left out, a dose sheet, screen shot")


@pytest.mark.parametrize("name", SLICES)
def test_derived_slices_are_slices(tmp_path, name):
    write_series(tmp_path, ImageType=SLICES[name])
    assert only_patient(tmp_path).refusal is None
    assert len(only_patient(tmp_path).ct_files) == 4


def test_a_secondary_capture_beside_a_ct_is_left_out(tmp_path):
    write_series(tmp_path / "ct")
    write_picture(tmp_path / "other", SOPClassUID=SECONDARY_CAPTURE)
    patient = only_patient(tmp_path)
    assert patient.refusal is None
    assert patient.notes == [
        "other/picture.dcm: left out, a secondary capture (a picture of a screen)"
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SOPClassUID": SECONDARY_CAPTURE}, RefusalCode.SECONDARY_CAPTURE),
        ({"ImageType": PICTURES["projection"]}, RefusalCode.NOT_PRIMARY),
    ],
)
def test_a_picture_among_slices_refuses_the_patient(tmp_path, changes, code):
    def edit(ds, index):
        if index == 2:
            for keyword, value in changes.items():
                setattr(ds, keyword, value)

    refusal = only_patient(write_series(tmp_path, edit=edit)).refusal
    assert (refusal.code, refusal.file) == (code, "03.dcm")


def test_scouts_alone_are_no_ct(tmp_path):
    write_series(tmp_path, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    assert only_patient(tmp_path).refusal.code is RefusalCode.NO_CT


def test_many_files_of_another_kind_are_named_by_folder(tmp_path):
    write_series(tmp_path / "ct")
    write_series(tmp_path / "mr", words="m", SOPClassUID="1.2.840.10008.5.1.4.1.1.4", Modality="MR")
    assert scan_folder(tmp_path).notes == ["mr: 4 files left out, MR Image Storage is no CT image"]


def test_an_image_type_that_is_no_text_is_one_word(tmp_path):
    """Explicit VR lets a file call any attribute anything: here a number."""
    (image, *_) = only_patient(write_series(tmp_path)).ct_files
    image.header[0x00080008] = DataElement(0x00080008, "US", 7)
    assert image.image_type == ("7",)
    assert not is_localizer(image)
