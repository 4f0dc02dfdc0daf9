"""What the page of masks computes, run in Chromium and held against arithmetic in NumPy."""

import json
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from scipy.ndimage import distance_transform_edt

from cohorts.dicom.geometry import bounding_box_of
from cohorts.dicom.runs import decode_mask, encode_mask, full_mask
from tests.browsers import new_context
from tests.viewer.stand_in_server import StudyServer

pytestmark = pytest.mark.browser

SHAPE = (9, 40, 50)
SPACING = (3.0, 0.8, 0.5)
GRID = {"shape": list(SHAPE), "spacing": list(SPACING)}
MODULES = (
    *("brush", "drawing", "edit-history", "interpolation", "mask", "mask-editor", "protection"),
)


@pytest.fixture(scope="module")
def page(browsers: dict[str, Browser]) -> Iterator[Page]:
    """An empty page of a server that has our modules, loaded as ``m``."""
    server = StudyServer()
    context = new_context(browsers["no webgl"])
    opened = context.new_page()
    opened.goto(f"{server.address}/static/masks/masks.css")
    for name in MODULES:
        opened.evaluate(
            "async name => { window.m = {...window.m, "
            "...await import(`/static/masks/${name}.js`)}; }",
            name,
        )
    yield opened
    context.close()
    server.close()


