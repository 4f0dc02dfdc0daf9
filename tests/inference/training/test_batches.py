"""Batches: every node once, never one alone, made ahead without changing anything."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.training.batches import (
    Purpose,
    epoch_batches,
    generator,
    plain_batches,
    prepared_ahead,
    steps_per_epoch,
    torch_seed,
)


@given(st.integers(2, 300), st.integers(2, 40), st.integers(0, 99))
def test_an_epoch_shows_every_node_once_and_none_alone(count, size, seed):
    batches = epoch_batches(count, size, np.random.default_rng(seed))
    assert sorted(np.concatenate(batches).tolist()) == list(range(count))
    assert min(map(len, batches)) >= 2
    assert max(map(len, batches)) <= max(size, 3)
    assert len(batches) == steps_per_epoch(count, size)


def test_an_epoch_has_the_published_number_of_steps():
    assert steps_per_epoch(100, 16) == 7
    assert steps_per_epoch(96, 16) == 6


def test_another_epoch_has_another_order():
    first, second = (epoch_batches(50, 8, generator(0, Purpose.ORDER, 0, 0, e)) for e in (1, 2))
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))


def test_one_node_is_too_few_to_train_on_but_not_to_judge():
    with pytest.raises(ValueError, match="at least two training nodes, not 1"):
        epoch_batches(1, 8, np.random.default_rng(0))
    assert [b.tolist() for b in plain_batches(1, 8)] == [[0]]


def test_random_numbers_depend_on_seed_purpose_and_place():
    places = [(0, p, r, f) for p in Purpose for r in range(3) for f in range(3)]
    places += [(1, p, 0, 0) for p in Purpose]
    seeds = {torch_seed(seed, p, r, f) for seed, p, r, f in places}
    assert len(seeds) == len(places)
    assert torch_seed(*places[5]) == torch_seed(*places[5])


def test_things_come_in_order_from_another_thread():
    made = list(prepared_ahead(range(20), lambda n: (n, threading.current_thread().name)))
    assert [n for n, _ in made] == list(range(20))
    assert threading.current_thread().name not in {name for _, name in made}


def test_a_failure_arises_where_the_thing_is_asked_for():
    def make(number):
        if number == 5:
            raise ValueError("node 5 is broken")
        return number

    ahead = prepared_ahead(range(9), make)
    assert [next(ahead) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="node 5 is broken"):
        next(ahead)


def test_who_stops_early_stops_the_thread():
    made = []
    ahead = prepared_ahead(range(1000), made.append)
    next(ahead)
    ahead.close()
    assert len(made) < 20
    assert not [t for t in threading.enumerate() if t.name.startswith("batches")]
