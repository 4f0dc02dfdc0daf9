"""Orders are permutations, the same from the same seed, and know nothing of labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.dicom.geometry import SeriesGeometry
from readerstudy.reading.order import SEED_LIMIT, case_order, cranial_first

pytestmark = pytest.mark.no_database

NAMES = [f"Set {s}/P{n:03}" for s in (1, 2) for n in range(4)]
PINNED = (
    "Set 2/P001",
    "Set 1/P000",
    "Set 2/P003",
    "Set 1/P003",
    "Set 2/P002",
    "Set 2/P000",
    "Set 1/P002",
    "Set 1/P001",
)
"""Drawn with NumPy 2.4; a change here means stored orders can no longer be drawn again."""

names = st.lists(st.text(max_size=8), unique=True, max_size=30)
seeds = st.integers(0, SEED_LIMIT - 1)
numbers = st.integers(1, 10_000)


def geometry(**changes):
    values = {
        "shape_zyx": (12, 64, 64),
        "spacing_zyx_mm": (3.0, 0.8, 0.8),
        "origin_lps_mm": (0.0, 0.0, 0.0),
        "row_direction": (1.0, 0.0, 0.0),
        "column_direction": (0.0, 1.0, 0.0),
    }
    return SeriesGeometry(**values | changes)


@given(names, seeds, numbers, numbers)
def test_an_order_is_a_permutation(case_names, seed, reader, period):
    order = case_order(case_names, seed=seed, reader_number=reader, period=period)
    assert sorted(order) == sorted(case_names)


@given(names, seeds, numbers, st.randoms())
def test_it_does_not_depend_on_how_the_cases_are_listed(case_names, seed, reader, random):
    shuffled = random.sample(case_names, len(case_names))
    assert case_order(case_names, seed=seed, reader_number=reader, period=1) == case_order(
        shuffled, seed=seed, reader_number=reader, period=1
    )


def test_the_order_of_a_known_seed_is_pinned():
    order = case_order(NAMES, seed=42, reader_number=1, period=1)
    assert order == PINNED


def test_seed_reader_and_period_each_change_the_order():
    long = [f"P{n:03}" for n in range(50)]
    orders = {
        case_order(long, seed=seed, reader_number=reader, period=period)
        for seed in (1, 2)
        for reader in (1, 2)
        for period in (1, 2)
    }
    assert len(orders) == 8


def test_every_case_comes_first_equally_often():
    firsts = [case_order("abcd", seed=s, reader_number=1, period=1)[0] for s in range(4000)]
    counts = [firsts.count(name) for name in "abcd"]
    assert max(abs(count - 1000) for count in counts) < 120  # four standard deviations: 110


@pytest.mark.parametrize(
    ("case_names", "seed", "reader", "period", "said"),
    [
        (["a", "a"], 1, 1, 1, "twice"),
        (["a"], -1, 1, 1, "seed is -1"),
        (["a"], SEED_LIMIT, 1, 1, "seed is"),
        (["a"], 1, 0, 1, "reader_number is 0"),
        (["a"], 1, 1, 0, "period is 0"),
    ],
)
def test_nonsense_is_refused(case_names, seed, reader, period, said):
    with pytest.raises(ValueError, match=said):
        case_order(case_names, seed=seed, reader_number=reader, period=period)


def test_nodes_are_numbered_from_head_to_foot_then_by_row_then_by_column():
    centroids = [(2, 10, 10), (8, 30, 10), (8, 10, 40), (8, 10, 20)]
    assert cranial_first(centroids, ["a", "b", "c", "d"], geometry()) == (3, 2, 1, 0)


def test_a_series_stacked_from_head_to_foot_is_numbered_from_its_first_slice():
    upside_down = geometry(column_direction=(0.0, -1.0, 0.0))
    assert upside_down.normal[2] == -1
    assert cranial_first([(2, 0, 0), (8, 0, 0)], ["a", "b"], upside_down) == (0, 1)


def test_equal_centroids_go_by_digest():
    assert cranial_first([(1, 1, 1), (1, 1, 1)], ["b", "a"], geometry()) == (1, 0)


@given(st.permutations(range(6)))
def test_numbers_do_not_depend_on_the_labels(relabelled):
    rng = np.random.default_rng(5)
    centroids = rng.uniform(0, 12, (6, 3))
    digests = [f"{n:064}" for n in range(6)]
    before = [digests[i] for i in cranial_first(centroids, digests, geometry())]
    moved = [digests[i] for i in relabelled]
    after = [moved[i] for i in cranial_first(centroids[list(relabelled)], moved, geometry())]
    assert after == before


def test_no_node_gives_no_number():
    assert cranial_first([], [], geometry()) == ()


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="1 centroids came with 2 digests"):
        cranial_first([(1, 1, 1)], ["a", "b"], geometry())
