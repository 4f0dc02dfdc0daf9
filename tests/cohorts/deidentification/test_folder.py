"""`manage.py deidentify`: clean copies under neutral names; what cannot be clean is left out."""

import gzip
import io
import zipfile
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import pydicom
import pytest
from django.core.management import CommandError, call_command
from pydicom.uid import RLELossless

from cohorts.deidentification.tokens import read_tokens, tokens_in
from tests.cohorts.dicom.series_files import ct_slice

KEY = "k" * 40


def run(source: Path, target: Path, tmp_path: Path) -> str:
    key, out = tmp_path / "key", io.StringIO()
    key.write_text(KEY, encoding="utf-8")
    try:
        call_command("deidentify", str(source), str(target), key_file=key, stdout=out)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue()


def contents(folder: Path) -> dict[str, bytes]:
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            files[name] = gzip.decompress(data) if path.suffix == ".gz" else data
    return files


def test_files_become_clean_under_neutral_names_with_the_same_voxels(tmp_path):
    source, target = tmp_path / "Anna Test", tmp_path / "clean"
    source.mkdir()
    for index in range(3):
        image = ct_slice(index, patient="QX77-4711", StudyDate="20240101")
        image.save_as(source / f"Anna{index}.dcm", enforce_file_format=True)
    said = run(source, target, tmp_path)
    assert said.startswith("3 files written")
    assert list(contents(target)) == [f"P001/CT-0000{number}.dcm" for number in (1, 2, 3)]
    assert all(
        b"QX77" not in data and b"20240101" not in data for data in contents(target).values()
    )
    for index in range(3):
        clean = pydicom.dcmread(target / "P001" / f"CT-0000{index + 1}.dcm")
        before = pydicom.dcmread(source / f"Anna{index}.dcm")
        assert (clean.pixel_array == before.pixel_array).all()
        assert clean.ImagePositionPatient == before.ImagePositionPatient
        assert clean.PatientID == "P001"
    again = tmp_path / "again"
    run(source, again, tmp_path)
    assert contents(again) == contents(target)


def test_what_hides_beside_the_samples_goes(tmp_path):
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    image = ct_slice(0, BitsStored=12, HighBit=11)
    stored = np.frombuffer(image.PixelData, "<u2") & 0x0FFF
    image.PixelData = (stored | 0x7000).astype("<u2").tobytes() + b"Anna Test!"
    image.save_as(source / "a.dcm", enforce_file_format=True)
    other = ct_slice(1)
    expected = other.pixel_array.copy()
    other.compress(RLELossless, generate_instance_uid=False)
    other.save_as(source / "b.dcm", enforce_file_format=True)
    run(source, target, tmp_path)
    clean = pydicom.dcmread(target / "P001/CT-00001.dcm")
    assert (np.frombuffer(clean.PixelData, "<u2") == stored).all()
    assert (pydicom.dcmread(target / "P001/CT-00002.dcm").pixel_array == expected).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"BurnedInAnnotation": "YES"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.104.1"},
        {"ConversionType": "WSD"},
        {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
    ],
)
def test_what_may_show_the_patient_is_left_out(changes, tmp_path):
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    ct_slice(0, **changes).save_as(source / "a.dcm", enforce_file_format=True)
    (source / "notes.txt").write_text("Anna Test", encoding="utf-8")
    said = run(source, target, tmp_path)
    assert "left out: a.dcm" in said
    assert "left out: notes.txt" in said
    assert contents(target) == {}


def test_label_maps_lose_their_texts_and_keep_voxels_and_place(tmp_path):
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    affine = np.array([[-0.7, 0, 0, 10], [0, -0.9, 0, 20], [0, 0, 2.5, -3], [0, 0, 0, 1.0]])
    image = nibabel.Nifti1Image(labels, affine)
    image.header["descrip"], image.header["aux_file"] = b"Anna Test", b"Anna Test"
    image.header["db_name"], image.header["intent_name"] = b"Anna Test", b"Anna Test"
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"Anna Test"))
    nibabel.save(image, source / "Anna.nii.gz")
    fields = {"space": "left-posterior-superior", "space origin": [1, 2, 3]}
    fields |= {"space directions": np.diag([0.7, 0.9, 2.5]), "content": "Anna Test"}
    nrrd.write(str(source / "Anna.nrrd"), labels, {**fields, "Segment0_Name": "Anna Test"})
    run(source, target, tmp_path)
    files = contents(target)
    assert sorted(files) == ["masks/00001.nii.gz", "masks/00002.nrrd"]
    assert all(b"Anna" not in data for data in files.values())
    clean = nibabel.load(target / "masks/00001.nii.gz")
    assert (np.asarray(clean.dataobj) == labels).all()
    assert np.allclose(clean.affine, affine)
    voxels, header = nrrd.read(str(target / "masks/00002.nrrd"))
    assert (voxels == labels).all()
    assert (header["space directions"] == fields["space directions"]).all()


def test_a_short_key_or_a_full_folder_is_refused(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    (tmp_path / "key").write_text("short", encoding="utf-8")
    with pytest.raises(CommandError, match="at least 32"):
        call_command("deidentify", source, tmp_path / "out", key_file=tmp_path / "key")
    with pytest.raises(CommandError, match="inside the source"):
        call_command("deidentify", source, source / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(CommandError, match="not an empty folder"):
        call_command("deidentify", source, tmp_path / "full")


@pytest.mark.realdata
def test_no_token_of_the_shared_data_survives(shared, tmp_path):
    bad, source, target = shared / "data" / "bad_inputs", tmp_path / "in", tmp_path / "out"
    source.mkdir()
    with zipfile.ZipFile(bad / "phi_everywhere.zip") as archive:
        archive.extractall(source)
    for name in ("phi_seg.dcm", "phi_rtstruct.dcm", "phi_mask.nii.gz", "phi_mask.nrrd"):
        (source / name).write_bytes((bad / name).read_bytes())
    said = run(source, target, tmp_path)
    assert said.count("left out: ") == 1  # the slice with text in its pixels
    files = contents(target)
    assert len(files) == 27
    tokens = read_tokens((bad / "phi_tokens.json").read_text(encoding="utf-8"))
    leaks = {name: list(tokens_in(data, tokens)) for name, data in files.items()}
    assert {name: found for name, found in leaks.items() if found} == {}
