import csv
import hashlib
import json

import numpy as np
import pytest

from cohorts.dicom.reading_child import prepare
from cohorts.phantom.cohort import write_phantom_cohort
from cohorts.phantom.neck import make_neck
from cohorts.vocabulary import NodeCategory

SMALL = {"slices": 24, "size": 128}


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".nii.gz")
    }


def test_the_phantom_goes_through_the_intake_with_its_nodes_whole(tmp_path):
    seen = []
    patients = write_phantom_cohort(
        tmp_path / "cohort", patients=4, seed=3, progress=lambda *p: seen.append(p), **SMALL
    )
    result = prepare(tmp_path / "cohort" / "images", tmp_path / "out")

    assert [p.refusal for p in result.patients] == [None] * 4
    assert result.notes == ()
    for patient, prepared in zip(patients, result.patients, strict=True):
        case = json.loads((prepared.directory / "case.json").read_text())
        assert prepared.source_patient_id == patient.patient_id
        assert [(n["label"], n["voxels"]) for n in case["nodes"]] == [
            (node.label, node.voxels) for node in patient.nodes
        ]
    assert {p.mask_format for p in patients} == {"seg", "nifti"}
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_truth_is_outside_of_what_is_imported(tmp_path):
    patients = write_phantom_cohort(tmp_path, patients=2, seed=3, **SMALL)
    assert not list((tmp_path / "images").rglob("*.csv"))
    with (tmp_path / "truth.csv").open() as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert rows == [
        (p.patient_id, str(n.label), str(int(n.category))) for p in patients for n in p.nodes
    ]


def test_the_same_seed_gives_the_same_files(tmp_path):
    for name in ("a", "b"):
        write_phantom_cohort(tmp_path / name, patients=2, seed=5, **SMALL)
    write_phantom_cohort(tmp_path / "c", patients=1, seed=6, **SMALL)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


def test_a_neck_holds_air_fat_muscle_bone_and_enhanced_nodes():
    neck = make_neck(np.random.default_rng(2))
    slices, rows, columns = neck.volume_zyx.shape
    assert slices >= 60
    assert (rows, columns) == (512, 512)
    assert 4 <= len(neck.nodes) <= 12
    middle = neck.volume_zyx[slices // 2]
    for low, high, pixels in ((-1024, -900, 50_000), (-140, -60, 2000), (40, 80, 2000)):
        assert np.count_nonzero((middle >= low) & (middle <= high)) > pixels
    assert neck.volume_zyx.max() > 900
    for node in neck.nodes:
        mean_hu = neck.volume_zyx[tuple(node.voxels_zyx.T)].mean()
        assert 20 < mean_hu < 130


def test_nodes_share_no_voxel_and_labels_tell_no_category(tmp_path):
    neck = make_neck(np.random.default_rng(8), nodes=12)
    voxels = np.concatenate([node.voxels_zyx for node in neck.nodes])
    assert len(np.unique(voxels, axis=0)) == len(voxels)
    patients = write_phantom_cohort(tmp_path, patients=8, seed=1, slices=40, size=128)
    orders = [[int(node.category) for node in p.nodes] for p in patients]
    assert any(order != sorted(order) for order in orders)
    assert any(order != sorted(order, reverse=True) for order in orders)
    assert {c for order in orders for c in order} == {int(c) for c in NodeCategory}


def test_a_cohort_of_nobody_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one"):
        write_phantom_cohort(tmp_path, patients=0, seed=1)
