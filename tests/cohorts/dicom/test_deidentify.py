import pytest
from pydicom.dataset import Dataset

from cohorts.dicom.deidentify import allowed_attributes


def header(**attributes):
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def test_only_validated_attributes_enter():
    found = allowed_attributes(
        header(
            PatientName="Anna^Test",
            PatientID="4711",
            StudyDescription="neck",
            Modality="CT",
            Manufacturer="SIEMENS, Anna Test",
            KVP="120",
            SliceThickness="3",
            ConvolutionKernel=["Br38f", "3"],
            ContrastBolusAgent="Anna's agent",
        )
    )
    assert found == {
        "Modality": "CT",
        "Manufacturer": "Siemens",
        "KVP": 120.0,
        "SliceThickness": 3.0,
        "ConvolutionKernel": "Br38f",
        "ContrastAgentStated": True,
    }


@pytest.mark.parametrize(
    "attributes",
    [
        {"Manufacturer": "Anna Test"},
        {"KVP": "19431117"},
        {"SliceThickness": "0"},
        {"ConvolutionKernel": "QX0017001"},
        {"ConvolutionKernel": "STANDARD Anna"},
    ],
)
def test_a_value_that_does_not_validate_is_dropped(attributes):
    assert allowed_attributes(header(**attributes)) == {
        "Modality": "CT",
        "ContrastAgentStated": False,
    }