def random_mask(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(SHAPE) < 0.3


def runs_of(mask_zyx: np.ndarray) -> dict:
    box = bounding_box_of(np.argwhere(mask_zyx))
    return json.loads(encode_mask(box, mask_zyx[box.slices], SHAPE))


def mask_of(runs: dict) -> np.ndarray:
    return full_mask(json.dumps(runs, separators=(",", ":")).encode())


def volume(voxels: list) -> np.ndarray:
    """Slices and pixel numbers as the modules give them, as an array (z, y, x)."""
    mask_zyx = np.zeros(SHAPE, dtype=bool)
    for slice_, pixels in voxels:
        assert len(set(pixels)) == len(pixels)
        mask_zyx[slice_].ravel()[pixels] = True
    return mask_zyx


@pytest.mark.parametrize(
    "mask",
    [
        random_mask(1),
        np.pad(np.ones((1, 40, 50), dtype=bool), ((8, 0), (0, 0), (0, 0))),
        np.indices(SHAPE).sum(axis=0) == 0,
        np.indices(SHAPE).sum(axis=0) == sum(SHAPE) - 3,
    ],
    ids=["noise", "a whole slice", "the first voxel", "the last voxel"],
)
def test_runs_come_back_as_they_went_in(page, mask):
    runs = page.evaluate("runs => m.Mask.fromRuns(runs).toRuns()", runs_of(mask))
    assert runs == runs_of(mask)
    decode_mask(json.dumps(runs, separators=(",", ":")).encode())


def distance_to_stroke(from_yx, to_yx) -> np.ndarray:
    """Millimetres from each pixel's middle to a stretch of the slice, densely sampled."""
    rows, columns = np.indices(SHAPE[1:])
    found = np.full(SHAPE[1:], np.inf)
    for part in np.linspace(0, 1, 2001):
        y, x = np.asarray(from_yx) * (1 - part) + np.asarray(to_yx) * part
        down, across = (rows + 0.5 - y) * SPACING[1], (columns + 0.5 - x) * SPACING[2]
        found = np.minimum(found, np.hypot(down, across))
    return found


@pytest.mark.parametrize("shape", ["brush", "sphere"])
def test_brush_and_sphere_are_measured_in_millimetres(page, shape):
    start, stop, radius = (18.3, 12.6), (22.1, 31.7), 4.0
    told = [4, start, stop, radius, GRID]
    script = f"""([slice, [y1, x1], [y2, x2], radius, grid]) =>
        [...m.{shape}(slice, {{ x: x1, y: y1 }}, {{ x: x2, y: y2 }}, radius, grid)]"""
    drawn = volume(page.evaluate(script, told))
    in_slice = distance_to_stroke(start, stop)
    for slice_ in range(SHAPE[0]):
        beside = abs(slice_ - 4) * SPACING[0]
        within = np.hypot(in_slice, beside) if shape == "sphere" or beside == 0 else in_slice + 99
        # Sampling is a hair coarse: what lies on the very edge is not asked about.
        sure = abs(within - radius) > 1e-3
        assert ((within <= radius) == drawn[slice_])[sure].all()
    assert drawn.any(axis=(1, 2)).sum() == (3 if shape == "sphere" else 1)


def test_a_brush_at_the_border_stays_inside_and_the_smallest_one_draws_the_pixel_touched(page):
    script = """([x, y, radius, grid]) =>
        [...m.sphere(0, { x, y }, { x, y }, radius, grid)]"""
    corner = volume(page.evaluate(script, [0.1, 39.9, 6.5, GRID]))
    assert corner[[0, 2], 39, 0].all()
    assert not corner[3].any()
    touched = volume(page.evaluate(script, [10.05, 20.95, 0.1, GRID]))
    assert np.argwhere(touched).tolist() == [[0, 20, 10]]


def test_a_line_leaves_no_gap_and_names_each_pixel_once(page):
    places = [{"x": 3.5, "y": 4.5}, {"x": 30.5, "y": 15.5}, {"x": 30.5, "y": -2}]
    pixels = page.evaluate("([p, grid]) => m.lineThrough(p, grid)", [places, GRID])
    assert len(set(pixels)) == len(pixels)
    steps = np.abs(np.diff(np.array(np.unravel_index(pixels, SHAPE[1:])), axis=1)).max(axis=0)
    assert steps.max() == 1
    assert {4 * 50 + 3, 15 * 50 + 30, 30} <= set(pixels)


DRAW = """([runs, others, steps]) => {
    const stored = m.Mask.fromRuns(runs);
    const may = m.besideOthers(others.map((one) => m.Mask.fromRuns(one)), stored);
    const drawing = new m.Drawing(stored, may);
    const states = [];
    for (const [act, voxels, added] of steps) {
        const said = act === 'draw' ? drawing.draw(new Map(voxels), added)
            : act === 'replace' ? drawing.replaceWith(m.Mask.fromRuns(voxels)) : drawing[act]();
        const runs = drawing.mask.isEmpty ? null : drawing.mask.toRuns();
        states.push({ said, runs, changed: drawing.differing });
    }
    return states;
}"""


def voxels_of(mask_zyx: np.ndarray) -> list:
    return [
        [int(z), np.flatnonzero(mask_zyx[z]).tolist()] for z in np.flatnonzero(mask_zyx.any((1, 2)))
    ]


def test_other_nodes_are_never_drawn_over_but_what_was_shared_stays(page):
    own, other, stroke = random_mask(2), random_mask(3), random_mask(4)
    steps = [["draw", voxels_of(stroke), False], ["draw", voxels_of(stroke), True]]
    erased, drawn = page.evaluate(DRAW, [runs_of(own), [runs_of(other)], steps])
    assert erased["said"] == 0
    assert (mask_of(erased["runs"]) == (own & ~stroke)).all()
    allowed = stroke & (own | ~other)
    assert (mask_of(drawn["runs"]) == (own | allowed)).all()
    assert drawn["said"] == (stroke & ~allowed).sum()
    assert erased["changed"] == (own & stroke).sum()
    assert drawn["changed"] == (allowed & ~own).sum()


def test_steps_are_undone_one_by_one_and_a_new_one_ends_what_could_be_redone(page):
    own, first, second = random_mask(5), random_mask(6), random_mask(7)
    steps = [
        ["draw", voxels_of(first), True],
        ["draw", voxels_of(second), False],
        ["finish"],
        ["replace", runs_of(second)],
        ["undo"],
        ["redo"],
        ["undo"],
        ["undo"],
        ["undo"],
        ["draw", voxels_of(first), True],
        ["finish"],
        ["redo"],
    ]
    states = page.evaluate(DRAW, [runs_of(own), [], steps])
    found = [mask_of(one["runs"]) for one in states]
    drawn = (own | first) & ~second
    wanted = [own | first, drawn, drawn, second, drawn, second, drawn, own, own]
    for seen, expected in zip(found, [*wanted, *[own | first] * 3], strict=True):
        assert (seen == expected).all()
    assert [one["said"] for one in states[4:9]] == [True, True, True, True, False]
    assert states[11]["said"] is False
    assert [one["changed"] for one in states[7:9]] == [0, 0]


def test_a_part_stays_within_its_node(page):
    whole, stroke = random_mask(8), random_mask(9)
    script = """([whole, stroke, shape]) => {
        const part = new m.Drawing(new m.Mask(shape), m.withinNode(m.Mask.fromRuns(whole)));
        part.draw(new Map(stroke), true);
        return part.mask.toRuns();
    }"""
    runs = page.evaluate(script, [runs_of(whole), voxels_of(stroke), list(SHAPE)])
    assert (mask_of(runs) == (whole & stroke)).all()


def filled(page: Page, mask_zyx: np.ndarray) -> np.ndarray:
    script = "([runs, grid]) => [...m.filledGaps(m.Mask.fromRuns(runs), grid)]"
    return volume(page.evaluate(script, [runs_of(mask_zyx), GRID]))


def disc(centre_yx: tuple[float, float], radius_mm: float) -> np.ndarray:
    rows, columns = np.indices(SHAPE[1:])
    down, across = (rows - centre_yx[0]) * SPACING[1], (columns - centre_yx[1]) * SPACING[2]
    return np.hypot(down, across) <= radius_mm


def test_between_two_slices_lies_the_mean_of_their_signed_distances(page):
    mask = np.zeros(SHAPE, dtype=bool)
    mask[2] = disc((20, 25), 9)
    mask[6] = disc((20, 25), 3)
    found = filled(page, mask)
    assert np.flatnonzero(found.any(axis=(1, 2))).tolist() == [3, 4, 5]
    depth = [
        distance_transform_edt(plane, sampling=SPACING[1:])
        - distance_transform_edt(~plane, sampling=SPACING[1:])
        for plane in (mask[2], mask[6])
    ]
    for slice_, part in ((3, 0.25), (4, 0.5), (5, 0.75)):
        wanted = (1 - part) * depth[0] + part * depth[1]
        assert ((wanted > 0) == found[slice_])[abs(wanted) > 1e-9].all()


def test_an_oblique_node_does_not_vanish_between_slices_that_do_not_overlap(page):
    mask = np.zeros(SHAPE, dtype=bool)
    mask[1], mask[3] = disc((10, 10), 3), disc((28, 38), 3)
    found = filled(page, mask)
    assert np.argwhere(found[2]).mean(axis=0) == pytest.approx([19, 24], abs=0.5)
    assert found[2].sum() == pytest.approx(mask[1].sum(), rel=0.15)


def test_nothing_is_filled_where_no_slice_lies_empty(page):
    assert not filled(page, random_mask(10)).any()


EDIT_CANDIDATE = """([nodes, candidate, redrawn]) => {
    const [slices, rows, columns] = candidate.shape;
    const geometry = { slices, rows, columns, slice_spacing_mm: 3, pixel_spacing_mm: [0.8, 0.5] };
    const told = nodes.map((runs, at) => ({ node: `n${at + 1}`, number: at + 1, runs }));
    const editor = new m.MaskEditor({ geometry, nodes: told });
    const state = () => ({
        runs: editor.drawing.mask.toRuns(),
        unsaved: editor.isUnsaved,
        isCandidate: editor.candidate !== null,
    });
    const mask = m.Mask.fromRuns(candidate);
    const leftOut = editor.openCandidate({ number: 1, mask }, redrawn);
    editor.drawing.undo();
    const begun = state();
    editor.openNewer();
    const newer = { ...state(), kept: editor.kept.toRuns() };
    editor.useKept();
    const used = state();
    editor.becomeNew();
    const asNew = state();
    editor.open('n1');
    return { leftOut, begun, newer, used, asNew, after: state() };
}"""


@pytest.mark.parametrize("redrawn", [None, "n1"])
def test_a_candidate_is_drawn_beside_other_nodes_and_stays_one_until_it_is_left(page, redrawn):
    own, other, candidate = random_mask(5), random_mask(6) & ~random_mask(5), random_mask(7)
    told = [[runs_of(own), runs_of(other)], runs_of(candidate), redrawn]
    found = page.evaluate(EDIT_CANDIDATE, told)
    protected = other if redrawn else own | other
    drawn = runs_of(candidate & ~protected)
    assert found["leftOut"] == (candidate & protected).sum()
    # Undo goes back to what was proposed, and no further.
    assert found["begun"] == {"runs": drawn, "unsaved": True, "isCandidate": True}
    assert (found["newer"]["kept"], found["newer"]["isCandidate"]) == (drawn, True)
    assert found["used"] == found["begun"]
    assert (found["asNew"]["unsaved"], found["asNew"]["isCandidate"]) == (True, True)
    assert found["after"] == {"runs": runs_of(own), "unsaved": False, "isCandidate": False}
