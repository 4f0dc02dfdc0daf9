"""Structures of several parts are asked about, and numbered in a fixed order."""

import json
import shutil
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.dicom.errors import IntakeError, RefusalCode
from cohorts.dicom.geometry import SeriesGeometry
from cohorts.dicom.masks import LARGEST_LABEL, NodeMaskInput, node_from_voxels
from cohorts.dicom.options import IntakeOptions
from cohorts.dicom.parts import parts_of, resolve_parts
from cohorts.dicom.questions import QuestionCode, QuestionsOpen
from cohorts.dicom.reading_child import prepare
from cohorts.phantom.neck import make_neck

CHEST = Path(__file__).resolve().parents[4] / "shared" / "data" / "02_chest_ct_lymph_node"
GRID = SeriesGeometry(
    shape_zyx=(12, 40, 40),
    spacing_zyx_mm=(3.0, 1.0, 1.0),
    origin_lps_mm=(0, 0, 0),
    row_direction=(1, 0, 0),
    column_direction=(0, 1, 0),
)


def node_of(label: int, *blocks, name: str = "") -> NodeMaskInput:
    """A node of blocks, each ((z0, z1), (y0, y1), (x0, x1)), half-open."""
    volume = np.zeros(GRID.shape_zyx, dtype=bool)
    for z, y, x in blocks:
        volume[slice(*z), slice(*y), slice(*x)] = True
    return node_from_voxels(label, name, np.argwhere(volume))


SMALL, LARGE = ((1, 2), (2, 4), (2, 4)), ((3, 6), (10, 15), (10, 15))
OTHER_SMALL = ((1, 2), (2, 4), (20, 22))


def in_volume(node: NodeMaskInput) -> np.ndarray:
    volume = np.zeros(GRID.shape_zyx, dtype=bool)
    volume[node.box.slices] = node.mask
    return volume


def resolve(nodes, **options):
    return resolve_parts(nodes, "a.nii", GRID, IntakeOptions(**options))


def asked(nodes, **options):
    with pytest.raises(QuestionsOpen) as caught:
        resolve(nodes, **options)
    return caught.value.questions


def test_one_part_is_left_alone():
    nodes = [node_of(4, LARGE), node_of(9, SMALL)]
    assert resolve(nodes) == nodes


def test_a_corner_is_contact():
    corner = ((6, 8), (15, 17), (15, 17))
    assert len(parts_of(in_volume(node_of(1, LARGE, corner)))) == 1
    apart = ((6, 8), (15, 17), (16, 18))
    assert len(parts_of(in_volume(node_of(1, LARGE, apart)))) == 2


def test_all_questions_come_together_and_tell_the_sizes():
    first, second = asked([node_of(4, SMALL, LARGE, name="LN"), node_of(9, SMALL, OTHER_SMALL)])
    assert (first.code, first.file) == (QuestionCode.MULTI_PART, "a.nii")
    assert "Structure 4 (LN) has 2 parts" in first.sentence
    assert "0.225 ml, 9 mm; 0.012 ml, 3 mm" in first.sentence
    assert [choice.value for choice in first.choices] == ["one", "several"]
    assert "Structure 9 has 2 parts" in second.sentence
    assert first.id != second.id


def test_one_keeps_the_structure_whole():
    nodes = [node_of(4, SMALL, LARGE)]
    assert resolve(nodes, multi_part="one") == nodes


def test_several_numbers_parts_by_size_and_place():
    nodes = [node_of(2, LARGE), node_of(7, OTHER_SMALL, SMALL, LARGE), node_of(9, SMALL)]
    found = resolve(nodes, multi_part="several")
    assert [node.label for node in found] == [2, 7, 9, 10, 11]
    assert np.array_equal(in_volume(found[1]), in_volume(node_of(7, LARGE)))
    assert np.array_equal(in_volume(found[3]), in_volume(node_of(7, SMALL)))
    assert np.array_equal(in_volume(found[4]), in_volume(node_of(7, OTHER_SMALL)))


def test_answers_decide_single_structures_whatever_holds_for_the_others():
    nodes = [node_of(4, SMALL, LARGE), node_of(9, SMALL, OTHER_SMALL)]
    first, second = asked(nodes)
    assert [q.id for q in asked(nodes, answers={first.id: "several"})] == [second.id]
    answers = {first.id: "several", second.id: "one"}
    assert [node.label for node in resolve(nodes, answers=answers)] == [4, 9, 10]
    found = resolve(nodes, multi_part="several", answers={first.id: "one"})
    assert [node.voxels for node in found] == [79, 4, 4]


def test_an_answer_about_other_parts_or_another_word_is_none():
    (question,) = asked([node_of(4, SMALL, LARGE)])
    assert asked([node_of(4, SMALL, OTHER_SMALL)], answers={question.id: "one"})
    assert asked([node_of(4, SMALL, LARGE)], answers={question.id: "perhaps"})


def test_specks_are_not_taken_as_hundreds_of_nodes():
    volume = np.zeros(GRID.shape_zyx, dtype=bool)
    volume[::2, ::2, ::2] = True
    specks = node_from_voxels(1, "", np.argwhere(volume))
    (question,) = asked([specks])
    assert "2400 parts" in question.sentence
    assert "and 2394 smaller" in question.sentence
    with pytest.raises(IntakeError) as caught:
        resolve([specks], multi_part="several")
    assert caught.value.code is RefusalCode.MASK_VALUES


def test_labels_do_not_run_over():
    with pytest.raises(IntakeError) as caught:
        resolve([node_of(LARGEST_LABEL, SMALL, LARGE)], multi_part="several")
    assert caught.value.code is RefusalCode.MASK_VALUES


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.4))
def test_parts_are_the_mask_and_nothing_else(seed, share):
    mask = np.random.default_rng(seed).random((5, 7, 6)) < share
    total = np.zeros(mask.shape, dtype=int)
    sizes = []
    for box, part in parts_of(mask):
        total[box.slices] += part
        sizes.append(np.count_nonzero(part))
    assert np.array_equal(total, mask.astype(int))
    assert sizes == sorted(sizes, reverse=True)


def test_large_masks_are_fast():
    mask = np.zeros((100, 400, 400), dtype=bool)
    mask[:, 50:350, 50:350] = True
    mask[0, 0, 0] = True
    started = time.perf_counter()
    assert [np.count_nonzero(part) for _, part in parts_of(mask)] == [9_000_000, 1]
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("seed", [4, 6, 7])
def test_phantom_nodes_are_of_one_part(seed):
    neck = make_neck(np.random.default_rng(seed), size=256)
    for node in neck.nodes:
        assert len(parts_of(node_from_voxels(1, "", node.voxels_zyx).mask)) == 1


@pytest.mark.realdata
@pytest.mark.skipif(not CHEST.is_dir(), reason="../shared/data is absent")
def test_the_lymph_node_in_three_parts_is_asked_about(tmp_path):
    source = tmp_path / "in"
    with zipfile.ZipFile(CHEST / "series.zip") as archive:
        archive.extractall(source)
    shutil.copy(CHEST / "ln_seg.dcm", source)
    (asked_about,) = prepare(source, tmp_path / "first").patients
    (question,) = asked_about.questions
    assert asked_about.refusal is None
    assert "3 parts" in question.sentence
    assert question.file == "ln_seg.dcm"
    options = IntakeOptions(answers={question.id: "several"})
    (patient,) = prepare(source, tmp_path / "second", options=options).patients
    nodes = json.loads((patient.directory / "case.json").read_text())["nodes"]
    assert {node["label"]: node["voxels"] for node in nodes} == {1: 905, 2: 780, 3: 554}
